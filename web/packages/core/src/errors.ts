/** The one error class of the package. Its message has no token, no signed URL and no response body. */

/** The API's stable codes are texts too, so later ones fit; these are the codes of the package itself. */
export type OwnErrorCode =
  | "network"
  | "cors"
  | "storage_refused"
  | "empty"
  | "unsupported_content_type"
  | "upload_too_large"
  | "upload_too_long"
  | "different_file"
  | "action_unavailable"
  | "invalid_options"
  | "job_failed";
export type ErrorCode = OwnErrorCode | (string & {});

export interface VideoErrorDetails {
  status?: number | null;
  retryAfterS?: number | null;
  isTemporary?: boolean;
  cause?: unknown;
}

export class VideoError extends Error {
  declare readonly code: ErrorCode;
  /** The HTTP status; null if there was no response. */
  declare readonly status: number | null;
  declare readonly retryAfterS: number | null;
  /** True if the same request may succeed later. */
  declare readonly isTemporary: boolean;

  constructor(code: ErrorCode, message: string, details: VideoErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "VideoError";
    this.code = code;
    this.status = details.status ?? null;
    this.retryAfterS = details.retryAfterS ?? null;
    this.isTemporary = details.isTemporary ?? isTemporaryStatus(this.status);
  }
}

/** Return whether the value is a VideoError, also one of another copy of this package. */
export function isVideoError(value: unknown): value is VideoError {
  return value instanceof Error && value.name === "VideoError" && "code" in value;
}

/** Return the value as a VideoError: an exception of `fetch` is a lost connection. */
export function toVideoError(value: unknown): VideoError {
  if (isVideoError(value)) return value;
  return new VideoError("network", "The connection failed.", { isTemporary: true, cause: value });
}

/** Return the error for a server that responds, but whose responses the browser keeps from the page. */
export function corsError(text: string): VideoError {
  return new VideoError("cors", `The response can't be read: ${text}.`);
}

function isTemporaryStatus(status: number | null): boolean {
  return status !== null && (status === 429 || status >= 500);
}
