/** The page around the list: choosing and dropping files, messages, and which view the address asks for. */

import { config } from "./config";
import { h, say, show } from "./dom";
import { icon } from "./icons";
import { t } from "./language";

export interface Page {
  list: HTMLElement;
  /** Ask for files. */
  choose(): void;
  /** Say it to screen readers only. */
  announce(words: string): void;
  /** Say it to everybody, for some seconds. */
  toast(words: string): void;
  /** A state that lasts; null: none. */
  banner(words: string | null, button?: { words: string; onClick: () => void }): void;
  summary(total: number, ready: number, finished: number): void;
}

const TOAST_MS = 5_000;

export function buildPage(on: { files: (files: File[]) => void; clear: () => void; signOut?: () => void }): Page {
  const title = config.title ?? t("title");
  document.title = title;
  const input = h("input", { type: "file", id: "files", multiple: true, accept: "video/*,.mkv,.mxf,.ts,.flv" });
  const choose = h("label", { for: "files", class: "button main" }, icon("upload"), h("span", {}, t("drop.choose")));
  const zone = h(
    "section",
    { class: "drop", "aria-label": t("drop.title") },
    h("p", { class: "drop-title" }, h("strong", {}, t("drop.title")), h("span", {}, t("drop.or"))),
    input,
    choose,
    h("p", { class: "hint" }, t("drop.hint")),
  );
  const list = h("ul", { class: "list", "aria-label": t("list.label") });
  const counts = h("p", { class: "counts" });
  const clear = h(
    "button",
    { type: "button", class: "button quiet", hidden: true, onclick: on.clear },
    t("list.clear"),
  );
  const bar = h("div", { class: "list-head", hidden: true }, counts, clear);
  const empty = h(
    "section",
    { class: "empty" },
    icon("film"),
    h("h2", {}, t("empty.title")),
    h("p", {}, t("empty.text")),
  );
  const banner = h("div", { class: "banner", role: "status", hidden: true });
  const toast = h("div", { class: "toast", role: "status" });
  const live = h("div", { class: "unseen", role: "status", "aria-live": "polite" });
  const back = h("a", { href: "#", class: "back" }, icon("back"), h("span", {}, t("action.all")));
  const leave = on.signOut && h("button", { type: "button", class: "button quiet", onclick: on.signOut }, t("signOut"));
  document.body.replaceChildren(
    h("header", { class: "top" }, h("h1", {}, title), h("div", { class: "top-actions" }, back, leave ?? null)),
    h("main", {}, banner, zone, bar, list, empty),
    toast,
    live,
    h("div", { class: "curtain", "aria-hidden": "true" }, icon("upload"), h("span", {}, t("drop.release"))),
  );
  input.addEventListener("change", () => {
    on.files([...(input.files ?? [])]);
    input.value = "";
  });
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault(); // some browsers click by themselves: of two clicks, the second closes the first one's dialog
    input.click(); // as every other button does; other browsers give it the space bar only
  });
  acceptDrops(on.files);

  let fading: ReturnType<typeof setTimeout> | undefined;
  return {
    list,
    choose: () => input.click(),
    announce: (words) => say(live, words),
    toast: (words) => {
      clearTimeout(fading);
      say(toast, words);
      toast.classList.add("is-shown");
      fading = setTimeout(() => toast.classList.remove("is-shown"), TOAST_MS);
    },
    banner: (words, button) => {
      show(banner, words !== null);
      if (words === banner.dataset.words) return;
      banner.dataset.words = words ?? "";
      const action = button && h("button", { type: "button", class: "button", onclick: button.onClick }, button.words);
      banner.replaceChildren(h("p", {}, words ?? ""), ...(action ? [action] : []));
    },
    summary: (total, ready, finished) => {
      document.body.classList.toggle("is-filled", total > 0);
      show(bar, total > 0);
      show(empty, total === 0);
      show(clear, finished > 0 && total > 1);
      say(counts, total === 1 ? t("list.summaryOne") : t("list.summary", { total, ready }));
    },
  };
}

/** The whole page takes files. */
function acceptDrops(onFiles: (files: File[]) => void): void {
  let depth = 0;
  const cover = (change: number) => {
    depth = Math.max(0, depth + change);
    document.body.classList.toggle("is-dropping", depth > 0);
  };
  const isFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") ?? false;
  window.addEventListener("dragenter", (event) => isFiles(event) && cover(1));
  window.addEventListener("dragleave", (event) => isFiles(event) && cover(-1));
  window.addEventListener("dragover", (event) => isFiles(event) && event.preventDefault());
  window.addEventListener("drop", (event) => {
    if (!isFiles(event)) return;
    event.preventDefault();
    cover(-depth);
    onFiles([...(event.dataTransfer?.files ?? [])]);
  });
}
