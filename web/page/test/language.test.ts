import { describe, expect, test } from "vitest";
import { chooseLanguage, LANGUAGES, t } from "../src/language";

const placeholders = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).sort();

test.each([
  [["ja-JP", "en"], "ja"],
  [["fr", "ja"], "ja"],
  [["en-GB"], "en"],
  [["fr"], "en"],
  [[], "en"],
])("the first supported language of %j is %s", (preferred, language) => {
  expect(chooseLanguage(preferred)).toBe(language);
});

describe("the page's texts", () => {
  const { en, ja } = LANGUAGES;

  test.each(Object.keys(en.page) as (keyof typeof en.page)[])(
    "%s has the same placeholders in each language",
    (key) => {
      expect(ja.page[key].trim()).not.toBe("");
      expect(placeholders(ja.page[key])).toEqual(placeholders(en.page[key]));
    },
  );

  test("and those of the packages are found by one function", () => {
    expect(t("title")).toBe("Videos");
    expect(t("action.pause")).toBe("Pause");
  });
});
