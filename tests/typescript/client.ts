// What a front end does with the types: it compiles where the description says what the API does, and not elsewhere.
import type { components, operations, paths } from "./api";

type Job = components["schemas"]["Job"];
type Problem = components["schemas"]["Problem"];

export const wish: components["schemas"]["UploadRequest"] = {
  file_name: "holiday.mp4",
  content_type: "video/mp4",
  size_bytes: 5,
};

// @ts-expect-error -- a size is a number
export const wrong: components["schemas"]["UploadRequest"] = { ...wish, size_bytes: "5" };

export function bar(job: Job): string {
  const percent: number | null = job.progress_percent;
  if (job.status === "COMPLETE") return job.output?.playback_url ?? "";
  // @ts-expect-error -- no such status
  if (job.status === "DONE") return "";
  return percent === null ? "…" : `${percent} %`;
}

export function inWords(problem: Problem): string {
  return typeof problem.detail === "string" ? problem.detail : problem.detail.map((field) => field.msg).join("; ");
}

export const follow: operations["watch_events"]["parameters"]["query"] = { input_file: ["a"], job_id: ["1-b"] };

type Found = paths["/jobs"]["get"]["responses"][200]["content"]["application/json"];
export const same: (found: Found) => Job = (found) => found;
