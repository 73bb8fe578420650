/** Calls the HTTP API: adds the bearer token to requests, and throws error responses as VideoError. */

import type { Job, Limits } from "./api_types.ts";
import { corsError, VideoError } from "./errors.ts";

/**
 * Return a bearer token for the API, or null if there is none.
 *
 * It is called before the first request, and again after each 401: with `isRefused: true` if that request sent a
 * token. Return a new token then.
 */
export type GetToken = (request: { isRefused: boolean }) => Promise<string | null> | string | null;

export interface ApiOptions {
  baseUrl: string;
  getToken?: GetToken | undefined;
  fetch?: typeof fetch | undefined;
}

export class Api {
  readonly #baseUrl: string;
  readonly #fetch: typeof fetch;
  readonly #tokens: TokenCache;
  /** The responses that the page couldn't read; null once it has read one: a failure is then a lost connection. */
  #unreadable: number | null = 0;

  constructor({ baseUrl, getToken, fetch: givenFetch }: ApiOptions) {
    this.#baseUrl = baseUrl.replace(/\/+$/, "");
    this.#fetch = givenFetch ?? ((input, init) => fetch(input, init));
    this.#tokens = new TokenCache(getToken ?? (() => null));
  }

  /** True if requests send a token. */
  get hasToken(): boolean {
    return this.#tokens.current !== null;
  }

  /** Get another token now; return it, or null. */
  renewToken(): Promise<string | null> {
    return this.#tokens.replace(this.#tokens.current);
  }

  /** Return the response if its status is 2xx or 304; throw VideoError otherwise. After a 401, try another token once. */
  async request(path: string, init: RequestInit = {}): Promise<Response> {
    const token = await this.#tokens.get();
    let response = await this.#send(path, init, token);
    if (response.status === 401) {
      const newToken = await this.#tokens.replace(token);
      if (newToken !== null) response = await this.#send(path, init, newToken);
    }
    if (!response.ok && response.status !== 304) throw await toError(response);
    return response;
  }

  async json<Body>(path: string, init: RequestInit = {}): Promise<Body> {
    return (await this.request(path, init)).json();
  }

  async post<Body>(path: string, body: unknown, signal: AbortSignal | null = null): Promise<Body> {
    const headers = { "Content-Type": "application/json" };
    return this.json(path, { method: "POST", headers, body: JSON.stringify(body), signal });
  }

  async findJob(inputFile: string, signal: AbortSignal | null = null): Promise<Job> {
    return this.json(`/jobs?${new URLSearchParams({ input_file: inputFile })}`, { signal });
  }

  async getJob(jobId: string, signal: AbortSignal | null = null): Promise<Job> {
    return this.json(`/jobs/${encodeURIComponent(jobId)}`, { signal });
  }

  /** Request the end of a job; of a file without one, the end of its wait. The worker ends it soon. */
  async cancelJob({ jobId, inputFile }: { jobId: string | null; inputFile: string | null }): Promise<Job> {
    if (jobId !== null) return this.json(`/jobs/${encodeURIComponent(jobId)}/cancel`, { method: "POST" });
    return this.post("/jobs/cancel", { input_file: inputFile });
  }

  /** Request a new job for a file whose last job failed or was canceled. */
  async retryJob(inputFile: string): Promise<Job> {
    return this.post("/jobs", { input_file: inputFile });
  }

  /** Return which files the service accepts; null if the service is too old to say so, or doesn't respond. */
  async limits(signal: AbortSignal): Promise<Limits | null> {
    return this.json<Limits>("/limits", { signal }).catch(() => null);
  }

  /**
   * Return whether the server of another origin responds, though the page may not read the response.
   *
   * A browser reports a refusal by CORS as a lost connection. Only a request without CORS shows the difference.
   */
  isUnreadable(url: string): Promise<boolean> {
    return this.#fetch(url, { mode: "no-cors", cache: "no-store" }).then(
      ({ type }) => type === "opaque",
      () => false,
    );
  }

  async #send(path: string, init: RequestInit, token: string | null): Promise<Response> {
    const headers = new Headers(init.headers);
    if (token !== null) headers.set("Authorization", `Bearer ${token}`);
    try {
      const response = await this.#fetch(this.#baseUrl + path, { ...init, headers, cache: "no-store" });
      this.#unreadable = null;
      return response;
    } catch (error) {
      if (this.#unreadable === null || init.signal?.aborted || !(await this.isUnreadable(`${this.#baseUrl}/limits`)))
        throw error;
      this.#unreadable += 1;
      // After a single failure the connection may have come back just now.
      throw this.#unreadable === 1 ? error : corsError("CORS_ALLOW_ORIGINS lacks this origin, or the service is down");
    }
  }
}

/** Keeps the token between requests. Simultaneous callers share one call of `getToken`. */
class TokenCache {
  readonly #getToken: GetToken;
  /** Undefined before the first request for a token. */
  #token: string | null | undefined;
  #renewal: Promise<string | null> | null = null;

  constructor(getToken: GetToken) {
    this.#getToken = getToken;
  }

  get current(): string | null {
    return this.#token ?? null;
  }

  async get(): Promise<string | null> {
    return this.#token === undefined ? this.#renew(false) : this.#token;
  }

  /** Return a token other than the refused one, or null. */
  async replace(refused: string | null): Promise<string | null> {
    return this.current !== refused ? this.current : this.#renew(refused !== null);
  }

  #renew(isRefused: boolean): Promise<string | null> {
    this.#renewal ??= Promise.resolve()
      .then(() => this.#getToken({ isRefused }))
      .then((token) => {
        this.#token = token;
        return token;
      })
      .finally(() => {
        this.#renewal = null;
      });
    return this.#renewal;
  }
}

async function toError(response: Response): Promise<VideoError> {
  const body: unknown = await response.json().catch(() => null);
  const { code, detail } = (body ?? {}) as { code?: unknown; detail?: unknown };
  return new VideoError(
    typeof code === "string" ? code : `http_${response.status}`,
    typeof detail === "string" ? detail : `The service responded ${response.status}.`,
    {
      status: response.status,
      retryAfterS: Number(response.headers.get("Retry-After")) || null, // a date, which this API never sends, is NaN
      // This 429 lasts until the caller finishes an upload, or until the next day.
      ...(code === "too_many_unfinished_uploads" ? { isTemporary: false } : {}),
    },
  );
}
