import type { Stage, Video, View } from "@mediaconvert-status/core";
import { expect, test } from "vitest";
import { summarize } from "../src/summary";

function video(stage: Stage, view: Partial<View> = {}, fields: Partial<Video> = {}): Video {
  const whole = { stage, percent: null, uploadPercent: 100, transcodePercent: 0, etaS: null, actions: [], ...view };
  return { id: stage, bytesPerS: null, sizeBytes: null, sentBytes: null, ...fields, view: whole } as unknown as Video;
}

test("an empty list has no percentage", () => {
  expect(summarize([])).toMatchObject({ total: 0, percent: null, bytesPerS: null });
});

test("a file that could not be uploaded is no video", () => {
  const files = [video("complete"), video("uploadFailed"), video("uploadCanceled"), video("failed")];
  expect(summarize(files)).toMatchObject({ total: 2, ready: 1, failed: 2, ended: 4 });
});

test("the percentage is that of everything that still runs", () => {
  const uploading = video("uploading", { uploadPercent: 50, actions: ["pause"] }, { bytesPerS: 1_000 });
  const transcoding = video("transcoding", { transcodePercent: 50 });
  const summary = summarize([uploading, transcoding, video("complete", { transcodePercent: 100 })]);
  expect(summary).toMatchObject({ percent: 50, bytesPerS: 1_000, pausable: ["uploading"], resumable: [] });
});

test("the time left is that of all bytes at the present rate", () => {
  const sending = video("uploading", {}, { sizeBytes: 5_000, sentBytes: 1_000, bytesPerS: 1_000 });
  const queued = video("queued", {}, { sizeBytes: 6_000, sentBytes: 0 });
  expect(summarize([sending, queued, video("transcoding", { etaS: 7 })]).etaS).toBe(10);
  expect(summarize([sending, queued, video("transcoding", { etaS: 99 })]).etaS).toBe(99);
  expect(summarize([queued]).etaS).toBeNull();
});

test("once all is sent, the time left is that of the last job, if each has an estimate", () => {
  const [fast, slow] = [video("transcoding", { etaS: 5 }), video("saving", { etaS: 40 })];
  expect(summarize([fast, slow, video("complete")]).etaS).toBe(40);
  expect(summarize([fast, video("waiting")]).etaS).toBeNull();
});
