/** The page's one language, decided when it starts. */

import { chooseLanguage, type TextKey, textIn } from "./text";

export const language = chooseLanguage(navigator.languages);

/** The text in the reader's language, with its gaps filled in. */
export function t(key: TextKey, gaps: Readonly<Record<string, string | number>> = {}): string {
  return textIn(language, key, gaps);
}
