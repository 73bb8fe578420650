/** The view of an item for a front end: its stage, the two-part bar, the words and the actions. Pure; time is an argument. */

import { isFinal, type Job } from "./api_types.ts";
import { VideoError } from "./errors.ts";
import { formatPercent, formatRemaining } from "./format.ts";
import { canCancelJob, type Item, type UploadState } from "./item.ts";
import { isInputError, jobErrorText, type Language, textIn, uploadErrorText, waitingText } from "./words.ts";

export type Stage =
  | "loading"
  | "queued"
  | "uploading"
  | "pausing"
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

export type Action = "pause" | "resume" | "retry" | "cancel" | "remove" | "chooseFile";

export interface View {
  readonly stage: Stage;
  /** 0 to 100 within the present stage; null if unknown: show an indeterminate bar. */
  readonly percent: number | null;
  /** The two lengths of the bar, 0 to 100 each; neither shrinks while its file and its job are the same. */
  readonly uploadPercent: number;
  readonly transcodePercent: number;
  /** Seconds left in this stage; null without an estimate that is younger than 20 s. */
  readonly etaS: number | null;
  /** Seconds since the last news, if there was none for 20 s in a stage that has news. */
  readonly staleForS: number | null;
  /** The stage with its percentage, and the time; `words` is both, for one line or a screen reader. */
  readonly stageWords: string;
  readonly timeWords: string;
  readonly words: string;
  /** The actions that `act` accepts now, the most useful one first. */
  readonly actions: readonly Action[];
  readonly error: VideoError | null;
}

/** An estimate or a percentage older than this isn't shown as present. */
const NEWS_TIMEOUT_MS = 20_000;
/** A wait that is longer than this, and longer than twice its estimate, is longer than usual. */
const USUAL_WAIT_MS = 60_000;

/** Stages in which news arrive every few seconds. */
const MOVING: ReadonlySet<Stage> = new Set(["uploading", "pausing", "probing", "transcoding", "saving"]);
/** Stages in which nothing more happens by itself. */
export const ENDED: ReadonlySet<Stage> = new Set([
  "complete",
  "failed",
  "canceled",
  "gone",
  "uploadFailed",
  "uploadCanceled",
]);

const UPLOAD_STAGES = {
  queued: "queued",
  sending: "uploading",
  pausing: "pausing",
  paused: "paused",
  finishing: "finishing",
  offline: "offline",
  failed: "uploadFailed",
  canceled: "uploadCanceled",
  done: "waiting",
} as const satisfies Record<UploadState["phase"], Stage>;

const JOB_STAGES = {
  QUEUED: "waiting",
  SUBMITTED: "waiting",
  COMPLETE: "complete",
  ERROR: "failed",
  CANCELED: "canceled",
} as const satisfies Partial<Record<Job["status"], Stage>>;

/** Return the item's stage. */
export function stageOf(item: Item): Stage {
  if (item.upload !== null && item.upload.phase !== "done") return UPLOAD_STAGES[item.upload.phase];
  if (item.isNotFound) return "gone";
  if (item.job === null) return item.isUploaded ? "waiting" : "loading";
  const { status, phase } = item.job;
  if (status === "AWAITING_UPLOAD") return item.isUploaded ? "waiting" : "interrupted";
  if (status === "PROGRESSING")
    return phase === "PROBING" ? "probing" : phase === "UPLOADING" ? "saving" : "transcoding";
  return JOB_STAGES[status];
}

/** Return whether the item's view changes with time alone, and so must be made again every second. */
export function dependsOnTime(item: Item): boolean {
  const stage = stageOf(item);
  return MOVING.has(stage) || stage === "waiting";
}

/** Return the item's view at this time. */
export function viewOf(item: Item, nowMs: number, language: Language): View {
  const stage = stageOf(item);
  const ageMs = Math.max(0, nowMs - item.newsMs);
  const isStale = MOVING.has(stage) && ageMs >= NEWS_TIMEOUT_MS;
  const bar = barOf(item, stage);
  const etaS = isStale ? null : etaOf(item, stage, ageMs);
  const staleForS = isStale ? Math.floor(ageMs / 5_000) * 5 : null;
  const stageWords = stageWordsOf(item, stage, bar.percent, nowMs, language);
  const timeWords = timeWordsOf(etaS, staleForS, language);
  return {
    stage,
    ...bar,
    etaS,
    staleForS,
    stageWords,
    timeWords,
    words: timeWords === "" ? stageWords : `${stageWords} · ${timeWords}`,
    actions: actionsOf(item, stage),
    error: errorOf(item, stage, language),
  };
}

type Bar = Pick<View, "percent" | "uploadPercent" | "transcodePercent">;

