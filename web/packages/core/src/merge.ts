/**
 * The rules that merge updates into an item. Pure: no DOM, network or clock.
 *
 * Updates come from this tab's upload, from an upload in another tab, and from the API, in any order. The rules are
 * the service's: a final status stays, a job's percentage never decreases, and the newest job of a file counts.
 */

import { isFinal, type Job, type Progress, type QueuePlace } from "./api_types.ts";
import type { Item } from "./item.ts";

/** Return the item with the job's state, unless the item's own state is newer. */
export function withJob(item: Item, received: Job): Item {
  if (received.job_id !== null && received.job_id === item.replacedJobId) return item;
  const job = newerJob(item.job, received);
  const isQueued = job.status === "QUEUED";
  const isAwaitingUpload = job.status === "AWAITING_UPLOAD";
  return {
    ...item,
    job,
    inputFile: item.inputFile ?? job.input_file,
    jobId: job.job_id ?? (isQueued ? null : item.jobId),
    replacedJobId: isQueued ? (item.jobId ?? item.replacedJobId) : item.replacedJobId,
    fileName: item.fileName ?? job.file_name,
    isUploaded: item.isUploaded || !isAwaitingUpload,
    upload: isAwaitingUpload ? item.upload : null,
    isInOtherTab: isAwaitingUpload && item.isInOtherTab,
    isNotFound: false,
    isCanceling: (item.isCanceling || job.cancel_requested) && !isFinal(job.status),
  };
}

/** Return the item with a job's progress, if it is the progress of the item's job. */
export function withProgress(item: Item, progress: Progress): Item {
  const { job } = item;
  if (job === null || job.job_id !== progress.job_id) return item;
  return withJob(item, { ...job, ...progress, queue: progress.status === "SUBMITTED" ? job.queue : null });
}

function newerJob(known: Job | null, received: Job): Job {
  if (known === null) return received;
  const newer = laterJob(known, received);
  return newer === known ? known : { ...newer, queue: laterPlace(known, newer) };
}

/** Return the place in the queue of the received state. While a file waits, the number ahead of it never grows. */
function laterPlace(known: Job, received: Job): QueuePlace | null {
  if (received.queue === null || known.queue === null) return received.queue;
  const isSameWait = received.job_id === known.job_id && received.updated_at === known.updated_at;
  const hasBecomeJob = known.job_id === null && received.job_id !== null;
  if (!isSameWait && !hasBecomeJob) return received.queue;
  return { ...received.queue, ahead: Math.min(known.queue.ahead, received.queue.ahead) };
}

function laterJob(known: Job, received: Job): Job {
  if (received.job_id === null) return isLaterWithoutJob(known, received) ? received : known;
  if (known.job_id === null) return received;
  if (known.job_id !== received.job_id) {
    return parseTime(received.submitted_at) >= parseTime(known.submitted_at) ? received : known;
  }
  if (isFinal(known.status)) return isFinal(received.status) ? received : known;
  if (isFinal(received.status)) return received;
  if (parseTime(received.updated_at) < parseTime(known.updated_at)) return known;
  const percents = [known.progress_percent, received.progress_percent].filter((percent) => percent !== null);
  return { ...received, progress_percent: percents.length > 0 ? Math.max(...percents) : null };
}

/** Return whether a state without a job follows the known one. */
function isLaterWithoutJob(known: Job, received: Job): boolean {
  if (known.job_id === null) return !(known.status === "QUEUED" && received.status === "AWAITING_UPLOAD");
  // QUEUED after a final status: a retry was requested. A delayed response from before the job is older than its end.
  const isRetry = received.status === "QUEUED" && isFinal(known.status);
  return isRetry && parseTime(received.updated_at) >= parseTime(known.updated_at);
}

function parseTime(text: string | null): number {
  return text === null ? 0 : Date.parse(text);
}

/** Return whether the API can still send updates of the item: it is or will be there, and its job isn't final. */
export function shouldFollow(item: Item): boolean {
  const isSending = item.upload !== null && !item.isInOtherTab && item.upload.phase !== "done";
  const hasKey = item.inputFile !== null || item.jobId !== null;
  return hasKey && !isSending && !item.isNotFound && !(item.job !== null && isFinal(item.job.status));
}
