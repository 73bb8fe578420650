// A front end's use of the generated types. Each `@ts-expect-error` marks code that must not compile.
import type { components, operations, paths } from "./api";

type Job = components["schemas"]["Job"];
type Problem = components["schemas"]["Problem"];

export const request: components["schemas"]["UploadRequest"] = {
  file_name: "holiday.mp4",
  content_type: "video/mp4",
  size_bytes: 5,
};

// @ts-expect-error -- size_bytes is a number
export const invalidRequest: components["schemas"]["UploadRequest"] = { ...request, size_bytes: "5" };

export function progressText(job: Job): string {
  const percent: number | null = job.progress_percent;
  if (job.status === "COMPLETE") return job.output?.playback_url ?? "";
  // @ts-expect-error -- the API has no such status
  if (job.status === "DONE") return "";
  return percent === null ? "…" : `${percent} %`;
}

export function problemText(problem: Problem): string {
  const fields = problem.errors?.map((field) => `${field.location}${field.pointer}`) ?? [];
  return [problem.detail, ...fields].join(" ");
}

export const eventsQuery: operations["watch_events"]["parameters"]["query"] = { input_file: ["a"], job_id: ["1-b"] };

type JobResponse = paths["/jobs"]["get"]["responses"][200]["content"]["application/json"];
export const toJob: (response: JobResponse) => Job = (response) => response;
