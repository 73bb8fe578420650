/** The list of cards: one for each video, newest first, changed in place. */

import type { Stage, Video } from "@mediaconvert-status/core";
import { Card } from "./card";
import type { Action } from "./card_content";

export interface CardListOptions {
  element: HTMLElement;
  onAction: (video: Video, action: Exclude<Action, "play">) => void;
  /** Request the cookies that a job's key file needs; return whether the API requires them. */
  authorizePlayback: (jobId: string) => Promise<boolean>;
  /** Return the address of a picture of the video; null if there is none. */
  pictureOf: (video: Video) => string | null;
  /** A video reached a stage that screen readers announce. */
  onStage: (video: Video) => void;
}

const ANNOUNCED_STAGES: readonly Stage[] = [
  "complete",
  "failed",
  "canceled",
  "uploadFailed",
  "uploadCanceled",
  "paused",
  "waiting",
  "transcoding",
];

export class CardList {
  readonly #options: CardListOptions;
  readonly #cards = new Map<string, Card>();
  readonly #videos = new Map<string, Video>();

  constructor(options: CardListOptions) {
    this.#options = options;
  }

  card(id: string): Card | undefined {
    return this.#cards.get(id);
  }

  /** Show these videos in this order; remove the cards of all others. */
  draw(videos: readonly Video[], isVisible: (video: Video) => boolean, isAlone: boolean): void {
    const ids = new Set(videos.map(({ id }) => id));
    for (const id of [...this.#cards.keys()].filter((each) => !ids.has(each))) this.#remove(id);
    let position: Element | null = this.#options.element.firstElementChild;
    for (const video of videos) {
      const card = this.#cards.get(video.id) ?? this.#addCard(video.id);
      if (card.element === position) position = position.nextElementSibling;
      else this.#options.element.insertBefore(card.element, position);
      this.#announce(video);
      card.update(video, isAlone);
      card.setPicture(this.#options.pictureOf(video));
      card.element.hidden = !isVisible(video);
    }
  }

  /** Close the players of all cards but this one. */
  closeOtherPlayers(id: string): void {
    for (const [other, card] of this.#cards) if (other !== id) card.closePlayer();
  }

  #announce(video: Video): void {
    const previous = this.#videos.get(video.id)?.view.stage;
    this.#videos.set(video.id, video);
    const { stage } = video.view;
    if (previous === undefined || previous === "loading" || previous === stage) return;
    if (ANNOUNCED_STAGES.includes(stage)) this.#options.onStage(video);
  }

  /** Remove a card; the focus moves from it to its neighbour. */
  #remove(id: string): void {
    const element = this.#cards.get(id)?.element;
    const hadFocus = element?.contains(document.activeElement) ?? false;
    const neighbour = element?.nextElementSibling ?? element?.previousElementSibling;
    this.#cards.get(id)?.closePlayer();
    element?.remove();
    for (const map of [this.#cards, this.#videos]) map.delete(id);
    if (hadFocus) [...this.#cards.values()].find((card) => card.element === neighbour)?.focus();
  }

  #addCard(id: string): Card {
    const card = new Card({
      authorizePlayback: this.#options.authorizePlayback,
      onPlayerOpened: () => this.closeOtherPlayers(id),
      onAction: (action) => {
        const video = this.#videos.get(id);
        if (video) this.#options.onAction(video, action);
      },
    });
    this.#cards.set(id, card);
    return card;
  }
}
