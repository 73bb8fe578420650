import { expect, test } from "vitest";
import { newItem } from "../src/list_item";
import { followTarget, isVisible, parseJobId, sharedItemId } from "../src/views";

const ownFile = newItem({ id: "file-uploads/x/a.mp4", inputFile: "uploads/x/a.mp4", jobId: "1-a" });
const sharedJob = newItem({ id: sharedItemId("2-b"), inputFile: "uploads/y/b.mp4", jobId: "2-b" });

test.each([
  ["#/job/1-a", "1-a"],
  ["#/job/", null],
  ["#/job/1-a/x", null],
  ["", null],
])("the hash %j names the job %j", (hash, jobId) => {
  expect(parseJobId(hash)).toBe(jobId);
});

test("the list shows this browser's files only, and a job's view that job only", () => {
  expect([isVisible(ownFile, null), isVisible(sharedJob, null)]).toEqual([true, false]);
  expect([isVisible(ownFile, "1-a"), isVisible(sharedJob, "1-a")]).toEqual([true, false]);
  expect([isVisible(ownFile, "2-b"), isVisible(sharedJob, "2-b")]).toEqual([false, true]);
});

test("a file is followed by its key, so that its retries are followed too, and a shared job by its id", () => {
  expect(followTarget(ownFile)).toMatchObject({ parameter: "input_file", value: "uploads/x/a.mp4" });
  expect(followTarget(sharedJob)).toMatchObject({ parameter: "job_id", value: "2-b" });
});
