interface ImportMetaEnv {
  /** The API's URL, if it isn't the page's folder. `apiBaseUrl` in `config.js` overrides it. */
  readonly VITE_API_BASE_URL?: string;
}
