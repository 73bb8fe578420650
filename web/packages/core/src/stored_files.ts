/**
 * The files that this browser has sent, kept in localStorage so that a reload or another tab finds them again.
 *
 * Each file has its own key: a tab writes without reading first, so tabs don't overwrite each other's files.
 */

import type { KeyValueStore } from "./host.ts";

const PREFIX = "mediaconvert-status.file.";

export interface StoredFile {
  inputFile: string;
  fileName: string;
  sizeBytes: number;
  addedMs: number;
  /** Identifies the same file, with name and size, when the user chooses it again. */
  lastModified: number;
  /** S3's id of the multipart upload, to resume it. */
  uploadId: string;
  isUploaded: boolean;
  /** The bytes that S3 has confirmed; missing in entries of earlier versions. */
  confirmedBytes?: number;
}

const FIELDS = {
  inputFile: "string",
  fileName: "string",
  sizeBytes: "number",
  addedMs: "number",
  lastModified: "number",
  uploadId: "string",
  isUploaded: "boolean",
} satisfies Partial<Record<keyof StoredFile, string>>;

/** An interrupted multipart upload that S3 still has. */
export type ResumePoint = Pick<StoredFile, "inputFile" | "uploadId">;

export class StoredFiles {
  readonly #storage: KeyValueStore;

  constructor(storage: KeyValueStore) {
    this.#storage = storage;
  }

  /** Return all files, newest first, without the entries that can't be parsed. */
  all(): StoredFile[] {
    const keys = Array.from({ length: this.#storage.length }, (_, index) => this.#storage.key(index));
    return keys
      .flatMap((key) => (key?.startsWith(PREFIX) ? [parseFile(this.#storage.getItem(key))] : []))
      .filter((file) => file !== null)
      .sort((one, other) => other.addedMs - one.addedMs);
  }

  get(inputFile: string): StoredFile | null {
    return parseFile(this.#storage.getItem(PREFIX + inputFile));
  }

  /** Store a file. If the storage is full or disabled, log that and continue: the upload works without it. */
  put(file: StoredFile): void {
    try {
      this.#storage.setItem(PREFIX + file.inputFile, JSON.stringify(file));
    } catch (error) {
      console.warn("file not stored:", error);
    }
  }

  remove(inputFile: string): void {
    try {
      this.#storage.removeItem(PREFIX + inputFile);
    } catch (error) {
      console.warn("file not removed:", error);
    }
  }

  /** Return the interrupted upload of exactly this file, if there is one. */
  findInterrupted(file: Pick<File, "name" | "size" | "lastModified">): StoredFile | null {
    return this.all().find((stored) => !stored.isUploaded && isStoredAs(stored, file)) ?? null;
  }
}

/** Return whether the stored file is exactly this file. */
export function isStoredAs(stored: StoredFile, file: Pick<File, "name" | "size" | "lastModified">): boolean {
  return stored.fileName === file.name && stored.sizeBytes === file.size && stored.lastModified === file.lastModified;
}

/** Return the file that a `storage` event is about; `file` is null if it was removed. Undefined for any other key. */
export function parseStorageEvent(event: {
  key: string | null;
  newValue: string | null;
}): { inputFile: string; file: StoredFile | null } | undefined {
  if (!event.key?.startsWith(PREFIX)) return undefined;
  return { inputFile: event.key.slice(PREFIX.length), file: parseFile(event.newValue) };
}

function parseFile(text: string | null): StoredFile | null {
  try {
    const parsed: unknown = JSON.parse(text ?? "null");
    return isStoredFile(parsed) ? parsed : null;
  } catch {
    return null;
  }
}

function isStoredFile(parsed: unknown): parsed is StoredFile {
  const fields = parsed as Record<string, unknown> | null;
  return Object.entries(FIELDS).every(([name, type]) => typeof fields?.[name] === type);
}

/** Return a storage that lives as long as the page, for browsers that forbid localStorage. */
export function memoryStorage(): KeyValueStore {
  const entries = new Map<string, string>();
  return {
    get length() {
      return entries.size;
    },
    key: (index) => [...entries.keys()][index] ?? null,
    getItem: (key) => entries.get(key) ?? null,
    setItem: (key, value) => void entries.set(key, value),
    removeItem: (key) => void entries.delete(key),
  };
}
