import { expect, test } from "vitest";
import { checkFile, contentTypeOf } from "../src/acceptance.ts";

test.each([
  ["a.mkv", "video/matroska", "video/x-matroska"], // Chromium
  ["a.MKV", "", "video/x-matroska"],
  ["a.ts", "video/vnd.dlna.mpeg-tts", "video/mp2t"], // Windows
  ["a.ts", "text/vnd.trolltech.linguist", "video/mp2t"], // Linux
  ["a.avi", "video/vnd.avi", "video/x-msvideo"],
  ["a.mxf", "", "application/mxf"],
  ["a.m4v", "video/x-m4v", "video/mp4"],
  ["song.m4a", "audio/x-m4a", "audio/mp4"],
  ["song.opus", "", "audio/ogg"],
  ["song.ogg", "audio/ogg", "audio/ogg"],
  ["recording", "video/webm;codecs=vp9", "video/webm;codecs=vp9"],
  ["notes.txt", "text/plain", "text/plain"],
  ["unknown", "", "application/octet-stream"],
])("%s, called %j by the browser, is announced as %s", (name, type, contentType) => {
  expect(contentTypeOf({ name, type })).toBe(contentType);
});

const limits = { content_types: ["video/mp4", "video/X-Matroska"], max_size_bytes: 1_000, max_duration_ms: 60_000 };

test.each([
  [{ name: "a.mp4", type: "video/mp4", size: 1_000 }, null],
  [{ name: "a.mkv", type: "video/matroska", size: 1 }, null],
  [{ name: "a.mp4", type: "video/mp4", size: 0 }, "empty"],
  [{ name: "a.mp4", type: "video/mp4", size: 1_001 }, "upload_too_large"],
  [{ name: "a.txt", type: "text/plain", size: 1 }, "unsupported_content_type"],
  [{ name: "a.mp4", type: "video/mp4", size: 1, durationMs: 60_001 }, "upload_too_long"],
  [{ name: "a.mp4", type: "video/mp4", size: 1, durationMs: null }, null],
])("the file %j has the problem %j", (file, problem) => {
  expect(checkFile(file, limits)).toBe(problem);
});

test("without limits only an empty file is refused", () => {
  expect(checkFile({ name: "a.txt", type: "text/plain", size: 1 }, null)).toBeNull();
  expect(checkFile({ name: "a.txt", type: "text/plain", size: 0 }, null)).toBe("empty");
});

const profiles = [
  { name: "hls", content_types: ["video/mp4"], extensions: [] },
  { name: "audio", content_types: ["video/mp4", "audio/mpeg"], extensions: [] },
];

test.each([
  ["audio", null],
  ["hls", "unsupported_content_type"],
  [undefined, "unsupported_content_type"],
  ["unknown", "unsupported_content_type"],
])("with the profile %j, the problem of an MP3 file is %j", (profile, problem) => {
  const limitsOfAll = { content_types: ["video/mp4"], profiles };
  expect(checkFile({ name: "a.mp3", type: "audio/mpeg", size: 1 }, limitsOfAll, profile)).toBe(problem);
});
