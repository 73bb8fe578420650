/** Signs in at an OpenID Connect provider: code flow with PKCE, by a redirect of the tab or in a popup window. */

import { UserManager } from "oidc-client-ts";
import type { OidcConfig } from "./config";

const DEFAULT_SCOPE = "openid profile";

export class OidcClient {
  readonly #manager: UserManager;
  readonly #tokenType: "access_token" | "id_token";
  #isStarted = false;

  constructor(options: OidcConfig) {
    this.#tokenType = options.token ?? "access_token";
    this.#manager = new UserManager({
      authority: options.issuer,
      client_id: options.clientId,
      redirect_uri: new URL(location.pathname, location.href).href,
      scope: options.scope ?? DEFAULT_SCOPE,
      ...(options.audience ? { extraQueryParams: { audience: options.audience } } : {}),
      loadUserInfo: false,
      automaticSilentRenew: false, // the page requests a new token after the API's 401
    });
  }

  /**
   * Return a token without the user's help, or null if only the user can help now (`signIn`).
   *
   * The first call completes a sign-in from which the provider redirected back to the page. If there is none and no
   * token either, the call redirects the tab to the provider.
   */
  async token({ isRefused }: { isRefused: boolean }): Promise<string | null> {
    const isFirstCall = !this.#isStarted;
    this.#isStarted = true;
    const hasReturned = isFirstCall && (await this.#completeSignIn());
    const user = await this.#manager.getUser();
    if (user && !user.expired && !isRefused) return user[this.#tokenType] ?? null;
    // Without a refresh token, signinSilent uses a hidden iframe, which fails where third-party cookies are blocked.
    const renewed = user?.refresh_token ? await this.#manager.signinSilent().catch(() => null) : null;
    if (renewed) return renewed[this.#tokenType] ?? null;
    if (isRefused) await this.#manager.removeUser(); // or a later request without a token would get the refused one
    if (!isFirstCall || hasReturned) return null;
    await this.#manager.signinRedirect({ url_state: location.hash });
    return new Promise(() => {}); // never resolves: the browser is leaving the page
  }

  /** Sign in in a popup window, so that uploads continue. Call this on a click: browsers block other popups. */
  async signIn(): Promise<string | null> {
    const user = await this.#manager.signinPopup();
    return user[this.#tokenType] ?? null;
  }

  /** Remove the user's tokens from the browser, and end the session at a provider that supports it. */
  async signOut(): Promise<void> {
    if (await this.#manager.metadataService.getEndSessionEndpoint()) await this.#manager.signoutRedirect();
    else {
      await this.#manager.removeUser();
      location.reload();
    }
  }

  /** Read the provider's response from the page's address, and restore the address. Return whether there was one. */
  async #completeSignIn(): Promise<boolean> {
    const query = new URLSearchParams(location.search);
    if (!query.has("state") || !(query.has("code") || query.has("error"))) return false;
    try {
      const user = await this.#manager.signinCallback();
      history.replaceState(null, "", location.pathname);
      if (user?.url_state) location.replace(user.url_state); // changes the hash, which fires `hashchange`
    } catch (error) {
      history.replaceState(null, "", location.pathname);
      console.warn("sign-in failed:", error instanceof Error ? error.message : error);
    }
    return true;
  }
}
