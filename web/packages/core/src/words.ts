/** The page's texts in each language, and the texts for error codes. Pure. */

import type { QueuePlace } from "../api_types";
import { en, type TextKey } from "./en";
import { ja } from "./ja";

export type { TextKey } from "./en";

export const LANGUAGES = { en, ja } satisfies Record<string, Record<TextKey, string>>;
export type Language = keyof typeof LANGUAGES;

/** Return the first of the user's languages that the page supports, or English. */
export function chooseLanguage(preferred: readonly string[]): Language {
  for (const tag of preferred) {
    const base = tag.toLowerCase().split("-")[0] ?? "";
    if (base in LANGUAGES) return base as Language;
  }
  return "en";
}

/** Return the text with its placeholders replaced; a placeholder without a value stays as it is. */
export function textIn(
  language: Language,
  key: TextKey,
  values: Readonly<Record<string, string | number>> = {},
): string {
  return LANGUAGES[language][key].replace(/\{(\w+)\}/g, (placeholder, name: string) =>
    String(values[name] ?? placeholder),
  );
}

/** Return the text for a file that is uploaded and waits; `place` is its place in the queue, if it is known. */
export function waitingText(place: QueuePlace | null): TextKey {
  if (place === null) return "stage.waiting";
  if (place.ahead === 0) return "stage.waitingNext";
  return place.eta_s === null ? "stage.waitingBehind" : "stage.waitingBehindFor";
}

/**
 * Return the text for a job's error code: MediaConvert's own code (1000 and above), or the HTTP status with which
 * MediaConvert or this system refused the job.
 *
 * https://docs.aws.amazon.com/mediaconvert/latest/ug/mediaconvert_error_codes.html
 */
export function jobErrorText(code: number): TextKey {
  if (code === 1010) return "jobError.input";
  if ((code >= 1020 && code <= 1022) || code === 422) return "jobError.empty";
  if (code === 413) return "jobError.tooLarge";
  if (code === 429) return "jobError.budget";
  if (code === 1030) return "jobError.codec";
  if (code === 1404 || code === 404) return "jobError.missing";
  if ([1401, 1432, 1433, 1434, 402, 403].includes(code)) return "jobError.access";
  if ((code >= 1040 && code <= 1093) || code === 400) return "jobError.settings";
  if ([1515, 1517, 1522, 1550].includes(code)) return "jobError.service";
  return "jobError.other";
}

/** Return the text for the error code of an upload. */
export function uploadErrorText(code: string): TextKey {
  const key = `uploadError.${code}`;
  return key in en ? (key as TextKey) : "uploadError.other";
}
