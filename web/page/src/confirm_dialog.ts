/** A question with two buttons, each named by what it does. */

import { h } from "./dom";

export interface Question {
  text: string;
  yes: string;
  no: string;
}

/** Ask the user; return true for `yes`. Escape is `no`, which also has the focus first. */
export function confirmInDialog({ text, yes, no }: Question): Promise<boolean> {
  const dialog = h(
    "dialog",
    { class: "dialog", "aria-labelledby": "question" },
    h(
      "form",
      { method: "dialog" },
      h("p", { id: "question", class: "question", dir: "auto" }, text),
      h(
        "div",
        { class: "dialog-actions" },
        h("button", { class: "button", value: "" }, no),
        h("button", { class: "button main", value: "yes" }, yes),
      ),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
  });
}
