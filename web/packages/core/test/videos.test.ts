import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Connection } from "../src/host.ts";
import { memoryStorage } from "../src/stored_files.ts";
import { createVideos, type Videos, type VideosOptions } from "../src/videos.ts";
import { FakeService, fileOf } from "./fake_service.ts";

const LIMITS = { content_types: ["video/mp4"], max_size_bytes: 1_000_000_000 };
const MIB = 1024 * 1024;
let service: FakeService;
const opened: Videos[] = [];

function open(options: Partial<VideosOptions> = {}): Videos {
  const { fetch, putPart } = service;
  const videos = createVideos({ apiBaseUrl: "https://api.test", fetch, putPart, storage: memoryStorage(), ...options });
  opened.push(videos);
  return videos;
}

const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(100);
const reaches = (videos: Videos, id: string, stage: string): Promise<void> =>
  vi.waitFor(() => expect(videos.get(id)?.view.stage).toBe(stage), { timeout: 5_000, interval: 20 });
const stages = (videos: Videos): string[] => videos.getSnapshot().map(({ view }) => view.stage);

beforeEach(() => {
  vi.useFakeTimers();
  service = new FakeService();
});

afterEach(() => {
  for (const videos of opened.splice(0)) videos.close();
  vi.useRealTimers();
});

describe("files that the service refuses", () => {
  const bad = Array.from({ length: 30 }, (_, index) => fileOf(`notes-${index}.txt`, 10, "text/plain"));

  test("cost no request if the service says what it accepts", async () => {
    service.limits = LIMITS;
    const videos = open();
    videos.add(bad);
    await settle();
    expect(new Set(stages(videos))).toEqual(new Set(["uploadFailed"]));
    expect(service.requests).toEqual(["GET /limits"]);
  });

  test("cost one request each otherwise, and none more when other files are added", async () => {
    for (const _ of bad)
      service.failures.push({ prefix: "POST /s3/multipart", status: 415, code: "unsupported_content_type" });
    const videos = open();
    for (const file of bad) {
      videos.add([file]);
      await settle();
    }
    expect(service.count("POST /s3/multipart")).toBe(30);
    videos.add([fileOf("good.mp4")]);
    await settle();
    expect(service.count("POST /s3/multipart")).toBe(32); // begin and complete of the good file
    expect(service.count("PUT")).toBe(1);
  });

  test("abort no part of a running upload", async () => {
    service.holdsParts = true;
    const videos = open();
    const [id = ""] = videos.add([fileOf("good.mp4", 20 * MIB)]);
    await settle();
    for (const _ of bad)
      service.failures.push({ prefix: "POST /s3/multipart", status: 415, code: "unsupported_content_type" });
    videos.add(bad);
    await settle();
    expect(service.count("PUT")).toBe(2);
    service.holdsParts = false;
    for (const part of service.held) part.finish();
    await reaches(videos, id, "waiting");
    expect(service.count("PUT")).toBe(3);
  });

  test("have an error in their view, and don't throw", async () => {
    const videos = open();
    const errors = vi.fn();
    videos.on("error", errors);
    const [id = ""] = videos.add([fileOf("empty.mp4", 0)]);
    await settle();
    expect(videos.get(id)?.view).toMatchObject({
      error: { code: "empty", message: "The file is empty." },
      actions: ["remove"],
    });
    expect(errors).toHaveBeenCalledOnce();
  });
});

test("a video that is too long is refused before a byte is sent, and a good one's length is announced", async () => {
  service.limits = { max_duration_ms: 60_000 };
  const readDurationMs = async ({ name }: File): Promise<number> => (name === "long.mp4" ? 60_001 : 5_000);
  const videos = open({ readDurationMs });
  const [long = "", short = ""] = videos.add([fileOf("long.mp4"), fileOf("short.mp4")]);
  await reaches(videos, short, "waiting");
  expect(videos.get(long)?.view.error?.code).toBe("upload_too_long");
  expect(service.bodies[0]).toMatchObject({ metadata: { size: 100, part_size: 8 * MIB, duration_ms: 5_000 } });
});

test("a profile is announced with each file, also when a canceled upload begins again", async () => {
  service.holdsParts = true;
  const videos = open({ profile: "hls" });
  const [audio = "", other = ""] = [
    ...videos.add([fileOf("a.mp4")], { profile: "audio" }),
    ...videos.add([fileOf("b.mp4")]),
  ];
  await reaches(videos, other, "uploading");
  await vi.waitFor(() => expect(service.bodies).toHaveLength(2));
  expect(service.bodies.map(({ metadata }) => metadata)).toMatchObject([{ profile: "audio" }, { profile: "hls" }]);
  await videos.act(audio, "cancel");
  await reaches(videos, audio, "uploadCanceled");
  await videos.act(audio, "retry");
  await vi.waitFor(() => expect(service.bodies[2]?.metadata).toMatchObject({ profile: "audio" }));
});

