/** Deletions that wait some seconds, in which the user can undo each of them. */

export interface DelayedDeletionsOptions {
  undoMs: number;
  /** Delete this video now. */
  onDue: (inputFile: string) => void;
}

export class DelayedDeletions {
  readonly #options: DelayedDeletionsOptions;
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(options: DelayedDeletionsOptions) {
    this.#options = options;
  }

  /** Return whether the video will be deleted unless the user undoes that. */
  has(inputFile: string): boolean {
    return this.#timers.has(inputFile);
  }

  add(inputFile: string): void {
    this.undo(inputFile);
    this.#timers.set(
      inputFile,
      setTimeout(() => this.#commit(inputFile), this.#options.undoMs),
    );
  }

  undo(inputFile: string): void {
    clearTimeout(this.#timers.get(inputFile));
    this.#timers.delete(inputFile);
  }

  /** Delete now all that waits, because the page is closed: the user has decided, and nothing is left to undo it with. */
  commitAll(): void {
    for (const inputFile of [...this.#timers.keys()]) this.#commit(inputFile);
  }

  #commit(inputFile: string): void {
    this.undo(inputFile);
    this.#options.onDue(inputFile);
  }
}
