/** The dialog in which the user enters a token, for pages without a sign-in hook. */

import { h, setText } from "./dom";
import { t } from "./language";

/** Show the dialog and return the token; null if the user closes the dialog. */
export function promptForToken(isRefused: boolean): Promise<string | null> {
  const input = h("input", { id: "token", type: "password", required: true, autocomplete: "off", spellcheck: "false" });
  const text = h("p", { id: "sign-in-text" });
  const later = h("button", { type: "button", class: "button" }, t("signIn.later"));
  const form = h(
    "form",
    { method: "dialog" },
    h("h2", { id: "sign-in-title" }, t("signIn.title")),
    text,
    h("label", { for: "token" }, t("signIn.token")),
    input,
    h("div", { class: "dialog-actions" }, later, h("button", { class: "button main" }, t("signIn.submit"))),
  );
  const labels = { "aria-labelledby": "sign-in-title", "aria-describedby": "sign-in-text" };
  const dialog = h("dialog", { class: "dialog", ...labels }, form);
  setText(text, t(isRefused ? "signIn.refused" : "signIn.text"));
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    later.addEventListener("click", () => dialog.close());
    form.addEventListener("submit", () => dialog.close(input.value.trim()));
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue || null);
    });
  });
}
