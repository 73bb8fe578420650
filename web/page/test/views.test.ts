import { expect, test } from "vitest";
import { parseJobId } from "../src/views";

test.each([
  ["#/job/1-a", "1-a"],
  ["#/job/", null],
  ["#/job/1-a/x", null],
  ["", null],
])("the hash %j names the job %j", (hash, jobId) => {
  expect(parseJobId(hash)).toBe(jobId);
});
