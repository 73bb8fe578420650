// Settings of the page, read before it starts; change them where the page is deployed, no build needed.
window.mediaconvertStatus = {
  // The API's address, where it isn't the folder that this page is in (its CORS_ALLOW_ORIGINS must name this page):
  // apiBaseUrl: "https://api.example.com",
  // What the page is called:
  // title: "Example videos",
  // Where the API asks for a bearer token: return one, or null. `isRefused` says that the last one was answered with
  // 401, so get a new one. Without this hook the page asks for a token in a dialog.
  // getToken: async ({ isRefused }) => (await oidc.getUser(isRefused))?.access_token ?? null,
  // Or name the OpenID Connect provider, and the page signs its users in by itself (code flow with PKCE):
  // oidc: { issuer: "https://login.example.com", clientId: "videos", scope: "openid profile offline_access" },
};
