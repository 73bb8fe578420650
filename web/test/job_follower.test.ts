import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Api } from "../src/api";
import type { FollowTarget } from "../src/stream_groups";

const target: FollowTarget = { id: "a", parameter: "input_file", value: "uploads/x/a.mp4" };

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("window", { addEventListener: () => undefined, fetch });
  vi.stubGlobal("document", { addEventListener: () => undefined });
  vi.stubGlobal("navigator", { onLine: true });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("a failure while missing files are looked for is retried, and the missing file is reported then", async () => {
  const { ApiProblem } = await import("../src/api");
  const { JobFollower } = await import("../src/job_follower");
  const missing = new ApiProblem(404, "job_not_found", "not found", null);
  const findJob = vi.fn().mockRejectedValueOnce(new TypeError("connection lost")).mockRejectedValue(missing);
  const api = { request: () => Promise.reject(missing), findJob } as unknown as Api;
  const onNotFound = vi.fn();
  const listener = { onJob: vi.fn(), onProgress: vi.fn(), onConnection: vi.fn(), onNotFound };
  const follower = new JobFollower(api, listener);
  onNotFound.mockImplementation(() => follower.follow([]));
  follower.follow([target]);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(onNotFound).toHaveBeenCalledExactlyOnceWith(target);
});

test("without streams, the place of a waiting job is requested again until the job starts", async () => {
  const { ApiProblem } = await import("../src/api");
  const { JobFollower } = await import("../src/job_follower");
  let status = "SUBMITTED";
  const request = (path: string): Promise<unknown> => {
    if (path.startsWith("/events")) return Promise.reject(new ApiProblem(501, "streaming_unavailable", "none", null));
    const headers = new Headers({ ETag: status });
    return Promise.resolve({ status: 200, headers, json: async () => ({ job_id: "1-a", status }) });
  };
  const findJob = vi.fn(async () => ({ job_id: "1-a", input_file: target.value, status }));
  const listener = { onJob: vi.fn(), onProgress: vi.fn(), onConnection: vi.fn(), onNotFound: vi.fn() };
  const follower = new JobFollower({ request, findJob } as unknown as Api, listener);
  follower.follow([target]);
  await vi.advanceTimersByTimeAsync(70_000);
  const whileWaiting = findJob.mock.calls.length;
  status = "PROGRESSING";
  await vi.advanceTimersByTimeAsync(70_000);
  follower.follow([]);
  expect(whileWaiting).toBe(4);
  expect(findJob).toHaveBeenCalledTimes(whileWaiting);
});
