/** Signing in at an OpenID Connect identity provider: code flow with PKCE, in the whole tab or in a window beside it. */

import { UserManager } from "oidc-client-ts";
import type { OidcConfig } from "./config";

const SCOPE = "openid profile";

export class Oidc {
  readonly #manager: UserManager;
  readonly #token: "access_token" | "id_token";
  #hasStarted = false;

  constructor(options: OidcConfig) {
    this.#token = options.token ?? "access_token";
    this.#manager = new UserManager({
      authority: options.issuer,
      client_id: options.clientId,
      redirect_uri: new URL(location.pathname, location.href).href,
      scope: options.scope ?? SCOPE,
      ...(options.audience ? { extraQueryParams: { audience: options.audience } } : {}),
      loadUserInfo: false,
      automaticSilentRenew: false, // the API's 401 asks for the next token
    });
  }

  /**
   * A token, without asking the user where that can be done; null: only the user can help now (`signIn`).
   *
   * The first call completes a sign-in that the provider sent the page back from, or starts one and leaves the page.
   */
  async token({ isRefused }: { isRefused: boolean }): Promise<string | null> {
    const isFirst = !this.#hasStarted;
    this.#hasStarted = true;
    const hasReturned = isFirst && (await this.#complete());
    const user = await this.#manager.getUser();
    if (user && !user.expired && !isRefused) return user[this.#token] ?? null;
    // Without a refresh token it would try in a hidden frame, which browsers that block third-party cookies leave empty.
    const renewed = user?.refresh_token ? await this.#manager.signinSilent().catch(() => null) : null;
    if (renewed) return renewed[this.#token] ?? null;
    if (!isFirst || hasReturned) return null;
    await this.#manager.signinRedirect({ url_state: location.hash });
    return new Promise(() => {}); // the page is being left
  }

  /** Sign in in a window of its own, so that uploads go on; for a click, since browsers open no other. */
  async signIn(): Promise<string | null> {
    const user = await this.#manager.signinPopup();
    return user[this.#token] ?? null;
  }

  /** Forget the user here, and at the provider where it offers that. */
  async signOut(): Promise<void> {
    if (await this.#manager.metadataService.getEndSessionEndpoint()) await this.#manager.signoutRedirect();
    else {
      await this.#manager.removeUser();
      location.reload();
    }
  }

  /** Take what the provider sent back in the address, and put the address right. */
  async #complete(): Promise<boolean> {
    const answer = new URLSearchParams(location.search);
    if (!answer.has("state") || !(answer.has("code") || answer.has("error"))) return false;
    try {
      const user = await this.#manager.signinCallback();
      history.replaceState(null, "", location.pathname);
      if (user?.url_state) location.replace(user.url_state); // a change of the hash, which the page listens for
    } catch (error) {
      history.replaceState(null, "", location.pathname);
      console.warn("signing in failed:", error instanceof Error ? error.message : error);
    }
    return true;
  }
}
