/**
 * The state of one file or job on the page, and the rules that merge updates into it. Pure: no DOM, network or clock.
 *
 * Updates come from this tab's upload, from an upload in another tab, and from the API, in any order. The rules are
 * the service's: a final status stays, a job's percentage never decreases, and the newest job of a file counts.
 */

import { isFinal, type Job, type Progress, type QueuePlace } from "./api_types";

/** The state of an upload, in this tab or in another one. */
export interface UploadState {
  phase: "queued" | "sending" | "paused" | "finishing" | "offline" | "failed" | "canceled" | "done";
  sentBytes: number;
  bytesPerS: number | null;
  /** An error code of the API, or one of the page's own; the texts are under `uploadError`. */
  problem: string | null;
}

export interface ListItem {
  /** Stays the same while the page is open, and is the same for one file however the page finds it. */
  id: string;
  inputFile: string | null;
  jobId: string | null;
  fileName: string | null;
  sizeBytes: number | null;
  addedMs: number;
  /** True if a tab of this browser knows that the whole file reached S3. */
  isUploaded: boolean;
  upload: UploadState | null;
  /** True if another tab sends the upload. */
  isInOtherTab: boolean;
  job: Job | null;
  /** True if the API responded 404: it doesn't know the file or job, or deleted it. */
  isNotFound: boolean;
  isCanceling: boolean;
  /** The job that a retry replaced; later updates of it are ignored. */
  replacedJobId: string | null;
}

export type Stage =
  | "loading"
  | "queued"
  | "uploading"
  | "paused"
  | "offline"
  | "finishing"
  | "interrupted"
  | "uploadFailed"
  | "uploadCanceled"
  | "waiting"
  | "probing"
  | "transcoding"
  | "saving"
  | "complete"
  | "failed"
  | "canceled"
  | "gone";

/** The state of the progress bar. Its two lengths, for upload and transcoding, only grow. */
export interface View {
  stage: Stage;
  /** 0 to 100 within the present stage; null if unknown. */
  percent: number | null;
  uploadPercent: number;
  transcodePercent: number;
  remainingS: number | null;
}

export function newItem(fields: Pick<ListItem, "id"> & Partial<ListItem>): ListItem {
  return {
    inputFile: null,
    jobId: null,
    fileName: null,
    sizeBytes: null,
    addedMs: 0,
    isUploaded: false,
    upload: null,
    isInOtherTab: false,
    job: null,
    isNotFound: false,
    isCanceling: false,
    replacedJobId: null,
    ...fields,
  };
}

/** Return the item with the job's state, unless the item's own state is newer. */
export function withJob(item: ListItem, received: Job): ListItem {
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
    isCanceling: item.isCanceling && !isFinal(job.status),
  };
}

/** Return the item with a job's progress, if it is the progress of the item's job. */
export function withProgress(item: ListItem, progress: Progress): ListItem {
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
export function shouldFollow(item: ListItem): boolean {
  const isSending = item.upload !== null && !item.isInOtherTab && item.upload.phase !== "done";
  const hasKey = item.inputFile !== null || item.jobId !== null;
  return hasKey && !isSending && !item.isNotFound && !(item.job !== null && isFinal(item.job.status));
}

/** Return the stage and the bar that the item's card shows. */
export function viewOf(item: ListItem): View {
  if (item.upload !== null && item.upload.phase !== "done") return uploadView(item, item.upload);
  const { job } = item;
  if (item.isNotFound) return stageView("gone");
  if (job === null) return item.isUploaded ? stageView("waiting", null, 100) : stageView("loading");
  switch (job.status) {
    case "AWAITING_UPLOAD":
      return item.isUploaded ? stageView("waiting", null, 100) : stageView("interrupted");
    case "QUEUED":
    case "SUBMITTED":
      return stageView("waiting", null, 100);
    case "PROGRESSING":
      return {
        stage: job.phase === "PROBING" ? "probing" : job.phase === "UPLOADING" ? "saving" : "transcoding",
        percent: job.progress_percent,
        uploadPercent: 100,
        transcodePercent: job.progress_percent ?? 0,
        remainingS: job.eta_s,
      };
    case "COMPLETE":
      return stageView("complete", 100, 100, 100);
    case "ERROR":
      return stageView("failed", null, 100, job.progress_percent ?? 0);
    case "CANCELED":
      return stageView("canceled", null, 100, job.progress_percent ?? 0);
  }
}

const UPLOAD_STAGES: Record<Exclude<UploadState["phase"], "done">, Stage> = {
  queued: "queued",
  sending: "uploading",
  paused: "paused",
  finishing: "finishing",
  offline: "offline",
  failed: "uploadFailed",
  canceled: "uploadCanceled",
};

function uploadView(item: ListItem, upload: UploadState): View {
  const { phase, sentBytes, bytesPerS } = upload;
  const totalBytes = item.sizeBytes ?? 0;
  // The last byte given to the network isn't yet in S3, so the bar shows 100 % only after S3 has confirmed the file.
  const percent = totalBytes > 0 ? Math.min(99, Math.floor((sentBytes / totalBytes) * 100)) : 0;
  const isMoving = phase === "sending" && bytesPerS !== null && bytesPerS > 0;
  return {
    stage: phase === "done" ? "waiting" : UPLOAD_STAGES[phase],
    percent: phase === "finishing" ? null : percent,
    uploadPercent: percent,
    transcodePercent: 0,
    remainingS: isMoving ? Math.max(1, Math.round((totalBytes - sentBytes) / bytesPerS)) : null,
  };
}

function stageView(stage: Stage, percent: number | null = null, uploadPercent = 0, transcodePercent = 0): View {
  return { stage, percent, uploadPercent, transcodePercent, remainingS: null };
}
