import { expect, test } from "vitest";
import { progressIcon } from "../src/favicon";

test.each([
  [0, "0.0"],
  [50, "40.8"],
  [100, "81.7"],
  [130, "81.7"],
  [-5, "0.0"],
])("%i percent fill %s of the ring", (percent, length) => {
  expect(decodeURIComponent(progressIcon(percent))).toContain(`stroke-dasharray="${length} 81.7"`);
});
