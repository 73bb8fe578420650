import { expect, test } from "vitest";
import { backoffMs } from "../src/backoff.ts";

test("the delay doubles with each failure, up to half a minute plus its variation", () => {
  expect([1, 2, 3, 4, 20].map((failures) => backoffMs(failures, 0.5))).toEqual([1_000, 2_000, 4_000, 8_000, 30_000]);
  expect(backoffMs(20, 1)).toBe(37_500);
});
