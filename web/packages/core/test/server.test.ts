import { expect, test } from "vitest";

test("importing and using the package on a server adds no global, and reads an empty list", async () => {
  const before = Object.getOwnPropertyNames(globalThis);
  const { createVideos } = await import("../src/index.ts");
  const videos = createVideos({ apiBaseUrl: "https://api.test" });
  expect(videos.getSnapshot()).toEqual([]);
  expect(videos.get("a")).toBeUndefined();
  videos.close();
  expect(Object.getOwnPropertyNames(globalThis)).toEqual(before);
});

test("two copies of the package recognise each other's errors", async () => {
  const { isVideoError } = await import("../src/index.ts");
  class VideoError extends Error {
    override name = "VideoError";
    code = "network";
  }
  expect(isVideoError(new VideoError())).toBe(true);
  expect(isVideoError(new Error("VideoError"))).toBe(false);
});
