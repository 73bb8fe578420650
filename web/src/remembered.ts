/**
 * The files that this browser has sent, so that a reload or another tab finds them again.
 *
 * Each stands under a key of its own: tabs write beside each other without reading first, and lose nothing.
 */

const PREFIX = "mediaconvert-status.file.";

export interface Remembered {
  inputFile: string;
  fileName: string;
  sizeBytes: number;
  addedMs: number;
  /** Tells the same file when it is chosen again. */
  lastModified: number;
  /** S3's, to go on with an upload that broke off. */
  uploadId: string;
  isUploaded: boolean;
}

/** What of `Storage` is used: tests bring their own. */
export type Shelf = Pick<Storage, "getItem" | "setItem" | "removeItem" | "key" | "length">;

export class RememberedFiles {
  readonly #shelf: Shelf;

  constructor(shelf: Shelf) {
    this.#shelf = shelf;
  }

  /** All of them, newest first; what can't be read is passed over. */
  all(): Remembered[] {
    const keys = Array.from({ length: this.#shelf.length }, (_, index) => this.#shelf.key(index));
    return keys
      .flatMap((key) => (key?.startsWith(PREFIX) ? [parsed(this.#shelf.getItem(key))] : []))
      .filter((each) => each !== null)
      .sort((one, other) => other.addedMs - one.addedMs);
  }

  get(inputFile: string): Remembered | null {
    return parsed(this.#shelf.getItem(PREFIX + inputFile));
  }

  /** Keep it; a shelf that is full or closed costs the memory, not the upload. */
  put(file: Remembered): void {
    try {
      this.#shelf.setItem(PREFIX + file.inputFile, JSON.stringify(file));
    } catch (error) {
      console.warn("not remembered:", error);
    }
  }

  forget(inputFile: string): void {
    this.#shelf.removeItem(PREFIX + inputFile);
  }

  /** The upload that broke off of just this file, if there is one. */
  unfinished(file: Pick<File, "name" | "size" | "lastModified">): Remembered | null {
    const isSame = (each: Remembered): boolean =>
      each.fileName === file.name && each.sizeBytes === file.size && each.lastModified === file.lastModified;
    return this.all().find((each) => !each.isUploaded && isSame(each)) ?? null;
  }
}

/** The file that a `storage` event is about: now, or null once it is forgotten. Undefined: none of ours. */
export function changedElsewhere(
  event: Pick<StorageEvent, "key" | "newValue">,
): { inputFile: string; file: Remembered | null } | undefined {
  if (!event.key?.startsWith(PREFIX)) return undefined;
  return { inputFile: event.key.slice(PREFIX.length), file: parsed(event.newValue) };
}

function parsed(text: string | null): Remembered | null {
  try {
    const found: unknown = JSON.parse(text ?? "null");
    return isRemembered(found) ? found : null;
  } catch {
    return null;
  }
}

function isRemembered(found: unknown): found is Remembered {
  if (typeof found !== "object" || found === null) return false;
  const each = found as Record<keyof Remembered, unknown>;
  return (
    typeof each.inputFile === "string" &&
    typeof each.fileName === "string" &&
    typeof each.sizeBytes === "number" &&
    typeof each.addedMs === "number" &&
    typeof each.lastModified === "number" &&
    typeof each.uploadId === "string" &&
    typeof each.isUploaded === "boolean"
  );
}

/** The browser's storage; one that lives as long as the page where that is switched off. */
export function shelf(): Shelf {
  try {
    localStorage.getItem(PREFIX);
    return localStorage;
  } catch {
    const kept = new Map<string, string>();
    return {
      get length() {
        return kept.size;
      },
      key: (index) => [...kept.keys()][index] ?? null,
      getItem: (key) => kept.get(key) ?? null,
      setItem: (key, value) => void kept.set(key, value),
      removeItem: (key) => void kept.delete(key),
    };
  }
}
