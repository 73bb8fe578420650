/**
 * What is known of one file or job, and how news of it is merged. Pure: no DOM, no network, no clock.
 *
 * News comes from three sides, in any order: this tab's upload, another tab's, and the API. The rules are the
 * service's own: what is final stays, the percentage of a job never falls, and the newest job of a file counts.
 */

import { isFinal, type Job, type Progress } from "./api_types";

/** An upload, in this tab or in another one. */
export interface Upload {
  phase: "queued" | "sending" | "paused" | "finishing" | "offline" | "failed" | "canceled" | "done";
  sentBytes: number;
  bytesPerS: number | null;
  /** A stable code of the API's, or one of ours: see the texts under `uploadError`. */
  problem: string | null;
}

export interface Item {
  /** Stable for the life of the page, and the same for one file however it is found. */
  id: string;
  inputFile: string | null;
  jobId: string | null;
  fileName: string | null;
  sizeBytes: number | null;
  addedMs: number;
  /** Whether the whole file reached S3, as far as any tab of this browser knows. */
  isUploaded: boolean;
  upload: Upload | null;
  /** Whether the upload is another tab's. */
  isElsewhere: boolean;
  job: Job | null;
  /** Whether the API doesn't know it, or no more. */
  isGone: boolean;
  isCanceling: boolean;
  /** The job that another was asked for instead of: what is still said of it is no news. */
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

/** How the one bar stands: two lengths that only ever grow, and whether the end is in sight. */
export interface View {
  stage: Stage;
  /** 0 to 100 of the stage that runs; null where nobody knows. */
  percent: number | null;
  uploadPercent: number;
  transcodePercent: number;
  remainingS: number | null;
}

export function newItem(known: Pick<Item, "id"> & Partial<Item>): Item {
  return {
    inputFile: null,
    jobId: null,
    fileName: null,
    sizeBytes: null,
    addedMs: 0,
    isUploaded: false,
    upload: null,
    isElsewhere: false,
    job: null,
    isGone: false,
    isCanceling: false,
    replacedJobId: null,
    ...known,
  };
}

/** The item with what the API says of it now, unless that is older than what is known. */
export function withJob(item: Item, news: Job): Item {
  if (news.job_id !== null && news.job_id === item.replacedJobId) return item;
  const job = laterOf(item.job, news);
  const isAskedFor = job.job_id === null && job.status === "SUBMITTED";
  const isAwaited = job.status === "AWAITING_UPLOAD";
  return {
    ...item,
    job,
    inputFile: item.inputFile ?? job.input_file,
    jobId: job.job_id ?? (isAskedFor ? null : item.jobId),
    replacedJobId: isAskedFor ? (item.jobId ?? item.replacedJobId) : item.replacedJobId,
    fileName: item.fileName ?? job.file_name,
    isUploaded: item.isUploaded || !isAwaited,
    upload: isAwaited ? item.upload : null,
    isElsewhere: isAwaited && item.isElsewhere,
    isGone: false,
    isCanceling: item.isCanceling && !isFinal(job.status),
  };
}

/** The item with the light answer merged into what is known of its job. */
export function withProgress(item: Item, progress: Progress): Item {
  const { job } = item;
  return job === null || job.job_id !== progress.job_id ? item : withJob(item, { ...job, ...progress });
}

function laterOf(known: Job | null, news: Job): Job {
  if (known === null || known.job_id === null) return news;
  // A SUBMITTED without a job: another one was asked for, and is about to be made.
  if (news.job_id === null) return news.status === "SUBMITTED" && isFinal(known.status) ? news : known;
  if (known.job_id !== news.job_id) return time(news.submitted_at) >= time(known.submitted_at) ? news : known;
  if (isFinal(known.status)) return isFinal(news.status) ? news : known;
  if (isFinal(news.status)) return news;
  if (time(news.updated_at) < time(known.updated_at)) return known;
  const percents = [known.progress_percent, news.progress_percent].filter((each) => each !== null);
  return { ...news, progress_percent: percents.length > 0 ? Math.max(...percents) : null };
}

function time(text: string | null): number {
  return text === null ? 0 : Date.parse(text);
}

/** Whether the API may still have news of it: it is there, or will be, and isn't over. */
export function isFollowed(item: Item): boolean {
  const isSending = item.upload !== null && !item.isElsewhere && item.upload.phase !== "done";
  const canBeAsked = item.inputFile !== null || item.jobId !== null;
  return canBeAsked && !isSending && !item.isGone && !(item.job !== null && isFinal(item.job.status));
}

/** What a card shows of the item. */
export function viewOf(item: Item): View {
  if (item.upload !== null && item.upload.phase !== "done") return uploadView(item, item.upload);
  const { job } = item;
  if (item.isGone) return at("gone");
  if (job === null) return item.isUploaded ? at("waiting", null, 100) : at("loading");
  switch (job.status) {
    case "AWAITING_UPLOAD":
      return item.isUploaded ? at("waiting", null, 100) : at("interrupted");
    case "SUBMITTED":
      return at("waiting", null, 100);
    case "PROGRESSING":
      return {
        stage: job.phase === "PROBING" ? "probing" : job.phase === "UPLOADING" ? "saving" : "transcoding",
        percent: job.progress_percent,
        uploadPercent: 100,
        transcodePercent: job.progress_percent ?? 0,
        remainingS: job.eta_s,
      };
    case "COMPLETE":
      return at("complete", 100, 100, 100);
    case "ERROR":
      return at("failed", null, 100, job.progress_percent ?? 0);
    case "CANCELED":
      return at("canceled", null, 100, job.progress_percent ?? 0);
  }
}

const UPLOAD_STAGES: Record<Exclude<Upload["phase"], "done">, Stage> = {
  queued: "queued",
  sending: "uploading",
  paused: "paused",
  finishing: "finishing",
  offline: "offline",
  failed: "uploadFailed",
  canceled: "uploadCanceled",
};

function uploadView(item: Item, upload: Upload): View {
  const { phase, sentBytes, bytesPerS } = upload;
  const totalBytes = item.sizeBytes ?? 0;
  // 100 is said once S3 has confirmed the file, not when the last byte was handed to the network.
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

function at(stage: Stage, percent: number | null = null, uploadPercent = 0, transcodePercent = 0): View {
  return { stage, percent, uploadPercent, transcodePercent, remainingS: null };
}

/** The speed of an upload, steadied: the newest measurement counts for three tenths. */
export function smoothed(known: number | null, measured: number): number {
  return known === null ? measured : known * 0.7 + measured * 0.3;
}
