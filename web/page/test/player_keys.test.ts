import { expect, test } from "vitest";
import { commandOf, nextRate, RATES, seekTime } from "../src/player_keys";

const none = { ctrlKey: false, altKey: false, metaKey: false };

test.each([
  [" ", { kind: "toggle", what: "play" }],
  ["K", { kind: "toggle", what: "play" }],
  ["f", { kind: "toggle", what: "fullscreen" }],
  ["ArrowRight", { kind: "seek", byS: 5 }],
  [">", { kind: "rate", step: 1 }],
  ["7", { kind: "seekTo", part: 0.7 }],
  ["Enter", null],
  ["Tab", null],
  ["x", null],
])("the key %j", (key, command) => {
  expect(commandOf({ key, ...none })).toEqual(command);
});

test("keys with a modifier belong to the browser", () => {
  for (const modifier of ["ctrlKey", "altKey", "metaKey"]) {
    expect(commandOf({ key: "f", ...none, [modifier]: true })).toBeNull();
  }
});

test("a rate is changed in steps, and stays between the slowest and the fastest", () => {
  expect(nextRate(1, 1)).toBe(1.25);
  expect(nextRate(1.3, -1)).toBe(1);
  expect(nextRate(2, 1)).toBe(RATES.at(-1));
  expect(nextRate(0.5, -1)).toBe(RATES[0]);
});

test.each([
  [{ kind: "seek", byS: 10 } as const, 55, 60],
  [{ kind: "seek", byS: -10 } as const, 5, 0],
  [{ kind: "seekTo", part: 0.5 } as const, 5, 30],
  [{ kind: "rate", step: 1 } as const, 5, null],
])("%j at %i s of 60 goes to %j", (command, currentS, timeS) => {
  expect(seekTime(command, currentS, 60)).toBe(timeS);
});

test("a video of unknown length isn't moved", () => {
  expect(seekTime({ kind: "seekTo", part: 0.5 }, 5, Number.NaN)).toBeNull();
});
