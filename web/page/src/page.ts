/** The page around the list: the file input, the drop zone, messages, and the link back to the list. */

import { ACCEPT, formatBytes, formatPercent } from "@mediaconvert-status/core";
import { config } from "./config";
import { h, setText, setVisible } from "./dom";
import { filesOf } from "./dropped_files";
import { icon } from "./icons";
import { language, t } from "./language";
import type { Summary } from "./summary";

export interface Page {
  list: HTMLElement;
  /** Let the user choose one file; the callback gets it instead of `onFiles`. */
  chooseFile(onFile: (file: File) => void): void;
  /** Announce a text to screen readers only. */
  announce(text: string): void;
  /** Show a text for some seconds; a button makes it stay longer. */
  showToast(text: string, button?: TextButton): void;
  /** Show a text until the next call; null hides the banner. */
  setBanner(text: string | null, button?: TextButton): void;
  setSummary(summary: Summary, viewTitle: string | null): void;
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
  document.body.replaceChildren(
    buildHeader(title, listener.onSignOut),
    h("main", {}, banner, buildDropZone(fileInput), head.element, list, head.empty),
    toast.element,
    announcer,
    h("div", { class: "drop-overlay", "aria-hidden": "true" }, icon("upload"), h("span", {}, t("drop.release"))),
  );
  acceptDrops(listener.onFiles);
  return {
    list,
    chooseFile: (onFile) => fileInput.chooseFile(onFile),
    announce: (text) => setText(announcer, text),
    showToast: (text, button) => toast.show(text, button),
    setBanner: (text, button) => setBanner(banner, text, button),
    setSummary: (summary, viewTitle) => head.update(summary, viewTitle),
  };
}

function buildHeader(title: string, onSignOut: (() => void) | undefined): HTMLElement {
  const back = h("a", { href: "#", class: "back" }, icon("back"), h("span", {}, t("action.all")));
  const signOut = onSignOut && h("button", { type: "button", class: "button quiet", onclick: onSignOut }, t("signOut"));
  return h("header", { class: "top" }, h("h1", {}, title), h("div", { class: "top-actions" }, back, signOut ?? null));
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
    this.element = h("input", { type: "file", id: "files", multiple: true, accept: ACCEPT });
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

/** The line above the list: the sum over all videos; and the window's title, which shows it too. */
class ListHead {
  readonly element: HTMLElement;
  readonly empty = h(
    "section",
    { class: "empty" },
    icon("film"),
    h("h2", {}, t("empty.title")),
    h("p", {}, t("empty.text")),
  );
  readonly #title: string;
  readonly #counts = h("p", { class: "counts" });
  readonly #clear: HTMLButtonElement;
  readonly #pauseAll: HTMLButtonElement;
  readonly #resumeAll: HTMLButtonElement;

  constructor(title: string, { onClear, onPauseAll, onResumeAll }: PageListener) {
    this.#title = title;
    const button = (text: string, onclick: () => void): HTMLButtonElement =>
      h("button", { type: "button", class: "button quiet", hidden: true, onclick }, text);
    this.#pauseAll = button(t("action.pauseAll"), onPauseAll);
    this.#resumeAll = button(t("action.resumeAll"), onResumeAll);
    this.#clear = button(t("list.clear"), onClear);
    const buttons = h("div", { class: "list-actions" }, this.#pauseAll, this.#resumeAll, this.#clear);
    this.element = h("div", { class: "list-head", hidden: true }, this.#counts, buttons);
  }

  update(summary: Summary, viewTitle: string | null): void {
    const { total, failed, ended, percent, pausable, resumable } = summary;
    const isEmpty = total === 0 && ended === 0;
    document.body.classList.toggle("is-filled", !isEmpty);
    setVisible(this.element, !isEmpty);
    setVisible(this.empty, isEmpty);
    setVisible(this.#clear, ended > 0 && total + failed > 1);
    setVisible(this.#pauseAll, pausable.length > 1);
    setVisible(this.#resumeAll, resumable.length > 1 && pausable.length <= 1);
    setText(this.#counts, countsText(summary));
    const title = viewTitle ?? this.#title;
    const shown = percent === null ? null : formatPercent(percent, language);
    document.title = shown === null ? title : t("titleProgress", { percent: shown, title });
  }
}

function countsText({ total, ready, failed, percent, bytesPerS }: Summary): string {
  const count = total === 1 ? t("list.summaryOne") : t("list.summary", { total, ready });
  const parts = [
    total > 0 ? count : null,
    failed > 0 ? t("list.failed", { count: failed }) : null,
    percent === null || total < 2 ? null : formatPercent(percent, language),
    bytesPerS === null || total < 2 ? null : t("list.rate", { rate: formatBytes(bytesPerS, language) }),
  ];
  return parts.filter(Boolean).join(" · ");
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
