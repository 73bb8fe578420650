import { describe, expect, test } from "vitest";
import { en, type TextKey } from "../src/languages/en.ts";
import { ja } from "../src/languages/ja.ts";
import { isInputError, jobErrorText, textIn, uploadErrorText, waitingText } from "../src/words.ts";

const placeholders = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).sort();

describe("every language", () => {
  test("has the same keys", () => {
    expect(Object.keys(ja.texts).sort()).toEqual(Object.keys(en.texts).sort());
  });

  test.each(Object.keys(en.texts) as TextKey[])("has the text %s, with the same placeholders", (key) => {
    expect(ja.texts[key].trim()).not.toBe("");
    expect(placeholders(ja.texts[key])).toEqual(placeholders(en.texts[key]));
  });
});

test("placeholders are replaced, and one without a value stays visible", () => {
  expect(textIn(en, "action.of", { action: "Pause", file: "a.mp4" })).toBe("Pause: a.mp4");
  expect(textIn(en, "bar.left")).toBe("{time} left");
});

test("a value is inserted unchanged, even if it looks like a pattern or a placeholder", () => {
  expect(textIn(en, "action.of", { action: "$& {file}", file: "x" })).toBe("$& {file}: x");
});

test.each([
  [1010, "jobError.input"],
  [1030, "jobError.codec"],
  [1404, "jobError.missing"],
  [413, "jobError.tooLarge"],
  [422, "jobError.empty"],
  [429, "jobError.budget"],
  [403, "jobError.access"],
  [1040, "jobError.settings"],
  [1517, "jobError.service"],
  [1999, "jobError.other"],
  [777, "jobError.other"],
])("a job's error code %i has the text %s", (code, key) => {
  expect(jobErrorText(code)).toBe(key);
});

test("an unknown error code of the API has a text too", () => {
  expect(uploadErrorText(en, "upload_too_large")).toBe("uploadError.upload_too_large");
  expect(uploadErrorText(en, "something_new")).toBe("uploadError.other");
});

test.each([
  [null, "Uploaded, waiting to be transcoded"],
  [{ ahead: 0, eta_s: 20 }, "Uploaded, next to be transcoded"],
  [{ ahead: 12, eta_s: null }, "Waiting for its turn, 12 ahead"],
  [{ ahead: 12, eta_s: 180 }, "Waiting for its turn, 12 ahead, about 3 min"],
])("a file with the place %j is shown as %j", (place, text) => {
  expect(waitingText(en, place)).toBe(text);
});

test.each([
  [1010, true],
  [1021, true],
  [1030, true],
  [1517, false],
  [403, false],
])("another job of a file with the error %i would fail too: %s", (code, isInput) => {
  expect(isInputError(code)).toBe(isInput);
});
