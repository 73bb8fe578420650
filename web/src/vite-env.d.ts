interface ImportMetaEnv {
  /** The API's address, where it isn't the page's own folder and `config.js` names none. */
  readonly VITE_API_BASE_URL?: string;
}
