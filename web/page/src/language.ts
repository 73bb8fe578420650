/** The page's language, chosen once at its start, and its texts: those of the packages and the page's own. */

import { type TextKey as CoreTextKey, en as coreEn, fillIn, type Language, textIn } from "@mediaconvert-status/core";
import { ja as coreJa } from "@mediaconvert-status/core/languages/ja";
import { en, type TextKey as PageTextKey } from "./text/en";
import { ja } from "./text/ja";

export type TextKey = PageTextKey | CoreTextKey;

export const LANGUAGES = { en: { core: coreEn, page: en }, ja: { core: coreJa, page: ja } } satisfies Record<
  string,
  { core: Language; page: Record<PageTextKey, string> }
>;
export type LanguageTag = keyof typeof LANGUAGES;

/** Return the first of the user's languages that the page supports, or English. */
export function chooseLanguage(preferred: readonly string[]): LanguageTag {
  for (const tag of preferred) {
    const base = tag.toLowerCase().split("-")[0] ?? "";
    if (base in LANGUAGES) return base as LanguageTag;
  }
  return "en";
}

export const language = chooseLanguage(globalThis.navigator?.languages ?? []);
export const coreLanguage: Language = LANGUAGES[language].core;

/** Return the text in the page's language, with its placeholders replaced. */
export function t(key: TextKey, values: Readonly<Record<string, string | number>> = {}): string {
  if (key in LANGUAGES[language].page) return fillIn(LANGUAGES[language].page[key as PageTextKey], values);
  return textIn(coreLanguage, key as CoreTextKey, values);
}
