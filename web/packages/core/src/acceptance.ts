/** Which content type a file has, and whether the service accepts the file. Pure. */

import type { Limits } from "./api_types.ts";

/** The extensions of each type. Browsers disagree about these types, or know none, so the extension decides. */
const TYPES: Readonly<Record<string, string>> = {
  "application/mxf": "mxf",
  "audio/aac": "aac",
  "audio/aiff": "aif aiff",
  "audio/flac": "flac",
  "audio/mp4": "m4a",
  "audio/mpeg": "mp3",
  "audio/ogg": "oga opus",
  "audio/wav": "wav",
  "audio/webm": "weba",
  "video/3gpp": "3g2 3gp",
  "video/mp2t": "m2ts mts ts",
  "video/mp4": "m4v mp4",
  "video/mpeg": "mpeg mpg",
  "video/ogg": "ogv",
  "video/quicktime": "mov qt",
  "video/webm": "webm",
  "video/x-flv": "flv",
  "video/x-matroska": "mkv",
  "video/x-ms-wmv": "wmv",
  "video/x-msvideo": "avi",
};

const UNKNOWN_TYPE = "application/octet-stream";

export interface FileFacts {
  name: string;
  type: string;
  size: number;
  /** The video's length, if the browser can read it from the file. */
  durationMs?: number | null;
}

export type FileProblem = "empty" | "unsupported_content_type" | "upload_too_large" | "upload_too_long";

/** Return the content type to announce: that of the extension, or else the browser's. */
export function contentTypeOf(file: Pick<FileFacts, "name" | "type">): string {
  const extension = extensionOf(file.name);
  const known = Object.entries(TYPES).find(([, extensions]) => extensions.split(" ").includes(extension));
  return known?.[0] ?? (file.type.toLowerCase() || UNKNOWN_TYPE);
}

/**
 * Return why the service would refuse the file; null if it wouldn't. Without limits only the service can say more.
 *
 * A profile may accept other types than the first one. The service refuses a profile that it doesn't have.
 */
export function checkFile(file: FileFacts, limits: Limits | null, profile?: string): FileProblem | null {
  if (file.size === 0) return "empty";
  if (limits?.max_size_bytes && file.size > limits.max_size_bytes) return "upload_too_large";
  if (limits?.max_duration_ms && (file.durationMs ?? 0) > limits.max_duration_ms) return "upload_too_long";
  const chosen = limits?.profiles?.find(({ name }) => name === profile) ?? limits;
  return chosen?.content_types && !isTypeAccepted(file, chosen.content_types) ? "unsupported_content_type" : null;
}

function isTypeAccepted(file: FileFacts, contentTypes: readonly string[]): boolean {
  const essence = contentTypeOf(file).split(";")[0]?.trim() ?? "";
  return contentTypes.some((type) => type.toLowerCase() === essence);
}

function extensionOf(name: string): string {
  return /\.([^.]+)$/.exec(name)?.[1]?.toLowerCase() ?? "";
}

/** The value of a file input's `accept`: all videos, and the extensions that some browsers don't count as videos. */
export const ACCEPT = "video/*,.mkv,.mxf,.ts,.mts,.m2ts,.flv";
