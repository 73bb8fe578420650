import { expect, test } from "vitest";
import { formatBytes, formatCount, formatDuration, formatPercent, formatRemaining } from "../src/format.ts";

test.each([
  [0, "0 bytes"],
  [999, "999 bytes"],
  [11_000, "11 kB"],
  [64_657_027, "64.7 MB"],
  [5_368_709_120, "5.4 GB"],
  [123_456_789_012_345, "123 TB"],
])("%i bytes are %s", (bytes, text) => {
  expect(formatBytes(bytes, "en")).toBe(text);
});

test.each([
  [0, "0:00"],
  [20_041, "0:20"],
  [59_999, "1:00"],
  [3_723_000, "1:02:03"],
])("%i ms are %s", (durationMs, text) => {
  expect(formatDuration(durationMs)).toBe(text);
});

test.each([
  [0, "1 sec"],
  [7, "7 sec"],
  [12, "15 sec"],
  [59, "60 sec"],
  [170, "3 min"],
  [3_590, "1 hr"],
  [4_800, "1 hr 20 min"],
  [7_190, "2 hr"],
])("%i s left are %s", (seconds, text) => {
  expect(formatRemaining(seconds, "en")).toBe(text);
});

test("numbers are in the user's language", () => {
  expect(formatRemaining(180, "ja")).toBe("3 分");
  expect(formatPercent(42, "ja")).toBe("42%");
});

test.each([
  [0, "0"],
  [12_000, "12,000"],
])("the count %i is %s", (count, text) => {
  expect(formatCount(count, "en")).toBe(text);
});
