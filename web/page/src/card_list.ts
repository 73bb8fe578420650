/** The list of cards: holds every item, and draws changed items together, at most once in 16 ms. */

import { type Action, Card } from "./card";
import { stageText } from "./card_content";
import { type ListItem, newItem, type Stage } from "./list_item";

export interface CardListOptions {
  element: HTMLElement;
  onAction: (item: ListItem, action: Action) => void;
  /** Request the cookies that a job's key file needs; return whether the API requires them. */
  authorizePlayback: (jobId: string) => Promise<boolean>;
  /** Called after each drawing with all items, newest first. */
  onDrawn: (items: readonly ListItem[]) => void;
  /** An item reached a stage that screen readers announce. */
  onStage: (item: ListItem, text: string) => void;
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
  readonly #items = new Map<string, ListItem>();
  readonly #cards = new Map<string, Card>();
  readonly #stages = new Map<string, Stage>();
  readonly #changedIds = new Set<string>();
  #drawTimer: number | undefined;

  constructor(options: CardListOptions) {
    this.#options = options;
  }

  /** All items, newest first. */
  get items(): ListItem[] {
    return [...this.#items.values()].sort((one, other) => other.addedMs - one.addedMs);
  }

  get(id: string): ListItem | undefined {
    return this.#items.get(id);
  }

  card(id: string): Card | undefined {
    return this.#cards.get(id);
  }

  find(matches: (item: ListItem) => boolean): ListItem | undefined {
    return [...this.#items.values()].find(matches);
  }

  add(fields: Parameters<typeof newItem>[0]): ListItem {
    const item = newItem(fields);
    this.#items.set(item.id, item);
    this.#requestDraw(item.id);
    return item;
  }

  /** Change an item; do nothing if the item was removed. */
  update(id: string, change: Partial<ListItem> | ((item: ListItem) => ListItem)): void {
    const item = this.#items.get(id);
    if (!item) return;
    this.#items.set(id, typeof change === "function" ? change(item) : { ...item, ...change });
    this.#requestDraw(id);
  }

  /** Remove an item and its card; the focus moves from the card to its neighbour. */
  remove(id: string): void {
    const card = this.#cards.get(id);
    const hadFocus = card?.element.contains(document.activeElement) ?? false;
    const neighbour = card?.element.nextElementSibling ?? card?.element.previousElementSibling;
    card?.closePlayer();
    card?.element.remove();
    for (const map of [this.#items, this.#cards, this.#stages]) map.delete(id);
    if (hadFocus) [...this.#cards.values()].find(({ element }) => element === neighbour)?.focus();
    this.#requestDraw(id);
  }

  #requestDraw(id: string): void {
    this.#changedIds.add(id);
    // A timer, because a background tab gets no animation frames, and its progress must be drawn and announced too.
    this.#drawTimer ??= window.setTimeout(() => this.#drawChanged(), 16);
  }

  #drawChanged(): void {
    this.#drawTimer = undefined;
    const changedIds = [...this.#changedIds];
    this.#changedIds.clear();
    for (const id of changedIds) {
      const item = this.#items.get(id);
      if (item) this.#draw(item);
    }
    this.#options.onDrawn(this.items);
  }

  #draw(item: ListItem): void {
    const card = this.#cards.get(item.id) ?? this.#addCard(item);
    const { stage } = card.update(item);
    const previous = this.#stages.get(item.id);
    this.#stages.set(item.id, stage);
    const isNew = previous !== undefined && previous !== stage && previous !== "loading";
    if (isNew && ANNOUNCED_STAGES.includes(stage)) this.#options.onStage(item, stageText(item, stage));
  }

  #addCard({ id, addedMs }: ListItem): Card {
    const card = new Card({
      authorizePlayback: this.#options.authorizePlayback,
      onAction: (action) => {
        const item = this.#items.get(id);
        if (item) this.#options.onAction(item, action);
      },
    });
    const next = this.items.find((item) => item.addedMs < addedMs && this.#cards.has(item.id));
    this.#cards.set(id, card);
    this.#options.element.insertBefore(card.element, next ? (this.#cards.get(next.id)?.element ?? null) : null);
    return card;
  }
}
