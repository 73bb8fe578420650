/** The page around the list: the file input, the drop zone, messages, and the link back to the list. */

import { config } from "./config";
import { h, setText, setVisible } from "./dom";
import { icon } from "./icons";
import { t } from "./language";

export interface Page {
  list: HTMLElement;
  openFileDialog(): void;
  /** Announce a text to screen readers only. */
  announce(text: string): void;
  /** Show a text for some seconds. */
  showToast(text: string): void;
  /** Show a text until the next call; null hides the banner. */
  setBanner(text: string | null, button?: BannerButton): void;
  setCounts(total: number, ready: number, finished: number): void;
}

export interface BannerButton {
  text: string;
  onClick: () => void;
}

export interface PageListener {
  onFiles: (files: File[]) => void;
  onClear: () => void;
  /** Without this there is no button to sign out. */
  onSignOut?: () => void;
}

const TOAST_MS = 5_000;

export function buildPage({ onFiles, onClear, onSignOut }: PageListener): Page {
  const title = config.title ?? t("title");
  document.title = title;
  const input = buildFileInput(onFiles);
  const dropZone = h(
    "section",
    { class: "drop", "aria-label": t("drop.title") },
    h("p", { class: "drop-title" }, h("strong", {}, t("drop.title")), h("span", {}, t("drop.or"))),
    input,
    h("label", { for: "files", class: "button main" }, icon("upload"), h("span", {}, t("drop.choose"))),
    h("p", { class: "hint" }, t("drop.hint")),
  );
  const list = h("ul", { class: "list", "aria-label": t("list.label") });
  const counts = h("p", { class: "counts" });
  const clear = h("button", { type: "button", class: "button quiet", hidden: true, onclick: onClear }, t("list.clear"));
  const listHead = h("div", { class: "list-head", hidden: true }, counts, clear);
  const empty = h(
    "section",
    { class: "empty" },
    icon("film"),
    h("h2", {}, t("empty.title")),
    h("p", {}, t("empty.text")),
  );
  const banner = h("div", { class: "banner", role: "status", hidden: true });
  const toast = h("div", { class: "toast", role: "status" });
  const announcer = h("div", { class: "visually-hidden", role: "status", "aria-live": "polite" });
  const back = h("a", { href: "#", class: "back" }, icon("back"), h("span", {}, t("action.all")));
  const signOut = onSignOut && h("button", { type: "button", class: "button quiet", onclick: onSignOut }, t("signOut"));
  document.body.replaceChildren(
    h("header", { class: "top" }, h("h1", {}, title), h("div", { class: "top-actions" }, back, signOut ?? null)),
    h("main", {}, banner, dropZone, listHead, list, empty),
    toast,
    announcer,
    h("div", { class: "drop-overlay", "aria-hidden": "true" }, icon("upload"), h("span", {}, t("drop.release"))),
  );
  acceptDrops(onFiles);

  let toastTimer: ReturnType<typeof setTimeout> | undefined;
  return {
    list,
    openFileDialog: () => input.click(),
    announce: (text) => setText(announcer, text),
    showToast: (text) => {
      clearTimeout(toastTimer);
      setText(toast, text);
      toast.classList.add("is-shown");
      toastTimer = setTimeout(() => toast.classList.remove("is-shown"), TOAST_MS);
    },
    setBanner: (text, button) => {
      setVisible(banner, text !== null);
      if (text === banner.dataset.text) return;
      banner.dataset.text = text ?? "";
      const action = button && h("button", { type: "button", class: "button", onclick: button.onClick }, button.text);
      banner.replaceChildren(h("p", {}, text ?? ""), ...(action ? [action] : []));
    },
    setCounts: (total, ready, finished) => {
      document.body.classList.toggle("is-filled", total > 0);
      setVisible(listHead, total > 0);
      setVisible(empty, total === 0);
      setVisible(clear, finished > 0 && total > 1);
      setText(counts, total === 1 ? t("list.summaryOne") : t("list.summary", { total, ready }));
    },
  };
}

function buildFileInput(onFiles: (files: File[]) => void): HTMLInputElement {
  const input = h("input", { type: "file", id: "files", multiple: true, accept: "video/*,.mkv,.mxf,.ts,.flv" });
  input.addEventListener("change", () => {
    onFiles([...(input.files ?? [])]);
    input.value = "";
  });
  // Every button reacts to Enter, but some browsers open a file input with the space bar only. Other browsers click by
  // themselves on Enter: preventDefault stops that, because a second click would close the dialog of the first.
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    input.click();
  });
  return input;
}

/** Accept files that are dropped anywhere on the page. */
function acceptDrops(onFiles: (files: File[]) => void): void {
  let depth = 0; // dragenter and dragleave also fire for every element within the page
  const changeDepth = (change: number): void => {
    depth = Math.max(0, depth + change);
    document.body.classList.toggle("is-dropping", depth > 0);
  };
  const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") ?? false;
  window.addEventListener("dragenter", (event) => hasFiles(event) && changeDepth(1));
  window.addEventListener("dragleave", (event) => hasFiles(event) && changeDepth(-1));
  window.addEventListener("dragover", (event) => hasFiles(event) && event.preventDefault());
  window.addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    changeDepth(-depth);
    onFiles([...(event.dataTransfer?.files ?? [])]);
  });
}
