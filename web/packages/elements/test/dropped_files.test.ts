import { expect, test } from "vitest";
import { videosOf } from "../src/dropped_files.ts";

const named = (...names: string[]): File[] => names.map((name) => new File(["x"], name));
const names = (files: readonly File[]): string[] => files.map(({ name }) => name);

test("a folder's videos are uploaded, its other files are counted, and its hidden files are ignored", () => {
  const { files, leftOut } = videosOf(named("a.MP4", "b.mkv", "c.mxf", "d.txt", "e", "._a.mp4", ".DS_Store"), false);
  expect(names(files)).toEqual(["a.MP4", "b.mkv", "c.mxf"]);
  expect(leftOut).toBe(2);
});

test("audio files are uploaded with a profile only", () => {
  expect(videosOf(named("a.mp3"), false)).toEqual({ files: [], leftOut: 1 });
  expect(names(videosOf(named("a.mp3"), true).files)).toEqual(["a.mp3"]);
});

test("a type that only the browser knows counts", () => {
  expect(videosOf([new File(["x"], "a.unknown", { type: "video/x-new" })], false).files).toHaveLength(1);
});