test("a problem without a text of its own is shown in the API's words", async () => {
  service.failures.push({ prefix: "POST /s3/multipart", status: 422, code: "unknown_profile" });
  const videos = open({ profile: "none" });
  const [id = ""] = videos.add([fileOf("a.mp4")]);
  await reaches(videos, id, "uploadFailed");
  expect(videos.get(id)?.view.error).toMatchObject({
    code: "unknown_profile",
    message: "The upload failed. The test refused it.",
  });
});

test("creating videos does nothing until they are used", () => {
  const storage = { ...memoryStorage(), getItem: vi.fn(), key: vi.fn() };
  const videos = open({ storage, getToken: vi.fn() });
  expect(videos.getSnapshot()).toEqual([]);
  expect(videos.getSnapshot()).toBe(open().getSnapshot());
  expect(storage.key).not.toHaveBeenCalled();
  expect(vi.getTimerCount()).toBe(0);
});

test("wrong options throw at once", () => {
  expect(() => open({ apiBaseUrl: "" })).toThrow(expect.objectContaining({ code: "invalid_options" }));
});

test("the snapshot and each video stay the same object until something in them changes", async () => {
  const videos = open();
  videos.subscribe(() => undefined);
  service.jobs.set("uploads/u1/a.mp4", { job_id: null, input_file: "uploads/u1/a.mp4", status: "QUEUED", queue: null });
  const [id = ""] = videos.add([fileOf("a.mp4"), fileOf("b.mp4", 0)]);
  await reaches(videos, id, "waiting");
  await vi.advanceTimersByTimeAsync(2_000);
  const before = videos.getSnapshot();
  const [a, b] = before;
  await vi.advanceTimersByTimeAsync(5_000);
  expect(videos.getSnapshot()).toBe(before);
  await vi.advanceTimersByTimeAsync(70_000); // "longer than usual"
  expect(videos.getSnapshot()).not.toBe(before);
  expect(videos.getSnapshot()[0]).not.toBe(a);
  expect(videos.getSnapshot()[1]).toBe(b);
  expect(Object.isFrozen(a)).toBe(true);
});

test("changes are reported together, at most once a turn", async () => {
  const videos = open();
  const onChange = vi.fn();
  videos.subscribe(onChange);
  videos.add([fileOf("a.mp4", 0), fileOf("b.mp4", 0), fileOf("c.mp4", 0)]);
  await vi.advanceTimersByTimeAsync(16);
  expect(onChange).toHaveBeenCalledOnce();
});

test("connections open with the first subscriber, and close a second after the last", async () => {
  const stop = vi.fn();
  const connection = { isOnline: () => true, subscribe: vi.fn(() => stop) } satisfies Connection;
  const videos = open({ connection });
  videos.watch({ jobId: "1-a" });
  expect(service.requests).toEqual([]);
  const unsubscribe = videos.subscribe(() => undefined);
  await settle();
  expect(service.count("GET /events")).toBe(1);
  unsubscribe();
  const again = videos.subscribe(() => undefined); // a remount
  await vi.advanceTimersByTimeAsync(2_000);
  expect(stop).not.toHaveBeenCalled();
  again();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(stop).toHaveBeenCalledOnce();
});

test("a file that is being uploaded isn't added twice", async () => {
  service.holdsParts = true;
  const videos = open();
  const first = videos.add([fileOf("a.mp4")]);
  await settle();
  expect(videos.add([fileOf("a.mp4")])).toEqual(first);
  expect(videos.getSnapshot()).toHaveLength(1);
});

describe("an interrupted upload", () => {
  const storage = memoryStorage();
  const file = fileOf("a.mp4", 20 * MIB);

  async function reload(): Promise<{ videos: Videos; id: string }> {
    service.holdsParts = true;
    const before = open({ storage });
    before.add([file]);
    await settle();
    service.held.find(({ number }) => number === 1)?.finish();
    await settle();
    before.close();
    service.holdsParts = false;
    service.jobs.set("uploads/u1/a.mp4", { job_id: null, input_file: "uploads/u1/a.mp4", status: "AWAITING_UPLOAD" });
    const videos = open({ storage });
    videos.subscribe(() => undefined);
    await vi.advanceTimersByTimeAsync(500);
    return { videos, id: videos.getSnapshot()[0]?.id ?? "" };
  }

  beforeEach(() => {
    for (let at = storage.length - 1; at >= 0; at -= 1) storage.removeItem(storage.key(at) ?? "");
  });

  test("shows the bytes that S3 has, and continues with the same file", async () => {
    const { videos, id } = await reload();
    expect(videos.get(id)?.view).toMatchObject({ stage: "interrupted", uploadPercent: 40 });
    const sent = service.count("PUT");
    videos.resumeWith(id, file);
    await settle();
    expect(service.count("PUT") - sent).toBe(2);
    expect(videos.get(id)?.view.stage).toBe("waiting");
  });

  test("refuses another file, and starts nothing with it", async () => {
    const { videos, id } = await reload();
    const requests = service.requests.length;
    expect(() => videos.resumeWith(id, fileOf("other.mp4"))).toThrow(
      expect.objectContaining({ code: "different_file" }),
    );
    expect(service.requests).toHaveLength(requests);
  });

  test("continues also if the same file is added again", async () => {
    const { videos, id } = await reload();
    expect(videos.add([file])).toEqual([id]);
  });
});

