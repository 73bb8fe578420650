/** The page around the list: the file input, the drop zone, messages, and the link back to the list. */

import { ACCEPT } from "@mediaconvert-status/core";
import { config } from "./config";
import { h, setText, setVisible } from "./dom";
import { filesOf } from "./dropped_files";
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
  const fileInput = new FileInput(listener.onFiles);
  const list = h("ul", { class: "list", "aria-label": t("list.label") });
  const banner = h("div", { class: "banner", role: "status", hidden: true });
  const toast = new Toast();
  const announcer = h("div", { class: "visually-hidden", role: "status", "aria-live": "polite" });
  const head = new ListHead(title, listener);
  const heading = h("h1", { dir: "auto" }, title);
  const main = h("main", {}, banner, buildDropZone(fileInput), head.element, list, head.empty);
  document.body.replaceChildren(
    buildHeader(heading, listener.onSignOut),
    main,
    toast.element,
    announcer,
    h("div", { class: "drop-overlay", "aria-hidden": "true" }, icon("upload"), h("span", {}, t("drop.release"))),
  );
  acceptDrops(listener.onFiles);
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

function buildDropZone(fileInput: FileInput): HTMLElement {
  // A phone has no drops; the stylesheet shows the text that fits the device.
  const text = h(
    "p",
    { class: "drop-title" },
    h("strong", { class: "for-drops" }, t("drop.title")),
    h("strong", { class: "for-touch" }, t("drop.phone")),
  );
  const button = h("label", { for: "files", class: "button main" }, icon("upload"), h("span", {}, t("drop.choose")));
  const hint = h("p", { class: "hint" }, t("drop.hint"));
  return h("section", { class: "drop", "aria-label": t("drop.choose") }, text, fileInput.element, button, hint);
}

class FileInput {
  readonly element: HTMLInputElement;
  #onFile: ((file: File) => void) | null = null;

  constructor(onFiles: (files: File[]) => void) {
    const accept = config.profile ? `${ACCEPT},audio/*` : ACCEPT; // a profile may accept audio files
    this.element = h("input", { type: "file", id: "files", multiple: true, accept });
    this.element.addEventListener("change", () => {
      const files = [...(this.element.files ?? [])];
      this.element.value = "";
      const onFile = this.#onFile;
      this.#onFile = null;
      if (onFile && files[0]) onFile(files[0]);
      else onFiles(files);
    });
    this.element.addEventListener("cancel", () => {
      this.#onFile = null;
    });
    // Every button reacts to Enter, but some browsers open a file input with the space bar only. Other browsers click
    // by themselves on Enter: preventDefault stops that, because a second click would close the dialog of the first.
    this.element.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      this.element.click();
    });
    this.element.addEventListener("click", (event) => {
      if (event.isTrusted) this.#onFile = null; // the user clicked the main button, not a card's
    });
  }

  chooseFile(onFile: (file: File) => void): void {
    this.#onFile = onFile;
    this.element.click();
  }
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

/** Accept files and folders that are dropped anywhere on the page, and pasted files. */
function acceptDrops(onFiles: (files: File[]) => void): void {
  let depth = 0; // dragenter and dragleave also fire for every element within the page
  const changeDepth = (change: number): void => {
    depth = Math.max(0, depth + change);
    document.body.classList.toggle("is-dropping", depth > 0);
  };
  const add = async (transfer: DataTransfer | null): Promise<void> => {
    const files = await filesOf(transfer);
    if (files.length > 0) onFiles(files);
  };
  const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") ?? false;
  window.addEventListener("dragenter", (event) => hasFiles(event) && changeDepth(1));
  window.addEventListener("dragleave", (event) => hasFiles(event) && changeDepth(-1));
  // WebKitGTK doesn't name the files before the drop. Unless every drag is accepted, it opens them in place of the page.
  window.addEventListener("dragover", (event) => event.preventDefault());
  window.addEventListener("drop", (event) => {
    event.preventDefault();
    changeDepth(-depth);
    void add(event.dataTransfer);
  });
  window.addEventListener("paste", (event) => void add(event.clipboardData));
}
