/**
 * The card of one video.
 *
 * Its elements are created once and then changed in place, so that the focus, the player and screen readers keep their
 * position.
 */

import { ENDED, type Stage, type Video } from "@mediaconvert-status/core";
import { type Action, actionText, amountText, metadataText, noteElements, visibleActions } from "./card_content";
import { h, setText, setVisible } from "./dom";
import { type IconName, icon } from "./icons";
import { t } from "./language";
import { Player } from "./player";

export interface CardOptions {
  onAction: (action: Exclude<Action, "play">) => void;
  onPlayerOpened: () => void;
  /** Request the cookies that a job's key file needs; return whether the API requires them. */
  authorizePlayback: (jobId: string) => Promise<boolean>;
}

/** The buttons in their order. A button with an icon alone has its text as a label; others show the text. */
const BUTTONS: readonly { action: Action; icon?: IconName; style: string }[] = [
  { action: "play", icon: "play", style: "button main" },
  { action: "chooseFile", style: "button main" },
  { action: "retry", icon: "retry", style: "button" },
  { action: "pause", icon: "pause", style: "icon-only" },
  { action: "resume", icon: "play", style: "icon-only" },
  { action: "copy", icon: "link", style: "icon-only" },
  { action: "cancel", style: "button quiet" },
  { action: "remove", style: "button quiet" },
];

/** Stages that last, and whose bar moves without a percentage. */
const INDETERMINATE: readonly Stage[] = ["waiting", "probing", "transcoding", "saving"];

let cardCount = 0;

export class Card {
  readonly element: HTMLLIElement;
  readonly #options: CardOptions;
  readonly #name: HTMLElement;
  readonly #metadata = h("p", { class: "meta" });
  readonly #stage = h("span", { class: "stage" });
  readonly #amount = h("span", { class: "amount" });
  readonly #picture = h("img", { class: "picture", alt: "", hidden: true });
  readonly #note = h("div", { class: "note", hidden: true });
  readonly #body = h("div", { class: "body" });
  readonly #uploadBar = h("i");
  readonly #transcodeBar = h("i");
  readonly #bar: HTMLElement;
  readonly #buttons = new Map<Action, HTMLButtonElement>();
  #video: Video | null = null;
  #isAlone = false;
  #player: Player | null = null;
  #noteContent = "";
  #pictureUrl: string | null = null;
  #triedPictureUrl: string | null = null;

