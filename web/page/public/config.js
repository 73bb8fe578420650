// Settings of the page. The page reads them at its start: change them in the deployed file, without a new build.
window.mediaconvertStatus = {
  // The API's URL, if it isn't this page's folder (the API's CORS_ALLOW_ORIGINS must then contain this page's origin):
  // apiBaseUrl: "https://api.example.com",
  // The page's title:
  // title: "Example videos",
  // The profile that decides what is made of each file, if it isn't the deployment's first one:
  // profile: "audio",
  // If the API requires a bearer token: return one, or null. `isRefused` is true after the API responded 401 to the
  // last token; return a new one then. Without this hook, the user enters a token in a dialog.
  // getToken: async ({ isRefused }) => (await oidc.getUser(isRefused))?.access_token ?? null,
  // Or name an OpenID Connect provider, and the page signs its users in there (code flow with PKCE):
  // oidc: { issuer: "https://login.example.com", clientId: "videos", scope: "openid profile offline_access" },
};
