/** Short names for the API's generated types. `make page-types` writes openapi.ts again from docs/openapi.json. */

import type { components } from "./openapi.ts";

type Schemas = components["schemas"];

/** MediaConvert's phases; a later API may send others. */
export type Phase = "PROBING" | "TRANSCODING" | "UPLOADING" | (string & {});
export type Job = Schemas["Job"];
export type JobStatus = Schemas["JobStatus"];
/** The place of a waiting file or job. */
export type QueuePlace = Schemas["Queue"];
export type Output = Schemas["OutputOut"];
/** The response of `GET /jobs/{job_id}/progress`: the fields of a job that change while it runs. */
export type Progress = Schemas["Progress"];

/** The body of `PATCH /uploads`: a missing field stays, and null removes a value. */
export type UploadChanges = Schemas["UploadChanges"];
export type UploadList = Schemas["UploadList"];

/** The response of `GET /limits`; a missing field is no limit. */
export type Limits = Partial<Schemas["Limits"]>;

/** Return whether a file in this status keeps it: the service accepts no further events of its job. */
export function isFinal(status: JobStatus): boolean {
  return status === "COMPLETE" || status === "ERROR" || status === "CANCELED";
}