  constructor(options: CardOptions) {
    this.#options = options;
    cardCount += 1;
    this.#name = h("h2", { id: `card-${cardCount}`, class: "name", tabindex: "-1", dir: "auto" });
    this.#bar = h(
      "div",
      { class: "bar", role: "progressbar", "aria-valuemin": "0", "aria-valuemax": "100" },
      h("div", { class: "track upload" }, this.#uploadBar),
      h("div", { class: "track transcode" }, this.#transcodeBar),
    );
    this.#picture.addEventListener("error", () => void this.#onPictureError());
    const actions = h("div", { class: "actions" }, ...BUTTONS.map((button) => this.#createButton(button)));
    this.element = h(
      "li",
      { class: "card" },
      h(
        "article",
        { "aria-labelledby": this.#name.id },
        h("div", { class: "head" }, this.#picture, h("div", { class: "title" }, this.#name, this.#metadata), actions),
        this.#bar,
        h("div", { class: "state" }, this.#stage, this.#amount),
        this.#note,
        this.#body,
      ),
    );
  }

  /** Show the video's present state; `isAlone` is true in the view of this job alone. */
  update(video: Video, isAlone: boolean): void {
    if (video === this.#video && isAlone === this.#isAlone) return;
    const previous = this.#video;
    this.#video = video;
    this.#isAlone = isAlone;
    const file = video.fileName ?? video.jobId ?? "…";
    setText(this.#name, file);
    this.#name.title = file;
    setText(this.#metadata, metadataText(video));
    this.element.dataset.stage = video.view.stage;
    this.element.dataset.job = video.jobId ?? "";
    this.#updateBar(video, file);
    this.#updateButtons(video, file);
    this.#updateNote(video);
    if (this.#player && (video.view.stage !== "complete" || previous?.jobId !== video.jobId)) this.closePlayer();
  }

  /** Show a picture of the video; null shows none. One that can't be loaded isn't shown. */
  setPicture(url: string | null): void {
    if (url === this.#pictureUrl) return;
    this.#pictureUrl = url;
    if (url === null) this.#picture.removeAttribute("src");
    else this.#picture.src = url;
    setVisible(this.#picture, url !== null);
  }

  /** A guarded poster needs the cookies of playback; a picture that still can't be loaded isn't shown. */
  async #onPictureError(): Promise<void> {
    const [url, jobId] = [this.#pictureUrl, this.#video?.jobId ?? null];
    setVisible(this.#picture, false);
    if (url === null || url === this.#triedPictureUrl || url.startsWith("data:") || jobId === null) return;
    this.#triedPictureUrl = url;
    if (!(await this.#options.authorizePlayback(jobId)) || this.#pictureUrl !== url) return;
    this.#picture.src = url;
    setVisible(this.#picture, true);
  }

  focus(): void {
    this.#name.focus();
  }

  openPlayer(shouldPlay: boolean): void {
    const output = this.#video?.job?.output;
    if (this.#player || !output?.playback_url) return;
    const file = this.#video?.fileName ?? "";
    const jobId = this.#video?.jobId ?? "";
    const authorize = (): Promise<boolean> => this.#options.authorizePlayback(jobId);
    this.#player = new Player(output, { file, shouldPlay, authorize });
    this.#body.append(this.#player.element);
    this.#options.onPlayerOpened();
    this.#showPlayButton();
  }

  closePlayer(): void {
    this.#player?.close();
    this.#player = null;
    this.#showPlayButton();
  }

  #createButton({ action, icon: iconName, style }: (typeof BUTTONS)[number]): HTMLButtonElement {
    const button = h("button", { type: "button", class: style, hidden: true });
    button.dataset.action = action;
    button.append(...(iconName ? [icon(iconName)] : []), ...(style === "icon-only" ? [] : [h("span")]));
    button.addEventListener("click", () => {
      if (action !== "play") this.#options.onAction(action);
      else if (this.#player) this.closePlayer();
      else this.openPlayer(true);
    });
    this.#buttons.set(action, button);
    return button;
  }

  #updateBar({ view }: Video, file: string): void {
    const isKnown = view.percent !== null;
    this.#uploadBar.style.setProperty("--filled", `${view.uploadPercent}%`);
    this.#transcodeBar.style.setProperty("--filled", `${view.transcodePercent}%`);
    this.#bar.setAttribute("aria-label", t("bar.label", { file }));
    if (isKnown) this.#bar.setAttribute("aria-valuenow", String(view.percent));
    else this.#bar.removeAttribute("aria-valuenow");
    this.#bar.setAttribute("aria-valuetext", view.words);
    // An old percentage isn't a moving bar: without news it stands still.
    const isMoving = !isKnown && INDETERMINATE.includes(view.stage) && view.staleForS === null;
    this.element.classList.toggle("is-indeterminate", isMoving);
    this.element.classList.toggle("is-finishing", view.stage === "finishing");
    setText(this.#stage, view.stageWords);
    setText(this.#amount, this.#video ? amountText(this.#video) : "");
  }

  #updateButtons(video: Video, file: string): void {
    const visible = visibleActions(video);
    for (const [action, button] of this.#buttons) {
      const hadFocus = button === document.activeElement;
      if (action !== "play") this.#label(button, actionText(action, video), file);
      setVisible(button, visible.has(action));
      if (hadFocus && button.hidden) this.#name.focus({ preventScroll: true });
    }
    this.#showPlayButton();
  }

  #label(button: HTMLButtonElement, text: string, file: string): void {
    button.setAttribute("aria-label", t("action.of", { action: text, file }));
    button.title = text;
    const shown = button.querySelector("span");
    if (shown) setText(shown, text);
  }

  #showPlayButton(): void {
    const button = this.#buttons.get("play");
    const isOpen = this.#player !== null;
    if (!button || !this.#video) return;
    this.#label(button, t(isOpen ? "action.close" : "action.play"), this.#video.fileName ?? "");
    if (button.classList.contains("main") !== isOpen) return;
    button.classList.toggle("main", !isOpen);
    button.querySelector("svg")?.replaceWith(icon(isOpen ? "up" : "play"));
  }

  #updateNote(video: Video): void {
    const { view, job } = video;
    const content = JSON.stringify([view.stage, this.#isAlone, job?.error, job?.warnings, view.error?.code]);
    if (content === this.#noteContent) return;
    this.#noteContent = content;
    const elements = noteElements(video, this.#isAlone);
    this.#note.replaceChildren(...elements);
    setVisible(this.#note, elements.length > 0);
  }
}

/** Return whether nothing more happens to the video by itself, so that "Remove finished" removes it. */
export function isEnded({ view }: Video): boolean {
  return ENDED.has(view.stage);
}
