import { expect, test, vi } from "vitest";
import { changedElsewhere, type Remembered, RememberedFiles, type Shelf } from "../src/remembered";

function shelfOf(kept = new Map<string, string>()): Shelf & { kept: Map<string, string> } {
  return {
    kept,
    get length() {
      return kept.size;
    },
    key: (index) => [...kept.keys()][index] ?? null,
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
  };
}

function file(known: Partial<Remembered> = {}): Remembered {
  const common = { fileName: "a.mp4", sizeBytes: 10, addedMs: 1, lastModified: 5, uploadId: "u", isUploaded: false };
  return { inputFile: "uploads/1/a.mp4", ...common, ...known };
}

test("two tabs on one shelf lose nothing of each other's", () => {
  const shelf = shelfOf();
  const [one, other] = [new RememberedFiles(shelf), new RememberedFiles(shelf)];
  one.put(file());
  other.put(file({ inputFile: "uploads/2/b.mp4", addedMs: 2 }));
  expect(one.all().map(({ inputFile }) => inputFile)).toEqual(["uploads/2/b.mp4", "uploads/1/a.mp4"]);
});

test("what another program or version left is passed over", () => {
  const prefix = "mediaconvert-status.file.";
  const shelf = shelfOf(
    new Map([
      ["theirs", "x"],
      [`${prefix}a`, "{"],
      [`${prefix}b`, '{"inputFile":1}'],
      [`${prefix}c`, "null"],
    ]),
  );
  expect(new RememberedFiles(shelf).all()).toEqual([]);
});

test("just the same file takes up the upload that broke off", () => {
  const files = new RememberedFiles(shelfOf());
  files.put(file());
  expect(files.unfinished({ name: "a.mp4", size: 10, lastModified: 5 })?.uploadId).toBe("u");
  expect(files.unfinished({ name: "a.mp4", size: 10, lastModified: 6 })).toBeNull();
  files.put(file({ isUploaded: true }));
  expect(files.unfinished({ name: "a.mp4", size: 10, lastModified: 5 })).toBeNull();
});

test("a full shelf costs the memory, not the upload", () => {
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
  const shelf = {
    ...shelfOf(),
    setItem: () => {
      throw new Error("full");
    },
  };
  expect(() => new RememberedFiles(shelf).put(file())).not.toThrow();
});

test("another tab's change is understood, and another program's left alone", () => {
  const key = "mediaconvert-status.file.uploads/1/a.mp4";
  expect(changedElsewhere({ key, newValue: JSON.stringify(file()) })?.file).toEqual(file());
  expect(changedElsewhere({ key, newValue: null })).toEqual({ inputFile: "uploads/1/a.mp4", file: null });
  expect(changedElsewhere({ key: "theirs", newValue: "x" })).toBeUndefined();
});
