/** The token that the user entered in the dialog. It is kept in sessionStorage, so it ends with the tab. */

const STORAGE_KEY = "mediaconvert-status.token";

/** Prompts the user for a token; null if the user declines. */
export type PromptForToken = (isRefused: boolean) => Promise<string | null>;

/** Return a `getToken` for the API: the first call returns the stored token, and later ones prompt for another. */
export function tokenFromDialog(prompt: PromptForToken): (request: { isRefused: boolean }) => Promise<string | null> {
  let isFirstCall = true;
  return async ({ isRefused }) => {
    const stored = isFirstCall ? loadToken() : null;
    const mustPrompt = !isFirstCall || isRefused;
    isFirstCall = false;
    if (!mustPrompt) return stored;
    const token = await prompt(isRefused);
    storeToken(token);
    return token;
  };
}

// A stolen token does more harm than a second sign-in, so it isn't kept in localStorage.
function loadToken(): string | null {
  try {
    return sessionStorage.getItem(STORAGE_KEY);
  } catch {
    return null;
  }
}

function storeToken(token: string | null): void {
  try {
    if (token === null) sessionStorage.removeItem(STORAGE_KEY);
    else sessionStorage.setItem(STORAGE_KEY, token);
  } catch {
    // Storage is disabled in this browser: the token lives as long as the page.
  }
}
