/** The page around the list: the file input, the drop zone, messages, and the link back to the list. */

import type { TakenFiles } from "@mediaconvert-status/elements";
import { config } from "./config";
import { h, setText, setVisible } from "./dom";
import { acceptDrops, FileInput, folderInput } from "./file_input";
import { icon } from "./icons";
import { t } from "./language";
import { ListHead } from "./list_head";
import type { Summary } from "./summary";

export interface Page {
  list: HTMLElement;
  /** Add a section below the list. */
  addSection(section: HTMLElement): void;
  /** Let the user choose one file; the callback gets it instead of `onFiles`. */
  chooseFile(onFile: (file: File) => void): void;
  /** Announce a text to screen readers only. */
  announce(text: string): void;
  /** Show a text for some seconds; a button makes it stay longer. */
  showToast(text: string, button?: TextButton): void;
  /** Show a text until the next call; null hides the banner. */
  setBanner(text: string | null, button?: TextButton): void;
  setSummary(summary: Summary, viewTitle: string | null): void;
  /** Show a heading in place of the page's title, such as the file of a link; null shows the title again. */
  setHeading(text: string | null): void;
}

export interface TextButton {
  text: string;
  onClick: () => void;
}

export interface PageListener {
  onFiles: (files: File[]) => void;
  onClear: () => void;
  onPauseAll: () => void;
  onResumeAll: () => void;
  /** Without this there is no button to sign out. */
  onSignOut?: () => void;
}

const TOAST_MS = 5_000;
export const UNDO_MS = 8_000;

export function buildPage(listener: PageListener): Page {
  const title = config.title ?? t("title");
  const list = h("ul", { class: "list", "aria-label": t("list.label") });
  const banner = h("div", { class: "banner", role: "status", hidden: true });
  const toast = new Toast();
  const take = ({ files, leftOut }: TakenFiles): void => {
    if (files.length > 0) listener.onFiles([...files]);
    else toast.show(t("folder.empty"));
    if (files.length > 0 && leftOut > 0) toast.show(t("folder.leftOut", { count: leftOut }));
  };
  const fileInput = new FileInput(take);
  const announcer = h("div", { class: "visually-hidden", role: "status", "aria-live": "polite" });
  const head = new ListHead(title, listener);
  const heading = h("h1", { dir: "auto" }, title);
  const main = h("main", {}, banner, buildDropZone(fileInput, folderInput(take)), head.element, list, head.empty);
  document.body.replaceChildren(
    buildHeader(heading, listener.onSignOut),
    main,
    toast.element,
    announcer,
    h("div", { class: "drop-overlay", "aria-hidden": "true" }, icon("upload"), h("span", {}, t("drop.release"))),
  );
  acceptDrops(take);
  return {
    list,
    addSection: (section) => main.append(section),
    chooseFile: (onFile) => fileInput.chooseFile(onFile),
    announce: (text) => setText(announcer, text),
    showToast: (text, button) => toast.show(text, button),
    setBanner: (text, button) => setBanner(banner, text, button),
    setSummary: (summary, viewTitle) => head.update(summary, viewTitle),
    setHeading: (text) => setText(heading, text ?? title),
  };
}

function buildHeader(heading: HTMLElement, onSignOut: (() => void) | undefined): HTMLElement {
  const back = h("a", { href: "#", class: "back" }, icon("back"), h("span", {}, t("action.all")));
  const signOut = onSignOut && h("button", { type: "button", class: "button quiet", onclick: onSignOut }, t("signOut"));
  return h("header", { class: "top" }, heading, h("div", { class: "top-actions" }, back, signOut ?? null));
}

function buildDropZone(fileInput: FileInput, folder: HTMLInputElement): HTMLElement {
  // A phone has no drops; the stylesheet shows the text that fits the device.
  const text = h(
    "p",
    { class: "drop-title" },
    h("strong", { class: "for-drops" }, t("drop.title")),
    h("strong", { class: "for-touch" }, t("drop.phone")),
  );
  const button = h("label", { for: "files", class: "button main" }, icon("upload"), h("span", {}, t("drop.choose")));
  const hint = h("p", { class: "hint" }, t("drop.hint"));
  const onclick = (): void => folder.click();
  const folderButton = h("button", { type: "button", class: "button for-drops", onclick }, t("drop.folder"));
  const buttons = h("div", { class: "drop-actions" }, fileInput.element, button, folderButton, folder);
  return h("section", { class: "drop", "aria-label": t("drop.choose") }, text, buttons, hint);
}

class Toast {
  readonly element = h("div", { class: "toast", role: "status" });
  #timer: ReturnType<typeof setTimeout> | undefined;

  show(text: string, button?: TextButton): void {
    clearTimeout(this.#timer);
    const hide = (): void => this.element.classList.remove("is-shown");
    const onclick = (): void => {
      hide();
      button?.onClick();
    };
    const action = button && h("button", { type: "button", class: "button quiet", onclick }, button.text);
    this.element.replaceChildren(h("span", { dir: "auto" }, text), action ?? "");
    this.element.classList.add("is-shown");
    this.#timer = setTimeout(hide, button ? UNDO_MS : TOAST_MS);
  }
}

function setBanner(banner: HTMLElement, text: string | null, button: TextButton | undefined): void {
  setVisible(banner, text !== null);
  if (text === banner.dataset.text) return;
  banner.dataset.text = text ?? "";
  const action = button && h("button", { type: "button", class: "button", onclick: button.onClick }, button.text);
  banner.replaceChildren(h("p", {}, text ?? ""), ...(action ? [action] : []));
}
