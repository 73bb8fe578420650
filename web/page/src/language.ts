/** The page's language, chosen once at its start. */

import { chooseLanguage, type TextKey, textIn } from "./text";

export const language = chooseLanguage(navigator.languages);

/** Return the text in the page's language, with its placeholders replaced. */
export function t(key: TextKey, values: Readonly<Record<string, string | number>> = {}): string {
  return textIn(language, key, values);
}
