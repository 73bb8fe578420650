/**
 * The card of one item.
 *
 * Its elements are created once and then changed in place, so that the focus, the player and screen readers keep their
 * position.
 */

import { type Action, metadataText, noteElements, sentText, stageText, visibleButtons } from "./card_content";
import { h, setText, setVisible } from "./dom";
import { formatPercent, formatRemaining } from "./format";
import { type IconName, icon } from "./icons";
import { language, t } from "./language";
import { type ListItem, type Stage, type View, viewOf } from "./list_item";
import { Player } from "./player";

export type { Action } from "./card_content";

export interface CardOptions {
  onAction: (action: Action) => void;
  /** Request the cookies that a job's key file needs; return whether the API requires them. */
  authorizePlayback: (jobId: string) => Promise<boolean>;
}

const BUTTON_ICONS: Record<Action | "play", IconName> = {
  play: "play",
  pause: "pause",
  resume: "play",
  retry: "retry",
  copy: "link",
  cancel: "close",
  remove: "close",
};

const FINISHED_STAGES: readonly Stage[] = ["complete", "failed", "canceled", "gone", "uploadCanceled", "uploadFailed"];

let cardCount = 0;

export class Card {
  readonly element: HTMLLIElement;
  readonly #options: CardOptions;
  readonly #name: HTMLElement;
  readonly #metadata = h("p", { class: "meta" });
  readonly #stage = h("span", { class: "stage" });
  readonly #amount = h("span", { class: "amount" });
  readonly #note = h("div", { class: "note", hidden: true });
  readonly #bar: HTMLElement;
  readonly #uploadBar = h("i");
  readonly #transcodeBar = h("i");
  readonly #buttons = new Map<Action | "play", HTMLButtonElement>();
  readonly #body = h("div", { class: "body" });
  #player: Player | null = null;
  #item: ListItem | null = null;
  #noteContent = "";

  constructor(options: CardOptions) {
    this.#options = options;
    cardCount += 1;
    this.#name = h("h2", { id: `card-${cardCount}`, class: "name", tabindex: "-1" });
    this.#bar = h(
      "div",
      { class: "bar", role: "progressbar", "aria-valuemin": "0", "aria-valuemax": "100" },
      h("div", { class: "track upload" }, this.#uploadBar),
      h("div", { class: "track transcode" }, this.#transcodeBar),
    );
    const buttons = Object.keys(BUTTON_ICONS).map((action) => this.#createButton(action as Action));
    const actions = h("div", { class: "actions" }, ...buttons);
    this.element = h(
      "li",
      { class: "card" },
      h(
        "article",
        { "aria-labelledby": this.#name.id },
        h("div", { class: "head" }, h("div", { class: "title" }, this.#name, this.#metadata), actions),
        this.#bar,
        h("div", { class: "state" }, this.#stage, this.#amount),
        this.#note,
        this.#body,
      ),
    );
  }

  /** Show the item's present state. */
  update(item: ListItem): View {
    const view = viewOf(item);
    const previous = this.#item;
    this.#item = item;
    const file = item.fileName ?? item.jobId ?? "…";
    setText(this.#name, file);
    this.#name.title = file;
    setText(this.#metadata, metadataText(item));
    this.element.dataset.stage = view.stage;
    this.element.dataset.job = item.jobId ?? "";
    this.#updateBar(item, view, file);
    this.#updateButtons(item, view, file);
    this.#updateNote(item, view);
    if (this.#player && (view.stage !== "complete" || previous?.jobId !== item.jobId)) this.closePlayer();
    return view;
  }

  focus(): void {
    this.#name.focus();
  }

  openPlayer(shouldPlay: boolean): void {
    const output = this.#item?.job?.output;
    if (this.#player || !output?.playback_url) return;
    const label = t("player.label", { file: this.#item?.fileName ?? "" });
    const jobId = this.#item?.jobId ?? "";
    const authorize = (): Promise<boolean> => this.#options.authorizePlayback(jobId);
    this.#player = new Player(output, { label, shouldPlay, authorize });
    this.#body.append(this.#player.element);
    if (this.#item) this.update(this.#item);
  }

  closePlayer(): void {
    this.#player?.close();
    this.#player = null;
    if (this.#item) this.update(this.#item);
  }

  #createButton(action: Action | "play"): HTMLButtonElement {
    const isMain = action === "play";
    const button = h("button", { type: "button", class: isMain ? "button main" : "icon-only", hidden: true });
    button.dataset.action = action;
    button.append(icon(BUTTON_ICONS[action]), ...(isMain ? [h("span", {}, t("action.play"))] : []));
    button.addEventListener("click", () => {
      if (action !== "play") this.#options.onAction(action);
      else if (this.#player) this.closePlayer();
      else this.openPlayer(true);
    });
    this.#buttons.set(action, button);
    return button;
  }

  #updateBar(item: ListItem, view: View, file: string): void {
    const isKnown = view.percent !== null;
    const stage = stageText(item, view.stage);
    const isFinished = FINISHED_STAGES.includes(view.stage);
    const percent = isKnown && !isFinished ? formatPercent(view.percent ?? 0, language) : null;
    const left = view.remainingS === null ? null : t("bar.left", { time: formatRemaining(view.remainingS, language) });
    this.#uploadBar.style.setProperty("--filled", `${view.uploadPercent}%`);
    this.#transcodeBar.style.setProperty("--filled", `${view.transcodePercent}%`);
    this.#bar.setAttribute("aria-label", t("bar.label", { file }));
    if (isKnown) this.#bar.setAttribute("aria-valuenow", String(view.percent));
    else this.#bar.removeAttribute("aria-valuenow");
    this.#bar.setAttribute("aria-valuetext", [stage, percent, left].filter(Boolean).join(", "));
    this.element.classList.toggle(
      "is-indeterminate",
      !isKnown && ["waiting", "probing", "transcoding", "saving"].includes(view.stage),
    );
    this.element.classList.toggle("is-finishing", view.stage === "finishing");
    setText(this.#stage, percent === null ? stage : `${stage} · ${percent}`);
    setText(this.#amount, [sentText(item, view), left].filter(Boolean).join(" · "));
  }

  #updateButtons(item: ListItem, view: View, file: string): void {
    const visible = new Set(visibleButtons(item, view));
    for (const [action, button] of this.#buttons) {
      const text = t(action === "play" && this.#player ? "action.close" : `action.${action}`);
      const hadFocus = button === document.activeElement;
      button.setAttribute("aria-label", t("action.of", { action: text, file }));
      button.title = text;
      setVisible(button, visible.has(action));
      if (hadFocus && button.hidden) this.#name.focus({ preventScroll: true });
    }
    const play = this.#buttons.get("play");
    const isOpen = this.#player !== null;
    if (!play || play.classList.contains("main") !== isOpen) return;
    play.classList.toggle("main", !isOpen);
    play.replaceChildren(icon(isOpen ? "up" : "play"), h("span", {}, t(isOpen ? "action.close" : "action.play")));
  }

  #updateNote(item: ListItem, view: View): void {
    const content = JSON.stringify([view.stage, item.job?.error, item.job?.warnings, item.upload?.problem]);
    if (content === this.#noteContent) return;
    this.#noteContent = content;
    const elements = noteElements(item, view);
    this.#note.replaceChildren(...elements);
    setVisible(this.#note, elements.length > 0);
  }
}
