import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Api } from "../src/api.ts";
import { VideoError } from "../src/errors.ts";
import { Follower } from "../src/follower.ts";
import { type Connection, systemClock } from "../src/host.ts";
import type { FollowTarget } from "../src/stream_groups.ts";

const target: FollowTarget = { id: "a", parameter: "input_file", value: "uploads/x/a.mp4" };
const connection: Connection = { isOnline: () => true, subscribe: () => () => undefined };
const host = { clock: systemClock, connection };

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

test("a failure while missing files are looked for is retried, and the missing file is reported then", async () => {
  const missing = new VideoError("job_not_found", "not found", { status: 404 });
  const findJob = vi.fn().mockRejectedValueOnce(new TypeError("connection lost")).mockRejectedValue(missing);
  const api = { request: () => Promise.reject(missing), findJob } as unknown as Api;
  const onNotFound = vi.fn();
  const listener = { onJob: vi.fn(), onProgress: vi.fn(), onConnection: vi.fn(), onNotFound };
  const follower = new Follower(api, host, listener);
  onNotFound.mockImplementation(() => follower.follow([]));
  follower.follow([target]);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(onNotFound).toHaveBeenCalledExactlyOnceWith(target);
});

test("without streams, the place of a waiting job is requested again until the job starts", async () => {
  let status = "SUBMITTED";
  const request = (path: string): Promise<unknown> => {
    if (path.startsWith("/events"))
      return Promise.reject(new VideoError("streaming_unavailable", "none", { status: 501 }));
    const headers = new Headers({ ETag: status });
    return Promise.resolve({ status: 200, headers, json: async () => ({ job_id: "1-a", status }) });
  };
  const findJob = vi.fn(async () => ({ job_id: "1-a", input_file: target.value, status }));
  const listener = { onJob: vi.fn(), onProgress: vi.fn(), onConnection: vi.fn(), onNotFound: vi.fn() };
  const follower = new Follower({ request, findJob } as unknown as Api, host, listener);
  follower.follow([target]);
  await vi.advanceTimersByTimeAsync(70_000);
  const whileWaiting = findJob.mock.calls.length;
  status = "PROGRESSING";
  await vi.advanceTimersByTimeAsync(70_000);
  follower.follow([]);
  expect(whileWaiting).toBe(4);
  expect(findJob).toHaveBeenCalledTimes(whileWaiting);
});

const job = { job_id: "1-a", input_file: target.value, status: "PROGRESSING", progress_percent: 10 };
const listener = () => ({ onJob: vi.fn(), onProgress: vi.fn(), onConnection: vi.fn(), onNotFound: vi.fn() });

/** Follow the target on an API that responds by `respond`, and return the requested paths. */
async function followed(respond: (path: string) => Promise<Response>, ms: number): Promise<string[]> {
  const paths: string[] = [];
  const request = (path: string) => {
    paths.push(path);
    return respond(path);
  };
  const api = { request, findJob: () => Promise.resolve(job) } as unknown as Api;
  const follower = new Follower(api, host, listener());
  follower.follow([target]);
  await vi.advanceTimersByTimeAsync(ms);
  follower.follow([]);
  await vi.advanceTimersByTimeAsync(100);
  return paths;
}

const progress = () => Promise.resolve(new Response(JSON.stringify(job), { headers: { ETag: '"1"' } }));

test("a page whose stream is refused for lack of room polls without being held, and opens a stream later", async () => {
  const full = new VideoError("too_many_streams", "full", { status: 503, retryAfterS: 45 });
  const paths = await followed((path) => (path.startsWith("/events") ? Promise.reject(full) : progress()), 50_000);
  expect(paths[0]).toMatch(/^\/events/);
  const again = paths.findIndex((path, index) => index > 0 && path.startsWith("/events"));
  expect(again).toBeGreaterThan(15); // a poll every two seconds or so, for 45 s
  expect(paths.slice(1, again).every((path) => path === "/jobs/1-a/progress")).toBe(true);
});

test("a page whose long poll is refused for lack of room polls without being held", async () => {
  const noStreams = new VideoError("streaming_unavailable", "none", { status: 501 });
  const full = new VideoError("too_many_long_polls", "full", { status: 503, retryAfterS: 60 });
  const respond = (path: string) => {
    if (path.startsWith("/events")) return Promise.reject(noStreams);
    return path.includes("wait_s") ? Promise.reject(full) : progress();
  };
  const paths = await followed(respond, 30_000);
  expect(paths.filter((path) => path.includes("wait_s"))).toHaveLength(1);
  expect(paths.filter((path) => path === "/jobs/1-a/progress").length).toBeGreaterThan(10);
});
