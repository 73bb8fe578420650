/** Calls the HTTP API: adds the bearer token to requests, and throws error responses as ApiProblem. */

import type { AccessToken } from "./access_token";
import type { Job } from "./api_types";

/** An error response of the API. */
export class ApiProblem extends Error {
  readonly status: number;
  /** The API's stable error code, or `http_<status>` for a response without one. */
  readonly code: string;
  readonly retryAfterS: number | null;

  constructor(status: number, code: string, detail: string, retryAfterS: number | null) {
    super(detail);
    this.name = "ApiProblem";
    this.status = status;
    this.code = code;
    this.retryAfterS = retryAfterS;
  }

  /** True if a retry may succeed later. */
  get isTransient(): boolean {
    return this.status === 429 || this.status >= 500;
  }
}

export class Api {
  readonly baseUrl: string;
  readonly #accessToken: AccessToken;

  constructor(baseUrl: string, accessToken: AccessToken) {
    this.baseUrl = baseUrl;
    this.#accessToken = accessToken;
  }

  /** Return the response, whatever its status. After a 401, get another token and send the request once more with it. */
  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const token = await this.#accessToken.get();
    const response = await this.#send(path, init, token);
    if (response.status !== 401) return response;
    const newToken = await this.#accessToken.replace(token);
    return newToken === null ? response : this.#send(path, init, newToken);
  }

  /** Return the response if its status is 2xx or 304; throw ApiProblem otherwise. */
  async request(path: string, init: RequestInit = {}): Promise<Response> {
    const response = await this.fetch(path, init);
    if (!response.ok && response.status !== 304) throw await toProblem(response);
    return response;
  }

  async findJob(inputFile: string, signal?: AbortSignal): Promise<Job> {
    const query = new URLSearchParams({ input_file: inputFile });
    return (await this.request(`/jobs?${query}`, signal ? { signal } : {})).json();
  }

  async getJob(jobId: string, signal?: AbortSignal): Promise<Job> {
    return (await this.request(`/jobs/${encodeURIComponent(jobId)}`, signal ? { signal } : {})).json();
  }

  async cancelJob(jobId: string): Promise<void> {
    await this.request(`/jobs/${encodeURIComponent(jobId)}/cancel`, { method: "POST" });
  }

  /** Request a new job for a file whose last job failed or was canceled. */
  async retryJob(inputFile: string): Promise<Job> {
    const headers = { "Content-Type": "application/json" };
    const body = JSON.stringify({ input_file: inputFile });
    return (await this.request("/jobs", { method: "POST", headers, body })).json();
  }

  #send(path: string, init: RequestInit, token: string | null): Promise<Response> {
    const headers = new Headers(init.headers);
    if (token !== null) headers.set("Authorization", `Bearer ${token}`);
    return nativeFetch(this.baseUrl + path, { ...init, headers, cache: "no-store" });
  }
}

/** The browser's `fetch`, kept because `interceptUppyRequests` replaces `window.fetch`. */
const nativeFetch: typeof fetch = window.fetch.bind(window);

/**
 * Send the requests of Uppy's S3 plugin through `api`.
 *
 * In Companion mode the plugin calls the global `fetch`. It has no option for headers, and it keeps only the status
 * text of an error response, which HTTP/2 doesn't have. This function therefore replaces `window.fetch`: requests to
 * `/s3/` get the bearer token, and an error response is thrown as an ApiProblem, which the plugin passes unchanged to
 * its `upload-error` event.
 */
export function interceptUppyRequests(api: Api): void {
  const companionUrl = `${api.baseUrl}/s3/`;
  window.fetch = (input, init) =>
    typeof input === "string" && input.startsWith(companionUrl)
      ? api.request(input.slice(api.baseUrl.length), init)
      : nativeFetch(input, init);
}

async function toProblem(response: Response): Promise<ApiProblem> {
  const body: unknown = await response.json().catch(() => null);
  const { code, detail } = (body ?? {}) as { code?: unknown; detail?: unknown };
  const retryAfterS = Number(response.headers.get("Retry-After") ?? Number.NaN);
  return new ApiProblem(
    response.status,
    typeof code === "string" ? code : `http_${response.status}`,
    typeof detail === "string" ? detail : response.statusText,
    Number.isFinite(retryAfterS) ? retryAfterS : null,
  );
}
