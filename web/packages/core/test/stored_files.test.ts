import { expect, test, vi } from "vitest";
import type { KeyValueStore } from "../src/host.ts";
import { memoryStorage, parseStorageEvent, type StoredFile, StoredFiles } from "../src/stored_files.ts";

function storageOf(entries: Iterable<[string, string]> = []): KeyValueStore {
  const storage = memoryStorage();
  for (const [key, value] of entries) storage.setItem(key, value);
  return storage;
}

function file(fields: Partial<StoredFile> = {}): StoredFile {
  const common = { fileName: "a.mp4", sizeBytes: 10, addedMs: 1, lastModified: 5, uploadId: "u", isUploaded: false };
  return { inputFile: "uploads/1/a.mp4", ...common, ...fields };
}

test("two tabs don't overwrite each other's files in one storage", () => {
  const storage = storageOf();
  const [one, other] = [new StoredFiles(storage), new StoredFiles(storage)];
  one.put(file());
  other.put(file({ inputFile: "uploads/2/b.mp4", addedMs: 2 }));
  expect(one.all().map(({ inputFile }) => inputFile)).toEqual(["uploads/2/b.mp4", "uploads/1/a.mp4"]);
});

test("entries of another program or version are ignored", () => {
  const prefix = "mediaconvert-status.file.";
  const storage = storageOf(
    new Map([
      ["other", "x"],
      [`${prefix}a`, "{"],
      [`${prefix}b`, '{"inputFile":1}'],
      [`${prefix}c`, "null"],
    ]),
  );
  expect(new StoredFiles(storage).all()).toEqual([]);
});

test("only exactly the same file resumes an interrupted upload", () => {
  const files = new StoredFiles(storageOf());
  files.put(file());
  expect(files.findInterrupted({ name: "a.mp4", size: 10, lastModified: 5 })?.uploadId).toBe("u");
  expect(files.findInterrupted({ name: "a.mp4", size: 10, lastModified: 6 })).toBeNull();
  files.put(file({ isUploaded: true }));
  expect(files.findInterrupted({ name: "a.mp4", size: 10, lastModified: 5 })).toBeNull();
});

test("a full storage is logged and doesn't stop the upload", () => {
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
  const storage = {
    ...storageOf(),
    setItem: () => {
      throw new Error("full");
    },
  };
  expect(() => new StoredFiles(storage).put(file())).not.toThrow();
});

test("a change by another tab is parsed, and one by another program is ignored", () => {
  const key = "mediaconvert-status.file.uploads/1/a.mp4";
  expect(parseStorageEvent({ key, newValue: JSON.stringify(file()) })?.file).toEqual(file());
  expect(parseStorageEvent({ key, newValue: null })).toEqual({ inputFile: "uploads/1/a.mp4", file: null });
  expect(parseStorageEvent({ key: "other", newValue: "x" })).toBeUndefined();
});