test("a lost connection pauses uploads, and a late report doesn't set them back", async () => {
  let isOnline = true;
  let change: Parameters<Connection["subscribe"]>[0] = () => undefined;
  const listeners: (typeof change)[] = [];
  change = (event) => {
    for (const listener of listeners) listener(event);
  };
  const subscribe: Connection["subscribe"] = (listener) => {
    listeners.push(listener);
    return () => undefined;
  };
  service.holdsParts = true;
  const videos = open({ connection: { isOnline: () => isOnline, subscribe } });
  const [id = ""] = videos.add([fileOf("a.mp4", 1_000)]);
  await settle();
  isOnline = false;
  change("offline");
  service.held[0]?.sent(500);
  await settle();
  expect(videos.get(id)?.view).toMatchObject({ stage: "offline", etaS: null });
  service.held[0]?.fail();
  await settle();
  isOnline = true;
  service.holdsParts = false;
  change("online");
  await vi.advanceTimersByTimeAsync(2_000);
  expect(videos.get(id)?.view.stage).toBe("waiting");
});

test("a service that fails at each step is retried, and the file arrives once", async () => {
  const unavailable = (prefix: string) => ({
    prefix,
    status: 503,
    code: "aws_unavailable",
    headers: { "Retry-After": "1" },
  });
  const steps = ["POST /s3/multipart", "GET /s3/multipart/u1/1", "POST /s3/multipart/u1/complete"];
  service.failures.push(...steps.map(unavailable));
  const videos = open();
  const [id = ""] = videos.add([fileOf("a.mp4")]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(videos.get(id)?.view.stage).toBe("waiting");
  expect(service.count("PUT")).toBe(1);
});

test("a storage that is full or forbidden doesn't stop an upload", async () => {
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
  const forbidden = (): never => {
    throw new Error("QuotaExceededError");
  };
  const videos = open({ storage: { ...memoryStorage(), setItem: forbidden, removeItem: forbidden } });
  const [id = ""] = videos.add([fileOf("a.mp4")]);
  await reaches(videos, id, "waiting");
  await videos.act(id, "remove");
  await settle();
  expect(videos.getSnapshot()).toEqual([]);
});

test("a token that expires in the middle is replaced once, for all requests that it stops", async () => {
  const tokens = ["old", "new"];
  const getToken = vi.fn(async () => tokens.shift() ?? null);
  const fetchWithToken = (async (input: string, init: RequestInit = {}) => {
    const isExpired = new Headers(init.headers).get("Authorization") === "Bearer old";
    return isExpired && /\/s3\/multipart\/u1/.test(input)
      ? new Response(null, { status: 401 })
      : service.fetch(input, init);
  }) as typeof fetch;
  const videos = open({ fetch: fetchWithToken, getToken });
  const [id = ""] = videos.add([fileOf("a.mp4", 20 * MIB)]);
  await reaches(videos, id, "waiting");
  expect(getToken.mock.calls).toEqual([[{ isRefused: false }], [{ isRefused: true }]]);
});

test("an action that the view doesn't offer is refused", async () => {
  const videos = open();
  const [id = ""] = videos.add([fileOf("a.mp4", 0)]);
  await settle();
  await expect(videos.act(id, "pause")).rejects.toMatchObject({ code: "action_unavailable" });
});

test.each(["名前.mp4", "🎬🎉.mp4", "ملف الفيديو.mp4", `${"n".repeat(251)}.mp4`])(
  "the name %s arrives unchanged",
  async (name) => {
    const videos = open();
    const [id = ""] = videos.add([fileOf(name)]);
    await reaches(videos, id, "waiting");
    expect(videos.get(id)?.fileName).toBe(name);
  },
);

test("methods work unbound, and two instances don't share their videos", async () => {
  const [{ add, getSnapshot }, other] = [open(), open()];
  add([fileOf("a.mp4")]);
  await settle();
  expect(getSnapshot()).toHaveLength(1);
  expect(other.getSnapshot()).toHaveLength(0);
});

describe("pausing", () => {
  const files = Array.from({ length: 6 }, (_, index) => fileOf(`${index}.mp4`, 20 * MIB));
  const actOnAll = (videos: Videos, action: "pause" | "resume"): Promise<unknown> =>
    Promise.all(
      videos.getSnapshot().flatMap(({ id, view }) => (view.actions.includes(action) ? [videos.act(id, action)] : [])),
    );

  test("all files sends nothing more, also of those that wait for their turn", async () => {
    service.holdsParts = true;
    const videos = open();
    videos.add(files);
    await settle();
    await actOnAll(videos, "pause");
    for (const part of service.held) part.finish();
    await settle();
    expect(new Set(stages(videos))).toEqual(new Set(["paused"]));
    expect(service.count("PUT")).toBe(6); // two parts of three files
  });

  test("all and resuming all sends three files at once, as before", async () => {
    service.holdsParts = true;
    const videos = open();
    videos.add(files);
    await settle();
    await actOnAll(videos, "pause");
    for (const part of service.held) part.finish();
    await settle();
    await actOnAll(videos, "resume");
    await settle();
    expect(stages(videos).filter((stage) => stage === "uploading")).toHaveLength(3);
    expect(stages(videos).filter((stage) => stage === "queued")).toHaveLength(3);
  });

  test("a file whose check isn't over sends no part after the check", async () => {
    const videos = open();
    const [id = ""] = videos.add([fileOf("a.mp4")]);
    await videos.act(id, "pause");
    await reaches(videos, id, "paused");
    await settle();
    expect(videos.get(id)?.view.stage).toBe("paused");
    expect(service.count("PUT")).toBe(0);
    await videos.act(id, "resume");
    await reaches(videos, id, "waiting");
  });
});

describe("a response that the browser keeps from the page", () => {
  const opaque = { type: "opaque" } as Response;

  function openBehind(isRefused: (url: string) => boolean, options: Partial<VideosOptions> = {}): Videos {
    const refusing = (async (input: string, init: RequestInit = {}) => {
      if (!isRefused(input)) return service.fetch(input, init);
      if (init.mode === "no-cors") return opaque;
      throw new TypeError("Failed to fetch");
    }) as typeof fetch;
    return open({ fetch: refusing, ...options });
  }

  test("of the API is an error that names its setting, and no lost connection", async () => {
    const videos = openBehind(() => true);
    const [id = ""] = videos.add([fileOf("a.mp4")]);
    await reaches(videos, id, "uploadFailed");
    expect(videos.get(id)?.view.error).toMatchObject({
      code: "cors",
      message: expect.stringContaining("CORS_ALLOW_ORIGINS"),
    });
    expect(videos.get(id)?.view.actions).toEqual(["retry", "remove"]);
    await expect(videos.request("/uploads")).rejects.toMatchObject({ code: "cors" });
  });

  test("once isn't a refusal, because the connection may have come back just then", async () => {
    let failures = 1;
    const videos = openBehind((url) => url.endsWith("/s3/multipart") && failures-- > 0);
    const [id = ""] = videos.add([fileOf("a.mp4")]);
    await reaches(videos, id, "offline");
    await vi.advanceTimersByTimeAsync(3_000);
    await reaches(videos, id, "waiting");
  });

  test("after one that the page could read is a lost connection", async () => {
    let isRefused = false;
    const videos = openBehind(() => isRefused);
    const [first = ""] = videos.add([fileOf("a.mp4")]);
    await reaches(videos, first, "waiting");
    isRefused = true;
    const [id = ""] = videos.add([fileOf("b.mp4")]);
    await reaches(videos, id, "offline");
    await expect(videos.request("/uploads")).rejects.toMatchObject({ code: "network" });
  });

  test("of the storage is an error if no byte of any part was sent", async () => {
    const putPart = async (): Promise<never> => Promise.reject(new TypeError("lost"));
    const videos = openBehind((url) => url.startsWith("https://s3.test/"), { putPart });
    const [id = ""] = videos.add([fileOf("a.mp4")]);
    await vi.advanceTimersByTimeAsync(10_000);
    await reaches(videos, id, "uploadFailed");
    expect(videos.get(id)?.view.error).toMatchObject({ code: "cors", message: expect.stringContaining("bucket") });
  });

  test("of the storage is a lost connection after the first bytes", async () => {
    service.holdsParts = true;
    const videos = openBehind((url) => url.startsWith("https://s3.test/"));
    const [id = ""] = videos.add([fileOf("a.mp4")]);
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await vi.advanceTimersByTimeAsync(3_000);
      service.held[attempt]?.sent(10);
      service.held[attempt]?.fail();
    }
    await reaches(videos, id, "offline");
  });
});
