/** The line above the list: the sum over all videos. The window's title and icon show it too. */

import { formatBytes, formatPercent, formatRemaining } from "@mediaconvert-status/core";
import { h, setText, setVisible } from "./dom";
import { Favicon } from "./favicon";
import { icon } from "./icons";
import { language, t } from "./language";
import type { PageListener } from "./page";
import type { Summary } from "./summary";

export class ListHead {
  readonly element: HTMLElement;
  readonly empty = h(
    "section",
    { class: "empty" },
    icon("film"),
    h("h2", {}, t("empty.title")),
    h("p", {}, t("empty.text")),
  );
  readonly #title: string;
  readonly #favicon = new Favicon();
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
    this.#favicon.show(percent);
    document.title = shown === null ? title : t("titleProgress", { percent: shown, title });
  }
}

function countsText({ total, ready, failed, percent, bytesPerS, etaS }: Summary): string {
  const count = total === 1 ? t("list.summaryOne") : t("list.summary", { total, ready });
  const parts = [
    total > 0 ? count : null,
    failed > 0 ? t("list.failed", { count: failed }) : null,
    percent === null || total < 2 ? null : formatPercent(percent, language),
    bytesPerS === null || total < 2 ? null : t("list.rate", { rate: formatBytes(bytesPerS, language) }),
    etaS === null || total < 2 ? null : t("bar.left", { time: formatRemaining(etaS, language) }),
  ];
  return parts.filter(Boolean).join(" · ");
}
