import { describe, expect, test } from "vitest";
import type { Job } from "../src/api_types.ts";
import { type Item, newItem, newUpload, type UploadState } from "../src/item.ts";
import { en } from "../src/languages/en.ts";
import { shouldFollow, withJob, withProgress } from "../src/merge.ts";
import * as view from "../src/view.ts";

const viewOf = (each: Item): view.View => view.viewOf(each, 0, en);

const item = newItem({ id: "a", inputFile: "uploads/x/a.mp4", sizeBytes: 1_000 });

function job(fields: Partial<Job> = {}): Job {
  return {
    job_id: "1-a",
    input_file: "uploads/x/a.mp4",
    file_name: "a.mp4",
    external_id: null,
    metadata: {},
    profile: "hls",
    status: "PROGRESSING",
    progress_percent: null,
    queue: null,
    phase: "TRANSCODING",
    eta_s: null,
    submitted_at: "2026-01-01T00:00:00Z",
    updated_at: "2026-01-01T00:00:10Z",
    estimate: null,
    billed: null,
    output: null,
    error: null,
    warnings: [],
    cancel_requested: false,
    ...fields,
  };
}

function queued(fields: Partial<Job> = {}): Job {
  return job({ job_id: null, status: "QUEUED", phase: null, submitted_at: null, ...fields });
}

function sending(fields: Partial<UploadState> = {}): UploadState {
  return newUpload({ phase: "sending", sentBytes: 500, bytesPerS: 100, ...fields });
}

describe("an update of a job", () => {
  test("never decreases its percentage", () => {
    const later = { progress_percent: 20, updated_at: "2026-01-01T00:00:20Z" };
    const known = withJob(withJob(item, job({ progress_percent: 40 })), job(later));
    expect(viewOf(known).percent).toBe(40);
  });

  test("keeps the percentage if it has none itself", () => {
    const known = withJob(withJob(item, job({ progress_percent: 40 })), job({ updated_at: "2026-01-01T00:01:00Z" }));
    expect(viewOf(known).percent).toBe(40);
  });

  test("is ignored if it is older than the present state", () => {
    const older = job({ phase: "PROBING", updated_at: "2026-01-01T00:00:05Z" });
    expect(viewOf(withJob(withJob(item, job()), older)).stage).toBe("transcoding");
  });

  test.each(["COMPLETE", "ERROR", "CANCELED"] as const)("changes nothing after %s", (status) => {
    const over = withJob(item, job({ status }));
    expect(withJob(over, job({ updated_at: "2026-01-02T00:00:00Z" })).job?.status).toBe(status);
  });

  test("replaces the job if it is a newer job of the same file", () => {
    const failed = withJob(item, job({ status: "ERROR" }));
    const newer = job({ job_id: "2-b", status: "SUBMITTED", submitted_at: "2026-01-01T01:00:00Z" });
    expect(withJob(failed, newer)).toMatchObject({ jobId: "2-b", job: { status: "SUBMITTED" } });
  });

  test("replaces a failed job by the requested retry, and later updates of the failed job are ignored", () => {
    const failed = withJob(item, job({ status: "ERROR" }));
    const retried = withJob(failed, queued({ updated_at: "2026-01-01T00:00:20Z" }));
    expect(viewOf(retried).stage).toBe("waiting");
    expect(shouldFollow(retried)).toBe(true);
    expect(withJob(retried, job({ status: "ERROR" }))).toBe(retried);
    expect(withJob(retried, job({ job_id: "2-b" })).jobId).toBe("2-b");
  });

  test("shows a requested cancel, also one of another tab, until the job is over", () => {
    const requested = withJob(item, job({ cancel_requested: true }));
    expect(requested.isCanceling).toBe(true);
    expect(withJob(requested, job({ status: "CANCELED" })).isCanceling).toBe(false);
  });

  test("is ignored if it is an older job of the same file", () => {
    const older = job({ job_id: "0-z", submitted_at: "2025-01-01T00:00:00Z" });
    expect(withJob(withJob(item, job()), older).jobId).toBe("1-a");
  });

  test("keeps the job if it says that the upload is awaited", () => {
    const awaitingUpload = job({ job_id: null, status: "AWAITING_UPLOAD" });
    expect(withJob(withJob(item, job()), awaitingUpload).jobId).toBe("1-a");
  });

  test("keeps the end of a job if it says that the job was queued before", () => {
    const failed = withJob(item, job({ status: "ERROR" }));
    expect(withJob(failed, queued({ updated_at: "2026-01-01T00:00:09Z" })).job?.status).toBe("ERROR");
  });

  test("of a queued file replaces the awaited upload, and not the other way round", () => {
    const awaitingUpload = job({ job_id: null, status: "AWAITING_UPLOAD", phase: null });
    const waiting = withJob(withJob(item, awaitingUpload), queued());
    expect(waiting).toMatchObject({ isUploaded: true, jobId: null, job: { status: "QUEUED" } });
    expect(withJob(waiting, awaitingUpload).job?.status).toBe("QUEUED");
    expect(withJob(waiting, job({ status: "SUBMITTED" })).jobId).toBe("1-a");
    expect(withJob(withJob(item, job({ status: "SUBMITTED" })), queued()).job?.status).toBe("SUBMITTED");
  });

  test("never increases the number of files ahead of it while it waits", () => {
    const behind = (ahead: number, fields: Partial<Job> = {}): Job =>
      queued({ queue: { ahead, eta_s: 60 }, ...fields });
    const place = (...states: Job[]): number | undefined => states.reduce(withJob, item).job?.queue?.ahead;
    expect(place(behind(12), behind(9))).toBe(9);
    expect(place(behind(9), behind(12))).toBe(9);
    expect(place(behind(9), behind(12, { job_id: "1-a", status: "SUBMITTED" }))).toBe(9);
    expect(place(behind(9), behind(12, { updated_at: "2026-01-01T00:01:00Z" }))).toBe(12);
    expect(place(behind(9), queued())).toBeUndefined();
  });

  test("ends the upload, also one of another tab", () => {
    const otherTabs = { ...item, upload: sending(), isInOtherTab: true };
    expect(withJob(otherTabs, job())).toMatchObject({ upload: null, isInOtherTab: false, isUploaded: true });
  });

  test("by its progress applies to that job only", () => {
    const known = withJob(item, job());
    const { job_id: _, ...rest } = job({ progress_percent: 50 });
    expect(viewOf(withProgress(known, { ...rest, job_id: "1-a" })).percent).toBe(50);
    expect(withProgress(known, { ...rest, job_id: "9-x" })).toBe(known);
  });
});

