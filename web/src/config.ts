/** What whoever runs the page can set in `config.js`, without building it anew. */

export interface PageConfig {
  /** The API's address; by default the folder that the page itself is in. */
  apiBaseUrl?: string;
  /** What the page is called. */
  title?: string;
  /**
   * The sign-in hook: gives a bearer token for the API, or null if there is none.
   *
   * Called before the page's first request, and with `isRefused` when the API has refused the last token (401): sign
   * the user in again or refresh, and return the new one. Without the hook the page asks for a token in a dialog.
   */
  getToken?: GetToken;
  /** Without a hook: the identity provider at which the page signs its users in by itself. */
  oidc?: OidcConfig;
}

export type GetToken = (asked: { isRefused: boolean }) => Promise<string | null> | string | null;

/** A public client of an OpenID Connect provider: code flow with PKCE, and this page's address as its redirect URI. */
export interface OidcConfig {
  /** The issuer, as in the API's AUTH_ISSUER; it must let this page's origin read its discovery and token endpoints. */
  issuer: string;
  clientId: string;
  /** By default `openid profile`; many providers give a refresh token only for `offline_access` beside it. */
  scope?: string;
  /** The API's AUTH_AUDIENCE, for providers that want it in the request (Auth0 does). */
  audience?: string;
  /** Which token the API is given: `access_token` by default, `id_token` for providers whose others name no audience. */
  token?: "access_token" | "id_token";
}

declare global {
  interface Window {
    mediaconvertStatus?: PageConfig;
  }
}

export const config: PageConfig = window.mediaconvertStatus ?? {};

const built: string | undefined = import.meta.env.VITE_API_BASE_URL;

/** The API's address without a slash at its end: that of `config.js`, of the build, or the page's own folder. */
export const apiBaseUrl: string = new URL(config.apiBaseUrl || built || ".", document.baseURI).href.replace(/\/+$/, "");
