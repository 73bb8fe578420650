/** The page's settings: `config.js` beside the page sets them, without a new build. */

import type { GetToken } from "@mediaconvert-status/core";

export interface PageConfig {
  /** The API's URL; the default is the folder of the page. */
  apiBaseUrl?: string;
  /** The page's title. */
  title?: string;
  /** The profile of all uploads; the default is the deployment's first one. */
  profile?: string;
  /**
   * The sign-in hook: returns a bearer token for the API, or null if there is none.
   *
   * The page calls it before its first request, and with `isRefused: true` after the API has refused the last token
   * (401). The hook then refreshes the token or signs the user in again, and returns the new token. Without a hook,
   * the user enters a token in a dialog.
   */
  getToken?: GetToken;
  /** The identity provider at which the page signs its users in; ignored if there is a hook. */
  oidc?: OidcConfig;
}

/** A public client of an OpenID Connect provider: code flow with PKCE, with this page's URL as the redirect URI. */
export interface OidcConfig {
  /** The issuer, as in the API's AUTH_ISSUER. Its discovery and token endpoints need CORS for this page's origin. */
  issuer: string;
  clientId: string;
  /** The default is `openid profile`. Many providers issue a refresh token only with `offline_access` too. */
  scope?: string;
  /** The API's AUTH_AUDIENCE, for providers that require it in the request, such as Auth0. */
  audience?: string;
  /** The default is `access_token`. Choose `id_token` for a provider whose access tokens have no audience. */
  token?: "access_token" | "id_token";
}

declare global {
  interface Window {
    mediaconvertStatus?: PageConfig;
  }
}

export const config: PageConfig = window.mediaconvertStatus ?? {};

const buildUrl: string | undefined = import.meta.env.VITE_API_BASE_URL;

/** The API's URL without a trailing slash: from `config.js`, from the build, or the page's folder. */
export const apiBaseUrl: string = new URL(config.apiBaseUrl || buildUrl || ".", document.baseURI).href.replace(
  /\/+$/,
  "",
);
