/** All items of the page, and the card of each: what happens to one is drawn once a frame, however often it happens. */

import { type Action, Card, stageWords } from "./card";
import { type Item, newItem, type Stage } from "./item";

export interface ListOptions {
  element: HTMLElement;
  onAction: (item: Item, action: Action) => void;
  /** Get leave to fetch the key of a job's video; whether it is guarded. */
  admit: (jobId: string) => Promise<boolean>;
  /** After every drawing, with all items, newest first. */
  onDrawn: (items: readonly Item[]) => void;
  /** A stage that people who don't see the page want to hear of. */
  onStage: (item: Item, words: string) => void;
}

const WORTH_HEARING: readonly Stage[] = [
  "complete",
  "failed",
  "canceled",
  "uploadFailed",
  "uploadCanceled",
  "paused",
  "waiting",
  "transcoding",
];

export class List {
  readonly #options: ListOptions;
  readonly #items = new Map<string, Item>();
  readonly #cards = new Map<string, Card>();
  readonly #stages = new Map<string, Stage>();
  readonly #changed = new Set<string>();
  #drawing: number | undefined;

  constructor(options: ListOptions) {
    this.#options = options;
  }

  /** Newest first. */
  get items(): Item[] {
    return [...this.#items.values()].sort((one, other) => other.addedMs - one.addedMs);
  }

  get(id: string): Item | undefined {
    return this.#items.get(id);
  }

  card(id: string): Card | undefined {
    return this.#cards.get(id);
  }

  find(holds: (item: Item) => boolean): Item | undefined {
    return [...this.#items.values()].find(holds);
  }

  add(known: Parameters<typeof newItem>[0]): Item {
    const item = newItem(known);
    this.#items.set(item.id, item);
    this.#draw(item.id);
    return item;
  }

  /** Change an item that is still there. */
  change(id: string, news: Partial<Item> | ((item: Item) => Item)): void {
    const item = this.#items.get(id);
    if (!item) return;
    this.#items.set(id, typeof news === "function" ? news(item) : { ...item, ...news });
    this.#draw(id);
  }

  /** Take it from the page; the focus goes to its neighbour. */
  remove(id: string): void {
    const card = this.#cards.get(id);
    const hadFocus = card?.element.contains(document.activeElement) ?? false;
    const neighbour = card?.element.nextElementSibling ?? card?.element.previousElementSibling;
    card?.closePlayer();
    card?.element.remove();
    for (const each of [this.#items, this.#cards, this.#stages]) each.delete(id);
    if (hadFocus) [...this.#cards.values()].find(({ element }) => element === neighbour)?.focus();
    this.#draw(id);
  }

  #draw(id: string): void {
    this.#changed.add(id);
    // A timer, not a frame: a tab in the background tells of its progress too.
    this.#drawing ??= window.setTimeout(() => this.#drawAll(), 16);
  }

  #drawAll(): void {
    this.#drawing = undefined;
    const changed = [...this.#changed];
    this.#changed.clear();
    for (const id of changed) {
      const item = this.#items.get(id);
      if (item) this.#show(item);
    }
    this.#options.onDrawn(this.items);
  }

  #show(item: Item): void {
    const card = this.#cards.get(item.id) ?? this.#make(item);
    const { stage } = card.update(item);
    const known = this.#stages.get(item.id);
    this.#stages.set(item.id, stage);
    const isNews = known !== undefined && known !== stage && known !== "loading" && WORTH_HEARING.includes(stage);
    if (isNews) this.#options.onStage(item, stageWords(item, stage));
  }

  #make({ id, addedMs }: Item): Card {
    const card = new Card({
      admit: this.#options.admit,
      onAction: (action) => {
        const item = this.#items.get(id);
        if (item) this.#options.onAction(item, action);
      },
    });
    const next = this.items.find((each) => each.addedMs < addedMs && this.#cards.has(each.id));
    this.#cards.set(id, card);
    this.#options.element.insertBefore(card.element, next ? (this.#cards.get(next.id)?.element ?? null) : null);
    return card;
  }
}
