/** The bearer token for the API: from the sign-in hook of config.js, or from a dialog. */

import type { GetToken } from "./config";

/** Prompts the user for a token; null if the user declines. */
export type PromptForToken = (isRefused: boolean) => Promise<string | null>;

const STORAGE_KEY = "mediaconvert-status.token";

export class AccessToken {
  #token: string | null = null;
  #renewal: Promise<string | null> | null = null;
  #isRequested = false;
  readonly #prompt: PromptForToken;
  readonly #hook: GetToken | undefined;

  constructor(prompt: PromptForToken, hook: GetToken | undefined) {
    this.#prompt = prompt;
    this.#hook = hook;
    if (!hook) this.#token = loadToken();
  }

  /** Return the token to send, or null if there is none. The first call waits for the sign-in hook. */
  async get(): Promise<string | null> {
    if (this.#hook && !this.#isRequested) await this.#renew(false);
    return this.#token;
  }

  /** The present token, for a caller that can't wait. */
  get current(): string | null {
    return this.#token;
  }

  /** Return a token other than the refused one, or null. Simultaneous callers share one sign-in. */
  async replace(refused: string | null): Promise<string | null> {
    if (this.#token !== refused) return this.#token;
    return this.#renew(refused !== null);
  }

  /** Send this token from now on. */
  set(token: string | null): void {
    this.#token = token;
  }

  #renew(isRefused: boolean): Promise<string | null> {
    this.#renewal ??= this.#requestToken(isRefused).finally(() => {
      this.#renewal = null;
    });
    return this.#renewal;
  }

  async #requestToken(isRefused: boolean): Promise<string | null> {
    this.#isRequested = true;
    this.#token = this.#hook ? await this.#hook({ isRefused }) : await this.#prompt(isRefused);
    if (!this.#hook) storeToken(this.#token);
    return this.#token;
  }
}

// The token is kept in sessionStorage, so it ends with the tab: a stolen token does more harm than a second sign-in.
function loadToken(): string | null {
  try {
    return sessionStorage.getItem(STORAGE_KEY);
  } catch {
    return null;
  }
}

function storeToken(token: string | null): void {
  try {
    if (token === null) sessionStorage.removeItem(STORAGE_KEY);
    else sessionStorage.setItem(STORAGE_KEY, token);
  } catch {
    // Storage is disabled in this browser: the token lives as long as the page.
  }
}
