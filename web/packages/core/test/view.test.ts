import { describe, expect, test } from "vitest";
import type { Job } from "../src/api_types.ts";
import { type Item, newItem, newUpload, type UploadState } from "../src/item.ts";
import { en } from "../src/languages/en.ts";
import { type Stage, stageOf, viewOf } from "../src/view.ts";

const item = newItem({ id: "a", inputFile: "uploads/x/a.mp4", sizeBytes: 1_000 });

function jobItem(job: Partial<Job>, fields: Partial<Item> = {}): Item {
  const whole = { job_id: "1-a", input_file: item.inputFile, queue: null, progress_percent: null, eta_s: null, ...job };
  return { ...item, jobId: "1-a", isUploaded: true, job: { error: null, phase: null, ...whole } as Job, ...fields };
}

function uploadItem(upload: Partial<UploadState>): Item {
  return { ...item, upload: newUpload(upload) };
}

const ITEMS: Record<Stage, Item> = {
  loading: item,
  queued: uploadItem({ phase: "queued" }),
  uploading: uploadItem({ phase: "sending", sentBytes: 500, bytesPerS: 100 }),
  pausing: uploadItem({ phase: "pausing", sentBytes: 500 }),
  paused: uploadItem({ phase: "paused", sentBytes: 500 }),
  offline: uploadItem({ phase: "offline", sentBytes: 500 }),
  finishing: uploadItem({ phase: "finishing", sentBytes: 1_000 }),
  interrupted: { ...item, confirmedBytes: 400, job: jobItem({ status: "AWAITING_UPLOAD" }).job },
  uploadFailed: uploadItem({ phase: "failed", problem: "network" }),
  uploadCanceled: uploadItem({ phase: "canceled" }),
  waiting: { ...jobItem({ status: "QUEUED", job_id: null }), jobId: null },
  probing: jobItem({ status: "PROGRESSING", phase: "PROBING" }),
  transcoding: jobItem({ status: "PROGRESSING", phase: "TRANSCODING", progress_percent: 42, eta_s: 30 }),
  saving: jobItem({ status: "PROGRESSING", phase: "UPLOADING", progress_percent: 99 }),
  complete: jobItem({ status: "COMPLETE" }),
  failed: jobItem({ status: "ERROR", error: { code: 1517, message: "internal", reason: null } }),
  canceled: jobItem({ status: "CANCELED" }),
  gone: { ...item, isNotFound: true },
};

describe.each(Object.entries(ITEMS))("the stage %s", (stage, each) => {
  const view = viewOf(each, 0, en);

  test("has words and an action", () => {
    expect(stageOf(each)).toBe(stage);
    expect(view.words).not.toMatch(/^$|[{}]/);
    expect(view.actions.length).toBeGreaterThan(0);
  });

  test("has percentages from 0 to 100", () => {
    for (const percent of [view.percent ?? 0, view.uploadPercent, view.transcodePercent]) {
      expect(percent).toBeGreaterThanOrEqual(0);
      expect(percent).toBeLessThanOrEqual(100);
    }
  });
});

test("an interrupted upload shows the bytes that S3 has", () => {
  expect(viewOf(ITEMS.interrupted, 0, en)).toMatchObject({
    percent: 40,
    uploadPercent: 40,
    actions: ["chooseFile", "cancel"],
  });
});

test("no estimate is older than 20 s: then the view says since when there is no news", () => {
  const running = ITEMS.transcoding;
  expect(viewOf(running, 12_000, en)).toMatchObject({ etaS: 18, staleForS: null });
  expect(viewOf(running, 19_999, en).etaS).toBe(10);
  const stale = viewOf(running, 42_000, en);
  expect(stale).toMatchObject({ etaS: null, staleForS: 40, percent: 42 });
  expect(stale.words).toBe("Transcoding · 42% · no news for 40 sec");
});

test("an estimate that is over isn't shown as one second for long", () => {
  const running = jobItem({ status: "PROGRESSING", phase: "TRANSCODING", eta_s: 1 });
  expect([0, 2_000, 5_000].map((nowMs) => viewOf(running, nowMs, en).etaS)).toEqual([1, 1, null]);
});

test("an upload without any byte sent for 20 s says so too", () => {
  expect(viewOf(ITEMS.uploading, 25_000, en)).toMatchObject({ etaS: null, staleForS: 25 });
});

test("a wait for the job is longer than usual after a minute, or after twice its estimate", () => {
  const waiting = ITEMS.waiting;
  expect(viewOf(waiting, 59_000, en).words).toBe("Uploaded, waiting to be transcoded");
  expect(viewOf(waiting, 61_000, en).words).toBe("Uploaded, waiting to be transcoded, longer than usual");
  const behind = jobItem({ status: "SUBMITTED", queue: { ahead: 3, eta_s: 100 } });
  expect(viewOf(behind, 150_000, en).words).not.toContain("longer");
  expect(viewOf(behind, 201_000, en).words).toContain("longer than usual");
});

test("a retry is offered for what a retry can solve", () => {
  const unreadable = jobItem({ status: "ERROR", error: { code: 1010, message: "no video", reason: null } });
  expect(viewOf(unreadable, 0, en).actions).toEqual(["remove"]);
  expect(viewOf(ITEMS.failed, 0, en).actions).toEqual(["retry", "remove"]);
  expect(viewOf(uploadItem({ phase: "failed", problem: "empty" }), 0, en).actions).toEqual(["remove"]);
  expect(viewOf(ITEMS.uploadFailed, 0, en).actions).toEqual(["retry", "remove"]);
});

test("a clock that was set back shows no negative age", () => {
  expect(viewOf({ ...ITEMS.transcoding, newsMs: 1_000_000 }, 0, en)).toMatchObject({ etaS: 30, staleForS: null });
});

test("an upload in another tab has no actions here", () => {
  const elsewhere = { ...ITEMS.uploading, isInOtherTab: true };
  expect(viewOf(elsewhere, 0, en)).toMatchObject({ actions: [], stageWords: "Uploading · 50% in another tab" });
});
