/** The rows of the library: one for each video that is shown, changed in place. */

import { h } from "./dom";
import type { KeptVideo } from "./library_list";
import { LibraryRow } from "./library_row";

export interface LibraryRowsOptions {
  onRename: (inputFile: string, name: string) => Promise<void>;
  onDelete: (inputFile: string) => void;
  onUndo: (inputFile: string) => void;
  /** Return whether the video will be deleted unless the user undoes that. */
  isDeleting: (inputFile: string) => boolean;
  /** Return the present progress of a running job in words; null if there is none. */
  wordsOf: (video: KeptVideo) => string | null;
  authorizePlayback: (jobId: string) => Promise<boolean>;
  /** The row that had the focus was the last one. */
  onEmpty: () => void;
}

export class LibraryRows {
  readonly element = h("ul", { class: "kept-list", "aria-labelledby": "library-title" });
  readonly #options: LibraryRowsOptions;
  readonly #rows = new Map<string, LibraryRow>();

  constructor(options: LibraryRowsOptions) {
    this.#options = options;
  }

  row(inputFile: string): LibraryRow | undefined {
    return this.#rows.get(inputFile);
  }

  files(): ReadonlySet<string> {
    return new Set(this.#rows.keys());
  }

  focusFirstExcept(known: ReadonlySet<string>): void {
    [...this.#rows].find(([inputFile]) => !known.has(inputFile))?.[1].focus();
  }

  /** Show these videos in this order, and no others. */
  draw(shown: readonly KeptVideo[]): void {
    const files = new Set(shown.map(({ input_file }) => input_file));
    for (const inputFile of [...this.#rows.keys()].filter((each) => !files.has(each))) this.#remove(inputFile);
    let position: Element | null = this.element.firstElementChild;
    for (const video of shown) {
      const row = this.#rows.get(video.input_file) ?? this.#add(video);
      if (row.element === position) position = position.nextElementSibling;
      else this.element.insertBefore(row.element, position);
      row.update(video, this.#options.wordsOf(video));
    }
  }

  #add(video: KeptVideo): LibraryRow {
    const { onRename, onDelete, onUndo, isDeleting, authorizePlayback } = this.#options;
    const inputFile = video.input_file;
    const row = new LibraryRow(video, {
      onRename: (name) => onRename(inputFile, name),
      onDelete: () => onDelete(inputFile),
      onUndo: () => onUndo(inputFile),
      authorizePlayback,
    });
    row.setDeleting(isDeleting(inputFile));
    this.#rows.set(inputFile, row);
    return row;
  }

  /** Remove a row; the focus moves from it to its neighbour. */
  #remove(inputFile: string): void {
    const element = this.#rows.get(inputFile)?.element;
    const hadFocus = element?.contains(document.activeElement) ?? false;
    const neighbour = element?.nextElementSibling ?? element?.previousElementSibling;
    element?.remove();
    this.#rows.delete(inputFile);
    if (!hadFocus) return;
    const next = [...this.#rows.values()].find((row) => row.element === neighbour);
    if (next) next.focus();
    else this.#options.onEmpty();
  }
}
