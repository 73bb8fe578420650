/** Removals from the list that the user can still undo. */

export interface RemovalOptions {
  undoMs: number;
  /** Remove these videos now. */
  onDue: (ids: readonly string[]) => void;
  onChange: () => void;
}

export class Removals {
  readonly #options: RemovalOptions;
  #ids: readonly string[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: RemovalOptions) {
    this.#options = options;
  }

  /** Return whether the video is hidden, and will be removed unless the user undoes that. */
  has(id: string): boolean {
    return this.#ids.includes(id);
  }

  /** Hide these videos; remove them after `undoMs`. An earlier removal is carried out now. */
  add(ids: readonly string[]): void {
    this.commit();
    this.#ids = ids;
    this.#timer = setTimeout(() => this.commit(), this.#options.undoMs);
    this.#options.onChange();
  }

  undo(): void {
    clearTimeout(this.#timer);
    this.#ids = [];
    this.#options.onChange();
  }

  /** Remove the hidden videos now, for example because the page is closed. */
  commit(): void {
    clearTimeout(this.#timer);
    const ids = this.#ids;
    this.#ids = [];
    if (ids.length > 0) this.#options.onDue(ids);
  }
}
