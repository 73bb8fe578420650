/** What the API answers, as /openapi.json describes it. */

export type JobStatus = "AWAITING_UPLOAD" | "SUBMITTED" | "PROGRESSING" | "COMPLETE" | "ERROR" | "CANCELED";

export interface Rendition {
  width_px: number;
  height_px: number;
  duration_ms: number | null;
  playlist: string | null;
}

export interface Output {
  path: string;
  duration_ms: number | null;
  width_px: number | null;
  height_px: number | null;
  playback_url: string | null;
  renditions: Rendition[];
}

export interface Job {
  job_id: string | null;
  input_file: string | null;
  file_name: string | null;
  status: JobStatus;
  progress_percent: number | null;
  phase: string | null;
  eta_s: number | null;
  submitted_at: string | null;
  updated_at: string | null;
  output: Output | null;
  error: { code: number; message: string } | null;
  warnings: { code: number; message: string }[];
}

/** The light answer of `GET /jobs/{job_id}/progress`. */
export type Progress = Pick<
  Job & { job_id: string },
  "job_id" | "status" | "progress_percent" | "phase" | "eta_s" | "updated_at"
>;

/** Whether nothing more will come of a file in this status. */
export function isFinal(status: JobStatus): boolean {
  return status === "COMPLETE" || status === "ERROR" || status === "CANCELED";
}
