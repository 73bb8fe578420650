import type { Video } from "@mediaconvert-status/core";
import { expect, test } from "vitest";
import { posterUrl } from "../src/card_content";

test.each([
  [null, null],
  [{ output: null }, null],
  [{ output: {} }, null],
  [{ output: { poster_url: null } }, null],
  [{ output: { poster_url: "https://videos.example/poster.jpg" } }, "https://videos.example/poster.jpg"],
])("the poster of the job %j is %j", (job, url) => {
  expect(posterUrl({ job } as unknown as Video)).toBe(url);
});
