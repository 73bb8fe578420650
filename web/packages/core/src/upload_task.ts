/** The state of one file in the upload queue, and the measurement of its rate. Pure. */

import type { UploadState } from "./list_item";
import type { StoredFile } from "./stored_files";

/** An interrupted multipart upload that S3 still has. */
export type ResumePoint = Pick<StoredFile, "inputFile" | "uploadId">;

export interface UploadTask {
  itemId: string;
  file: File;
  /** The multipart upload to continue; null until it is created. */
  resumePoint: ResumePoint | null;
  /** Uppy's id of the file, while Uppy has the file. */
  uppyId: string | null;
  state: UploadState;
  retries: number;
  /** New multipart uploads after a conflict in S3. */
  restarts: number;
  /** Time and size at the last measurement of the rate; time 0 means that there is none. */
  measuredMs: number;
  measuredBytes: number;
  retryTimer: ReturnType<typeof setTimeout> | undefined;
}

const RATE_INTERVAL_MS = 500;

export function newTask(itemId: string, file: File, resumePoint: ResumePoint | null): UploadTask {
  return {
    itemId,
    file,
    resumePoint,
    uppyId: null,
    state: { phase: "queued", sentBytes: 0, bytesPerS: null, problem: null },
    retries: 0,
    restarts: 0,
    measuredMs: 0,
    measuredBytes: 0,
    retryTimer: undefined,
  };
}

/** Return the upload's rate in bytes per second; measure it again if the last measurement is old enough. */
export function measureRate(task: UploadTask, bytesUploaded: number, nowMs: number): number | null {
  const { bytesPerS } = task.state;
  const { measuredMs, measuredBytes } = task;
  if (measuredMs !== 0 && nowMs - measuredMs < RATE_INTERVAL_MS) return bytesPerS;
  task.measuredMs = nowMs;
  task.measuredBytes = bytesUploaded;
  if (measuredMs === 0) return bytesPerS;
  const measured = ((bytesUploaded - measuredBytes) / (nowMs - measuredMs)) * 1_000;
  return smoothRate(bytesPerS, Math.max(0, measured));
}

/** Return the moving average of an upload's rate: the newest measurement has a weight of 0.3. */
export function smoothRate(previous: number | null, measured: number): number {
  return previous === null ? measured : previous * 0.7 + measured * 0.3;
}
