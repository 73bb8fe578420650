import { describe, expect, test } from "vitest";
import type { Job } from "../src/api_types";
import { isFollowed, newItem, smoothed, type Upload, viewOf, withJob, withProgress } from "../src/item";

const item = newItem({ id: "a", inputFile: "uploads/x/a.mp4", sizeBytes: 1_000 });

function job(known: Partial<Job> = {}): Job {
  return {
    job_id: "1-a",
    input_file: "uploads/x/a.mp4",
    file_name: "a.mp4",
    status: "PROGRESSING",
    progress_percent: null,
    phase: "TRANSCODING",
    eta_s: null,
    submitted_at: "2026-01-01T00:00:00Z",
    updated_at: "2026-01-01T00:00:10Z",
    output: null,
    error: null,
    warnings: [],
    ...known,
  };
}

function sending(known: Partial<Upload> = {}): Upload {
  return { phase: "sending", sentBytes: 500, bytesPerS: 100, problem: null, ...known };
}

describe("news of a job", () => {
  test("never lowers its percentage", () => {
    const later = { progress_percent: 20, updated_at: "2026-01-01T00:00:20Z" };
    const known = withJob(withJob(item, job({ progress_percent: 40 })), job(later));
    expect(viewOf(known).percent).toBe(40);
  });

  test("keeps the percentage when a later event has none", () => {
    const known = withJob(withJob(item, job({ progress_percent: 40 })), job({ updated_at: "2026-01-01T00:01:00Z" }));
    expect(viewOf(known).percent).toBe(40);
  });

  test("is passed over when it is older than what is known", () => {
    const older = job({ phase: "PROBING", updated_at: "2026-01-01T00:00:05Z" });
    expect(viewOf(withJob(withJob(item, job()), older)).stage).toBe("transcoding");
  });

  test.each(["COMPLETE", "ERROR", "CANCELED"] as const)("changes nothing after %s", (status) => {
    const over = withJob(item, job({ status }));
    expect(withJob(over, job({ updated_at: "2026-01-02T00:00:00Z" })).job?.status).toBe(status);
  });

  test("of a newer job of the same file begins anew", () => {
    const failed = withJob(item, job({ status: "ERROR" }));
    const another = job({ job_id: "2-b", status: "SUBMITTED", submitted_at: "2026-01-01T01:00:00Z" });
    expect(withJob(failed, another)).toMatchObject({ jobId: "2-b", job: { status: "SUBMITTED" } });
  });

  test("that another job was asked for takes the place of the failed one, which doesn't come back", () => {
    const failed = withJob(item, job({ status: "ERROR" }));
    const asked = withJob(failed, job({ job_id: null, status: "SUBMITTED", phase: null, submitted_at: null }));
    expect(viewOf(asked).stage).toBe("waiting");
    expect(isFollowed(asked)).toBe(true);
    expect(withJob(asked, job({ status: "ERROR" }))).toBe(asked);
    expect(withJob(asked, job({ job_id: "2-b" })).jobId).toBe("2-b");
  });

  test("of an older job of the same file is passed over", () => {
    const older = job({ job_id: "0-z", submitted_at: "2025-01-01T00:00:00Z" });
    expect(withJob(withJob(item, job()), older).jobId).toBe("1-a");
  });

  test("that the file is still awaited doesn't take its job away", () => {
    const awaited = job({ job_id: null, status: "AWAITING_UPLOAD" });
    expect(withJob(withJob(item, job()), awaited).jobId).toBe("1-a");
  });

  test("ends the upload that it came of, also another tab's", () => {
    const elsewhere = { ...item, upload: sending(), isElsewhere: true };
    expect(withJob(elsewhere, job())).toMatchObject({ upload: null, isElsewhere: false, isUploaded: true });
  });

  test("from the light answer is taken for that job only", () => {
    const known = withJob(item, job());
    const { job_id: _, ...rest } = job({ progress_percent: 50 });
    expect(viewOf(withProgress(known, { ...rest, job_id: "1-a" })).percent).toBe(50);
    expect(withProgress(known, { ...rest, job_id: "9-x" })).toBe(known);
  });
});

describe("the one bar", () => {
  test("says no 100 % before S3 has confirmed the file", () => {
    expect(viewOf({ ...item, upload: sending({ sentBytes: 1_000 }) }).percent).toBe(99);
  });

  test("tells the time left of an upload by its speed", () => {
    expect(viewOf({ ...item, upload: sending() }).remainingS).toBe(5);
    expect(viewOf({ ...item, upload: sending({ phase: "paused" }) }).remainingS).toBeNull();
  });

  test("has no end in sight where the API gives no percentage", () => {
    expect(viewOf(withJob(item, job()))).toMatchObject({ percent: null, uploadPercent: 100, transcodePercent: 0 });
  });

  test("stands at its end once the video plays", () => {
    const view = viewOf(withJob(item, job({ status: "COMPLETE", progress_percent: 100 })));
    expect(view).toMatchObject({ stage: "complete", uploadPercent: 100, transcodePercent: 100 });
  });

  test.each([
    ["PROBING", "probing"],
    ["TRANSCODING", "transcoding"],
    ["UPLOADING", "saving"],
    [null, "transcoding"],
  ])("names the phase %s", (phase, stage) => {
    expect(viewOf(withJob(item, job({ phase }))).stage).toBe(stage);
  });
});

describe("a file found again", () => {
  const awaited = job({ job_id: null, status: "AWAITING_UPLOAD", phase: null });

  test("whose upload broke off can be taken up again", () => {
    expect(viewOf(withJob(item, awaited)).stage).toBe("interrupted");
  });

  test("that is all there waits for its job", () => {
    expect(viewOf(withJob({ ...item, isUploaded: true }, awaited)).stage).toBe("waiting");
  });

  test("is followed until it is over, unless this tab is sending it", () => {
    expect(isFollowed(item)).toBe(true);
    expect(isFollowed({ ...item, upload: sending() })).toBe(false);
    expect(isFollowed({ ...item, upload: sending(), isElsewhere: true })).toBe(true);
    expect(isFollowed(withJob(item, job({ status: "ERROR" })))).toBe(false);
    expect(isFollowed({ ...item, isGone: true })).toBe(false);
  });
});

test("the speed is steadied", () => {
  expect(smoothed(null, 100)).toBe(100);
  expect(smoothed(100, 200)).toBe(130);
});
