/** The API over HTTP: requests with the token, and its refusals as errors with their stable code. */

import type { Access } from "./access";
import type { Job } from "./api_types";

/** A refusal of the API's. */
export class ApiProblem extends Error {
  readonly status: number;
  readonly code: string;
  readonly retryAfterS: number | null;

  constructor(status: number, code: string, detail: string, retryAfterS: number | null) {
    super(detail);
    this.name = "ApiProblem";
    this.status = status;
    this.code = code;
    this.retryAfterS = retryAfterS;
  }

  /** Whether trying again later may help. */
  get isPassing(): boolean {
    return this.status === 429 || this.status >= 500;
  }
}

export class Api {
  readonly baseUrl: string;
  readonly #access: Access;

  constructor(baseUrl: string, access: Access) {
    this.baseUrl = baseUrl;
    this.#access = access;
  }

  /** The answer, whatever its status but 401, which is answered with another token where there is one. */
  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const token = await this.#access.token();
    const answer = await this.#send(path, init, token);
    if (answer.status !== 401) return answer;
    const another = await this.#access.another(token);
    return another === null ? answer : this.#send(path, init, another);
  }

  /** The answer, if it isn't a refusal. */
  async ask(path: string, init: RequestInit = {}): Promise<Response> {
    const answer = await this.fetch(path, init);
    if (!answer.ok && answer.status !== 304) throw await problemOf(answer);
    return answer;
  }

  async jobOfFile(inputFile: string, signal?: AbortSignal): Promise<Job> {
    return (await this.ask(`/jobs?${new URLSearchParams({ input_file: inputFile })}`, signal ? { signal } : {})).json();
  }

  async job(jobId: string, signal?: AbortSignal): Promise<Job> {
    return (await this.ask(`/jobs/${encodeURIComponent(jobId)}`, signal ? { signal } : {})).json();
  }

  async cancelJob(jobId: string): Promise<void> {
    await this.ask(`/jobs/${encodeURIComponent(jobId)}/cancel`, { method: "POST" });
  }

  /** Ask for a new job of a file whose last one failed or was cancelled. */
  async retryJob(inputFile: string): Promise<Job> {
    const headers = { "Content-Type": "application/json" };
    const body = JSON.stringify({ input_file: inputFile });
    return (await this.ask("/jobs", { method: "POST", headers, body })).json();
  }

  #send(path: string, init: RequestInit, token: string | null): Promise<Response> {
    const headers = new Headers(init.headers);
    if (token !== null) headers.set("Authorization", `Bearer ${token}`);
    return nativeFetch(this.baseUrl + path, { ...init, headers, cache: "no-store" });
  }
}

/** The browser's own, whatever else is put in its place. */
const nativeFetch: typeof fetch = window.fetch.bind(window);

/**
 * Lets Uppy's S3 plugin call the API as the rest of the page does.
 *
 * In Companion mode the plugin calls `fetch` bare: no header can be given to it, and of a refusal it keeps the status
 * text only, which HTTP/2 doesn't have. So what goes to `/s3` gets the token, and a refusal is thrown as an ApiProblem,
 * which reaches the plugin's `upload-error` as it is.
 */
export function lendToUppy(api: Api): void {
  const ours = `${api.baseUrl}/s3/`;
  window.fetch = (input, init) =>
    typeof input === "string" && input.startsWith(ours)
      ? api.ask(input.slice(api.baseUrl.length), init)
      : nativeFetch(input, init);
}

async function problemOf(answer: Response): Promise<ApiProblem> {
  const body: unknown = await answer.json().catch(() => null);
  const { code, detail } = (body ?? {}) as { code?: unknown; detail?: unknown };
  const wait = Number(answer.headers.get("Retry-After") ?? Number.NaN);
  return new ApiProblem(
    answer.status,
    typeof code === "string" ? code : `http_${answer.status}`,
    typeof detail === "string" ? detail : answer.statusText,
    Number.isFinite(wait) ? wait : null,
  );
}
