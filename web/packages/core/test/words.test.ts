import { describe, expect, test } from "vitest";
import { chooseLanguage, jobErrorText, LANGUAGES, textIn, uploadErrorText, waitingText } from "../src/text";

const { en, ja } = LANGUAGES;
const placeholders = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).sort();

describe("every language", () => {
  test("has the same keys", () => {
    expect(Object.keys(ja).sort()).toEqual(Object.keys(en).sort());
  });

  test.each(Object.keys(en) as (keyof typeof en)[])("has the text %s, with the same placeholders", (key) => {
    expect(ja[key].trim()).not.toBe("");
    expect(placeholders(ja[key])).toEqual(placeholders(en[key]));
  });
});

test.each([
  [["ja-JP", "en"], "ja"],
  [["fr", "ja"], "ja"],
  [["en-GB"], "en"],
  [["fr"], "en"],
  [[], "en"],
])("the first supported language of %j is %s", (preferred, language) => {
  expect(chooseLanguage(preferred)).toBe(language);
});

test("placeholders are replaced, and one without a value stays visible", () => {
  expect(textIn("en", "bar.sent", { sent: "1 MB", total: "2 MB" })).toBe("1 MB of 2 MB");
  expect(textIn("en", "bar.left")).toBe("{time} left");
});

test("a value is inserted unchanged, even if it looks like a pattern or a placeholder", () => {
  expect(textIn("en", "announce", { file: "$& {stage}", stage: "x" })).toBe("$& {stage}: x");
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
  expect(uploadErrorText("upload_too_large")).toBe("uploadError.upload_too_large");
  expect(uploadErrorText("something_new")).toBe("uploadError.other");
});

test.each([
  [null, "Uploaded, waiting to be transcoded"],
  [{ ahead: 0, eta_s: 20 }, "Uploaded, next to be transcoded"],
  [{ ahead: 12, eta_s: null }, "Waiting for its turn, 12 ahead"],
  [{ ahead: 12, eta_s: 180 }, "Waiting for its turn, 12 ahead, about 3 min"],
])("a file with the place %j is shown as %j", (place, text) => {
  expect(textIn("en", waitingText(place), { ahead: 12, time: "3 min" })).toBe(text);
});
