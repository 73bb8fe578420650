import { expect, test } from "vitest";

test("importing the elements on a server adds no global, and registers nothing", async () => {
  const before = Object.getOwnPropertyNames(globalThis);
  const { VideoProgress } = await import("@mediaconvert-status/elements");
  await import("@mediaconvert-status/elements/define");
  expect(VideoProgress.observedAttributes).toContain("input-file");
  expect(Object.getOwnPropertyNames(globalThis)).toEqual(before);
});
