import { expect, test } from "vitest";
import { measureRate, newRateMeter, smoothRate } from "../src/upload_rate.ts";

test("the rate is a moving average", () => {
  expect(smoothRate(null, 100)).toBe(100);
  expect(smoothRate(100, 200)).toBe(130);
});

test("the rate is measured every half second, and never negative", () => {
  const first = measureRate(newRateMeter(), 1_000, 1_000);
  expect(first.bytesPerS).toBeNull();
  expect(measureRate(first, 2_000, 1_400)).toBe(first);
  const second = measureRate(first, 3_000, 2_000);
  expect(second.bytesPerS).toBe(2_000);
  expect(measureRate({ ...second, bytesPerS: null }, 0, 3_000).bytesPerS).toBe(0);
});
