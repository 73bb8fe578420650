import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { DelayedDeletions } from "../src/delayed_deletions";

let deleted: string[];
let deletions: DelayedDeletions;

beforeEach(() => {
  vi.useFakeTimers();
  deleted = [];
  deletions = new DelayedDeletions({ undoMs: 8_000, onDue: (inputFile) => deleted.push(inputFile) });
});

afterEach(() => {
  vi.useRealTimers();
});

test("each deletion waits for itself", () => {
  deletions.add("a");
  vi.advanceTimersByTime(5_000);
  deletions.add("b");
  expect(deletions.has("a")).toBe(true);
  vi.advanceTimersByTime(3_000);
  expect(deleted).toEqual(["a"]);
  expect(deletions.has("a")).toBe(false);
  vi.advanceTimersByTime(5_000);
  expect(deleted).toEqual(["a", "b"]);
});

test("a deletion that is undone is never sent", () => {
  deletions.add("a");
  deletions.undo("a");
  vi.advanceTimersByTime(60_000);
  deletions.commitAll();
  expect(deleted).toEqual([]);
});

test("what waits is deleted once when the page is closed", () => {
  deletions.add("a");
  deletions.add("b");
  deletions.undo("b");
  deletions.commitAll();
  vi.advanceTimersByTime(60_000);
  expect(deleted).toEqual(["a"]);
});