function barOf(item: Item, stage: Stage): Bar {
  const { upload, job } = item;
  if (upload !== null && upload.phase !== "done") {
    // The last byte given to the network isn't yet in S3, so the bar shows 100 % only after S3 has confirmed the file.
    const uploadPercent = percentOf(upload.sentBytes, item.sizeBytes);
    return { percent: stage === "finishing" ? null : uploadPercent, uploadPercent, transcodePercent: 0 };
  }
  if (stage === "interrupted") {
    const uploadPercent = percentOf(item.confirmedBytes, item.sizeBytes);
    return { percent: uploadPercent, uploadPercent, transcodePercent: 0 };
  }
  const uploadPercent = stage === "loading" || stage === "gone" ? 0 : 100;
  if (stage === "complete") return { percent: 100, uploadPercent, transcodePercent: 100 };
  const transcodePercent = uploadPercent === 0 || stage === "waiting" ? 0 : (job?.progress_percent ?? 0);
  const isRunning = stage === "probing" || stage === "transcoding" || stage === "saving";
  return { percent: isRunning ? (job?.progress_percent ?? null) : null, uploadPercent, transcodePercent };
}

function percentOf(bytes: number, totalBytes: number | null): number {
  return totalBytes ? Math.min(99, Math.floor((bytes / totalBytes) * 100)) : 0;
}

function etaOf({ upload, job, sizeBytes }: Item, stage: Stage, ageMs: number): number | null {
  if (stage === "uploading" && upload?.bytesPerS) {
    return Math.max(1, Math.round(((sizeBytes ?? 0) - upload.sentBytes) / upload.bytesPerS));
  }
  const isRunning = stage === "probing" || stage === "transcoding" || stage === "saving";
  if (!isRunning || job?.eta_s == null) return null;
  // The estimate was true when it arrived. It counts down, and ends when its time is over.
  const leftS = Math.round(job.eta_s - ageMs / 1_000);
  return leftS > -3 ? Math.max(1, leftS) : null;
}

function stageWordsOf(item: Item, stage: Stage, percent: number | null, nowMs: number, language: Language): string {
  if (item.isCanceling) return textIn(language, "stage.canceling");
  const text = stage === "waiting" ? waitingWords(item, nowMs, language) : textIn(language, `stage.${stage}`);
  const words = percent === null || ENDED.has(stage) ? text : `${text} · ${formatPercent(percent, language.tag)}`;
  return item.isInOtherTab ? textIn(language, "stage.elsewhere", { stage: words }) : words;
}

function waitingWords({ job, stageSinceMs }: Item, nowMs: number, language: Language): string {
  const place = job?.queue ?? null;
  const text = waitingText(language, place);
  const usualMs = Math.max(USUAL_WAIT_MS, (place?.eta_s ?? 0) * 2_000);
  return nowMs - stageSinceMs < usualMs ? text : textIn(language, "stage.slow", { stage: text });
}

function timeWordsOf(etaS: number | null, staleForS: number | null, language: Language): string {
  if (staleForS !== null) return textIn(language, "bar.stale", { time: formatRemaining(staleForS, language.tag) });
  return etaS === null ? "" : textIn(language, "bar.left", { time: formatRemaining(etaS, language.tag) });
}

function errorOf({ upload, job }: Item, stage: Stage, language: Language): VideoError | null {
  if (stage === "uploadFailed") {
    const code = upload?.problem ?? "other";
    const key = uploadErrorText(language, code);
    // A code without a text of its own: the API's words say more.
    const detail = key === "uploadError.other" && upload?.detail ? ` ${upload.detail}` : "";
    return new VideoError(code, textIn(language, key) + detail, { isTemporary: !isFileProblem(code) });
  }
  if (stage !== "failed" || !job?.error) return null;
  const text = textIn(language, jobErrorText(job.error.code));
  return new VideoError("job_failed", text, { isTemporary: !isInputError(job.error.code) });
}

/** Return whether the file itself is the problem, which a retry can't solve. */
function isFileProblem(code: string): boolean {
  return ["empty", "unsupported_content_type", "upload_too_large", "upload_too_long"].includes(code);
}

/** Return the actions of a stage. Every stage has one, unless another tab sends the file. */
function actionsOf(item: Item, stage: Stage): readonly Action[] {
  if (item.isInOtherTab) return [];
  if (item.isCanceling) return ["remove"];
  switch (stage) {
    case "queued":
    case "uploading":
      return ["pause", "cancel"];
    case "pausing":
    case "paused":
      return ["resume", "cancel"];
    case "offline":
      return ["retry", "cancel"];
    case "finishing":
      return ["cancel"];
    case "interrupted":
      return ["chooseFile", "cancel"];
    case "uploadFailed":
      return isFileProblem(item.upload?.problem ?? "") ? ["remove"] : ["retry", "remove"];
    case "uploadCanceled":
      return ["retry", "remove"];
    case "waiting":
    case "probing":
    case "transcoding":
    case "saving":
      return canCancelJob(item) ? ["cancel"] : ["remove"];
    case "failed":
    case "canceled":
      return canRetryJob(item.job) ? ["retry", "remove"] : ["remove"];
    case "complete":
    case "gone":
    case "loading":
      return ["remove"];
  }
}

function canRetryJob(job: Job | null): boolean {
  return job?.input_file != null && isFinal(job.status) && !(job.error && isInputError(job.error.code));
}
