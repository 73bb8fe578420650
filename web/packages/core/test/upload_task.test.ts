import { expect, test } from "vitest";
import { measureRate, newTask, smoothRate } from "../src/upload_task";

test("the rate is a moving average", () => {
  expect(smoothRate(null, 100)).toBe(100);
  expect(smoothRate(100, 200)).toBe(130);
});

test("the rate is measured every half second, and never negative", () => {
  const task = newTask("a", new File([], "a.mp4"), null);
  expect(measureRate(task, 1_000, 1_000)).toBeNull();
  expect(measureRate(task, 2_000, 1_400)).toBeNull();
  expect(measureRate(task, 3_000, 2_000)).toBe(2_000);
  expect(measureRate(task, 0, 3_000)).toBe(0);
});
