/** Which content type a file has, and whether the service accepts the file. Pure. */

import type { Limits } from "./api_types.ts";

/** Browsers disagree about these types, or know none, so the extension decides. */
const TYPES: Readonly<Record<string, string>> = {
  "3g2": "video/3gpp",
  "3gp": "video/3gpp",
  avi: "video/x-msvideo",
  flv: "video/x-flv",
  m2ts: "video/mp2t",
  m4v: "video/mp4",
  mkv: "video/x-matroska",
  mov: "video/quicktime",
  mp4: "video/mp4",
  mpeg: "video/mpeg",
  mpg: "video/mpeg",
  mts: "video/mp2t",
  mxf: "application/mxf",
  ogv: "video/ogg",
  qt: "video/quicktime",
  ts: "video/mp2t",
  webm: "video/webm",
  wmv: "video/x-ms-wmv",
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
  return TYPES[extensionOf(file.name)] ?? (file.type.toLowerCase() || UNKNOWN_TYPE);
}

/** Return why the service would refuse the file; null if it wouldn't. Without limits only the service can say more. */
export function checkFile(file: FileFacts, limits: Limits | null): FileProblem | null {
  if (file.size === 0) return "empty";
  if (limits?.max_size_bytes && file.size > limits.max_size_bytes) return "upload_too_large";
  if (limits?.max_duration_ms && (file.durationMs ?? 0) > limits.max_duration_ms) return "upload_too_long";
  return limits?.content_types && !isTypeAccepted(file, limits.content_types) ? "unsupported_content_type" : null;
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