test("the progress of a job that has started ends its place in the queue", () => {
  const waiting = withJob(item, job({ status: "SUBMITTED", queue: { ahead: 3, eta_s: null } }));
  const { job_id: _, ...rest } = job({ status: "SUBMITTED" });
  expect(withProgress(waiting, { ...rest, job_id: "1-a" }).job?.queue?.ahead).toBe(3);
  expect(withProgress(waiting, { ...rest, job_id: "1-a", status: "PROGRESSING" }).job?.queue).toBeNull();
});

describe("the progress bar", () => {
  test("doesn't show 100 % before S3 has confirmed the file", () => {
    expect(viewOf({ ...item, upload: sending({ sentBytes: 1_000 }) }).percent).toBe(99);
  });

  test("shows the time left of an upload from its rate", () => {
    expect(viewOf({ ...item, upload: sending() }).etaS).toBe(5);
    expect(viewOf({ ...item, upload: sending({ phase: "paused" }) }).etaS).toBeNull();
  });

  test("is indeterminate if the API returns no percentage", () => {
    expect(viewOf(withJob(item, job()))).toMatchObject({ percent: null, uploadPercent: 100, transcodePercent: 0 });
  });

  test("is full once the video plays", () => {
    const view = viewOf(withJob(item, job({ status: "COMPLETE", progress_percent: 100 })));
    expect(view).toMatchObject({ stage: "complete", uploadPercent: 100, transcodePercent: 100 });
  });

  test("doesn't move while the file waits for its job, and then for MediaConvert", () => {
    const waiting = withJob(item, queued());
    const bar = { stage: "waiting", percent: null, uploadPercent: 100, transcodePercent: 0 };
    expect(viewOf(waiting)).toMatchObject(bar);
    expect(viewOf(withJob(waiting, job({ status: "SUBMITTED" })))).toMatchObject(bar);
  });

  test.each([
    ["PROBING", "probing"],
    ["TRANSCODING", "transcoding"],
    ["UPLOADING", "saving"],
    [null, "transcoding"],
  ])("shows the phase %s as the stage %s", (phase, stage) => {
    expect(viewOf(withJob(item, job({ phase }))).stage).toBe(stage);
  });
});

describe("a file of an earlier visit", () => {
  const awaitingUpload = job({ job_id: null, status: "AWAITING_UPLOAD", phase: null });

  test("is shown as interrupted if its upload isn't complete", () => {
    expect(viewOf(withJob(item, awaitingUpload)).stage).toBe("interrupted");
  });

  test("waits for its job if it is uploaded", () => {
    expect(viewOf(withJob({ ...item, isUploaded: true }, awaitingUpload)).stage).toBe("waiting");
  });

  test("is followed until its job is final, unless this tab is sending it", () => {
    expect(shouldFollow(item)).toBe(true);
    expect(shouldFollow({ ...item, upload: sending() })).toBe(false);
    expect(shouldFollow({ ...item, upload: sending(), isInOtherTab: true })).toBe(true);
    expect(shouldFollow(withJob(item, job({ status: "ERROR" })))).toBe(false);
    expect(shouldFollow({ ...item, isNotFound: true })).toBe(false);
  });
});
