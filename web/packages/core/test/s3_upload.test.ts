import { expect, test, vi } from "vitest";
import { Api } from "../src/api.ts";
import { systemClock } from "../src/host.ts";
import { S3Upload, type UploadEvents } from "../src/s3_upload.ts";
import { FakeService, fileOf } from "./fake_service.ts";

const MIB = 1024 * 1024;

function open(
  service: FakeService,
  sizeBytes: number,
  resumePoint: { inputFile: string; uploadId: string } | null = null,
) {
  const events = {
    onKey: vi.fn(),
    onSent: vi.fn(),
    onPaused: vi.fn(),
    onFinishing: vi.fn(),
    onUploaded: vi.fn(),
    onError: vi.fn(),
  } satisfies UploadEvents;
  const api = new Api({ baseUrl: "https://api.test", fetch: service.fetch });
  const transport = { api, putPart: service.putPart, clock: systemClock };
  const queued = {
    file: fileOf("a.mp4", sizeBytes),
    contentType: "video/mp4",
    durationMs: null,
    profile: undefined,
    resumePoint,
  };
  return { upload: new S3Upload(queued, transport, events), events };
}

test("a file is sent in parts, each once, and then completed", async () => {
  const service = new FakeService();
  const { upload, events } = open(service, 20 * MIB);
  upload.start();
  await vi.waitFor(() => expect(events.onUploaded).toHaveBeenCalledExactlyOnceWith("uploads/u1/a.mp4"));
  expect(service.count("PUT")).toBe(3);
  expect(events.onSent.mock.lastCall).toEqual([20 * MIB, 20 * MIB]);
});

test("a pause lets the parts in flight end, and loses no confirmed byte", async () => {
  const service = new FakeService();
  service.holdsParts = true;
  const { upload, events } = open(service, 40 * MIB);
  upload.start();
  await vi.waitFor(() => expect(service.held).toHaveLength(2));
  upload.pause();
  expect(events.onPaused).not.toHaveBeenCalled();
  for (const part of service.held.splice(0)) part.finish();
  await vi.waitFor(() => expect(events.onPaused).toHaveBeenCalledOnce());
  expect(events.onSent.mock.lastCall).toEqual([16 * MIB, 16 * MIB]);
  service.holdsParts = false;
  upload.start();
  await vi.waitFor(() => expect(events.onUploaded).toHaveBeenCalledOnce());
  expect(service.count("PUT")).toBe(5);
});

test("a pause that is taken back before the part has ended changes nothing", async () => {
  const service = new FakeService();
  service.holdsParts = true;
  const { upload, events } = open(service, 40 * MIB);
  upload.start();
  await vi.waitFor(() => expect(service.held).toHaveLength(2));
  upload.pause();
  upload.start();
  service.holdsParts = false;
  for (const part of service.held) part.finish();
  await vi.waitFor(() => expect(events.onUploaded).toHaveBeenCalledOnce());
  expect(events.onPaused).not.toHaveBeenCalled();
  expect(service.count("PUT")).toBe(5);
});

test("an interrupted upload sends only the missing parts", async () => {
  const service = new FakeService();
  const sizeBytes = 8 * MIB;
  const parts = new Map([
    [1, { etag: '"1"', sizeBytes }],
    [2, { etag: '"2"', sizeBytes: 5 }],
  ]);
  service.uploads.set("u9", { key: "uploads/u9/a.mp4", parts });
  const { upload, events } = open(service, 20 * MIB, { inputFile: "uploads/u9/a.mp4", uploadId: "u9" });
  upload.start();
  await vi.waitFor(() => expect(events.onUploaded).toHaveBeenCalledOnce());
  expect(service.requests.filter((request) => request.startsWith("PUT"))).toEqual([
    "PUT /s3-bucket/u9/2", // its size was wrong
    "PUT /s3-bucket/u9/3",
  ]);
  expect(events.onKey).not.toHaveBeenCalled();
});

test("a refused upload is reported once, and nothing is sent again by itself", async () => {
  const service = new FakeService();
  service.failures.push({ prefix: "POST /s3/multipart", status: 415, code: "unsupported_content_type" });
  const { upload, events } = open(service, 10);
  upload.start();
  await vi.waitFor(() => expect(events.onError).toHaveBeenCalledOnce());
  expect(events.onError.mock.lastCall?.[0]).toMatchObject({ code: "unsupported_content_type", isTemporary: false });
  expect(service.requests).toHaveLength(1);
  expect(upload.isRunning).toBe(false);
});

test("an expired URL is signed again", async () => {
  vi.useFakeTimers();
  const service = new FakeService();
  service.holdsParts = true;
  const { upload, events } = open(service, 10);
  upload.start();
  await vi.advanceTimersByTimeAsync(10);
  service.holdsParts = false;
  service.held[0]?.respond(403);
  await vi.advanceTimersByTimeAsync(2_000);
  vi.useRealTimers();
  expect(events.onUploaded).toHaveBeenCalledOnce();
  expect(service.count("GET /s3/multipart/u1/1")).toBe(2);
});

test("a part without a byte sent for a minute is sent again", async () => {
  vi.useFakeTimers();
  const service = new FakeService();
  service.holdsParts = true;
  const { upload, events } = open(service, 10);
  upload.start();
  await vi.advanceTimersByTimeAsync(59_000);
  expect(service.count("PUT")).toBe(1);
  service.holdsParts = false;
  await vi.advanceTimersByTimeAsync(5_000);
  vi.useRealTimers();
  expect(service.count("PUT")).toBe(2);
  expect(events.onUploaded).toHaveBeenCalledOnce();
});

test.each([
  ["upload_completed", 409, "onUploaded"],
  ["upload_not_found", 404, "onError"],
] as const)("a completion that responds %s ends with %s%s", async (code, status, event) => {
  const service = new FakeService();
  service.failures.push({ prefix: "POST /s3/multipart/u1/complete", status, code });
  const { upload, events } = open(service, 10);
  upload.start();
  await vi.waitFor(() => expect(events[event]).toHaveBeenCalledOnce());
  if (event === "onUploaded") return;
  upload.start(); // a new multipart upload, because the parts are deleted
  await vi.waitFor(() => expect(events.onUploaded).toHaveBeenCalledExactlyOnceWith("uploads/u2/a.mp4"));
});

test("after a conflict in S3 a new upload is begun, twice at most", async () => {
  const service = new FakeService();
  const { upload, events } = open(service, 10);
  for (const number of [1, 2, 3]) {
    service.failures.push({ prefix: `POST /s3/multipart/u${number}/complete`, status: 409, code: "upload_conflict" });
    upload.start();
    await vi.waitFor(() => expect(events.onError).toHaveBeenCalledTimes(number));
  }
  expect(events.onError.mock.calls.map(([error]) => error.isTemporary)).toEqual([true, true, false]);
  expect(events.onKey).toHaveBeenCalledTimes(3);
});

test("an aborted upload deletes its parts, and reports nothing more", async () => {
  const service = new FakeService();
  service.holdsParts = true;
  const { upload, events } = open(service, 10);
  upload.start();
  await vi.waitFor(() => expect(service.held).toHaveLength(1));
  await upload.abort();
  expect(service.uploads.size).toBe(0);
  service.held[0]?.finish();
  await Promise.resolve();
  expect(events.onError).not.toHaveBeenCalled();
  expect(events.onUploaded).not.toHaveBeenCalled();
});
