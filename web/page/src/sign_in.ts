/** Signs the user in: with the hook of config.js, at an OpenID Connect provider, or with the token dialog. */

import { AccessToken } from "./access_token";
import type { OidcConfig, PageConfig } from "./config";
import type { OidcClient } from "./oidc_client";
import { promptForToken } from "./token_dialog";

export class SignIn {
  readonly accessToken: AccessToken;
  readonly #provider: Promise<OidcClient> | null;
  readonly #onChange: () => void;
  #isDeclined = false;

  constructor(config: PageConfig, onChange: () => void) {
    this.#onChange = onChange;
    const provider = config.oidc && !config.getToken ? loadProvider(config.oidc) : null;
    this.#provider = provider;
    this.accessToken = new AccessToken(
      async (isRefused) => (this.#isDeclined ? null : this.#record(await promptForToken(isRefused))),
      provider ? async (request) => this.#record(await (await provider).token(request)) : config.getToken,
    );
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

  /** Sign in because the user clicked the button. */
  async signIn(): Promise<void> {
    this.allowPrompt();
    if (this.#provider) {
      const provider = await this.#provider;
      this.accessToken.set(this.#record(await provider.signIn().catch(() => null)));
    } else await this.accessToken.replace(null);
  }

  async signOut(): Promise<void> {
    await (await this.#provider)?.signOut();
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
