/** The bearer token, where the API asks for one: from a hook, or from a dialog. */

import type { GetToken } from "./config";

/** Asks the user for a token; null if they would rather not. */
export type AskForToken = (isRefused: boolean) => Promise<string | null>;

const KEY = "mediaconvert-status.token";

export class Access {
  #token: string | null = null;
  #asking: Promise<string | null> | null = null;
  #hasAsked = false;
  readonly #ask: AskForToken;
  readonly #hook: GetToken | undefined;

  constructor(ask: AskForToken, hook: GetToken | undefined) {
    this.#ask = ask;
    this.#hook = hook;
    if (!hook) this.#token = read();
  }

  /** The token to send, if there is one. */
  async token(): Promise<string | null> {
    if (this.#hook && !this.#hasAsked) await this.#renew(false);
    return this.#token;
  }

  /** The token now, for a caller that can't wait. */
  get current(): string | null {
    return this.#token;
  }

  /** Another token than the refused one; null if there is none to be had. Asks once, however many wait for it. */
  async another(refused: string | null): Promise<string | null> {
    if (this.#token !== refused) return this.#token;
    return this.#renew(refused !== null);
  }

  /** Send this one from now on. */
  take(token: string | null): void {
    this.#token = token;
  }

  #renew(isRefused: boolean): Promise<string | null> {
    this.#asking ??= this.#get(isRefused).finally(() => {
      this.#asking = null;
    });
    return this.#asking;
  }

  async #get(isRefused: boolean): Promise<string | null> {
    this.#hasAsked = true;
    this.#token = this.#hook ? await this.#hook({ isRefused }) : await this.#ask(isRefused);
    if (!this.#hook) write(this.#token);
    return this.#token;
  }
}

// A tab's own, and gone with it: a token is worth more than the trouble of giving it again.
function read(): string | null {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function write(token: string | null): void {
  try {
    if (token === null) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, token);
  } catch {
    // Storage is switched off: the token lives as long as the page.
  }
}
