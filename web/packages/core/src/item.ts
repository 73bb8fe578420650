/** The facts about one file or job, from which every view of it is made. */

import type { Job } from "./api_types.ts";

/** The state of an upload, in this tab or in another one. */
export interface UploadState {
  phase: "queued" | "sending" | "pausing" | "paused" | "finishing" | "offline" | "failed" | "canceled" | "done";
  sentBytes: number;
  /** The bytes that S3 has confirmed, and that no pause or reload loses. */
  confirmedBytes: number;
  bytesPerS: number | null;
  /** An error code of the API, or one of this package; the texts are under `uploadError`. */
  problem: string | null;
  /** The problem in the API's words, which are English. */
  detail: string;
}

export const ENDED_PHASES: readonly UploadState["phase"][] = ["failed", "canceled", "done"];

export interface Item {
  /** Stays the same while the page is open. */
  id: string;
  inputFile: string | null;
  jobId: string | null;
  fileName: string | null;
  sizeBytes: number | null;
  addedMs: number;
  /** False for an item that is only watched by its input file or job id. */
  isListed: boolean;
  /** True if a tab of this browser knows that the whole file reached S3. */
  isUploaded: boolean;
  /** The bytes of an interrupted upload that S3 had confirmed. */
  confirmedBytes: number;
  upload: UploadState | null;
  /** True if another tab sends the upload. */
  isInOtherTab: boolean;
  job: Job | null;
  /** True if the API responded 404: it doesn't know the file or job, or deleted it. */
  isNotFound: boolean;
  isCanceling: boolean;
  /** The job that a retry replaced; later updates of it are ignored. */
  replacedJobId: string | null;
  /** When the last news of the item arrived, by this browser's clock. */
  newsMs: number;
  /** When the item reached its present stage, by this browser's clock. */
  stageSinceMs: number;
}

export function newItem(fields: Pick<Item, "id"> & Partial<Item>): Item {
  return {
    inputFile: null,
    jobId: null,
    fileName: null,
    sizeBytes: null,
    addedMs: 0,
    isListed: true,
    isUploaded: false,
    confirmedBytes: 0,
    upload: null,
    isInOtherTab: false,
    job: null,
    isNotFound: false,
    isCanceling: false,
    replacedJobId: null,
    newsMs: 0,
    stageSinceMs: 0,
    ...fields,
  };
}

export function newUpload(fields: Partial<UploadState> = {}): UploadState {
  return { phase: "queued", sentBytes: 0, confirmedBytes: 0, bytesPerS: null, problem: null, detail: "", ...fields };
}

/** Return whether the API can end the item's job, or its wait for one. */
export function canCancelJob({ jobId, job }: Pick<Item, "jobId" | "job">): boolean {
  return jobId !== null || job?.status === "QUEUED";
}
