/** The texts for stages, places in the queue, and error codes, in a language that the app imports. Pure. */

import type { QueuePlace } from "./api_types.ts";
import { formatCount, formatRemaining } from "./format.ts";
import type { TextKey } from "./languages/en.ts";

export type { TextKey } from "./languages/en.ts";

/** A language: its BCP 47 tag, and its texts. Import one of `core/languages`, or write your own. */
export interface Language {
  readonly tag: string;
  readonly texts: Readonly<Record<TextKey, string>>;
}

/** Return the text with its placeholders replaced; a placeholder without a value stays as it is. */
export function textIn(
  language: Language,
  key: TextKey,
  values: Readonly<Record<string, string | number>> = {},
): string {
  return fillIn(language.texts[key], values);
}

/** Replace `{name}` by the value of that name. */
export function fillIn(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replace(/\{(\w+)\}/g, (placeholder, name: string) => String(values[name] ?? placeholder));
}

/** Return the text for a file that is uploaded and waits; `place` is its place in the queue, if it is known. */
export function waitingText(language: Language, place: QueuePlace | null): string {
  if (place === null) return textIn(language, "stage.waiting");
  if (place.ahead === 0) return textIn(language, "stage.waitingNext");
  const ahead = formatCount(place.ahead, language.tag);
  if (place.eta_s === null) return textIn(language, "stage.waitingBehind", { ahead });
  return textIn(language, "stage.waitingBehindFor", { ahead, time: formatRemaining(place.eta_s, language.tag) });
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

/** Return whether the job failed because of the file's content, so that another job would fail too. */
export function isInputError(code: number): boolean {
  return ["jobError.input", "jobError.empty", "jobError.codec", "jobError.tooLarge"].includes(jobErrorText(code));
}

/** Return the text for the error code of an upload; a code without a text of its own has that of `uploadError.other`. */
export function uploadErrorText(language: Language, code: string): TextKey {
  const key = `uploadError.${code}`;
  return key in language.texts ? (key as TextKey) : "uploadError.other";
}
