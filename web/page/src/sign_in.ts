/** Signs the user in: with the hook of config.js, at an OpenID Connect provider, or with the token dialog. */

import type { GetToken } from "@mediaconvert-status/core";
import type { OidcConfig, PageConfig } from "./config";
import type { OidcClient } from "./oidc_client";
import { promptForToken } from "./token_dialog";
import { tokenFromDialog } from "./token_store";

export class SignIn {
  /** The token for each API request, as `createVideos` calls it. */
  readonly getToken: GetToken;
  readonly #provider: Promise<OidcClient> | null;
  readonly #onChange: () => void;
  #isDeclined = false;

  constructor(config: PageConfig, onChange: () => void) {
    this.#onChange = onChange;
    const provider = config.oidc && !config.getToken ? loadProvider(config.oidc) : null;
    this.#provider = provider;
    if (config.getToken) this.getToken = config.getToken;
    else if (provider) this.getToken = async (request) => this.#record(await (await provider).token(request));
    else this.getToken = tokenFromDialog((isRefused) => this.#prompt(isRefused));
  }

  get hasProvider(): boolean {
    return this.#provider !== null;
  }

  /** True if the user declined to sign in; the dialog then stays closed until `allowPrompt` or `signIn`. */
  get isDeclined(): boolean {
    return this.#isDeclined;
  }

  allowPrompt(): void {
    this.#isDeclined = false;
  }

  /** Sign in because the user clicked the button. The next request gets the new token. */
  async signIn(): Promise<void> {
    this.allowPrompt();
    if (this.#provider) this.#record(await (await this.#provider).signIn().catch(() => null));
  }

  async signOut(): Promise<void> {
    await (await this.#provider)?.signOut();
  }

  async #prompt(isRefused: boolean): Promise<string | null> {
    return this.#isDeclined ? null : this.#record(await promptForToken(isRefused));
  }

  #record(token: string | null): string | null {
    this.#isDeclined = token === null;
    this.#onChange();
    return token;
  }
}

/** Load the OIDC code, which only pages with a provider need. */
async function loadProvider(options: OidcConfig): Promise<OidcClient> {
  const { OidcClient } = await import("./oidc_client");
  return new OidcClient(options);
}
