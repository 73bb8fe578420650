/** The videos of the library that are loaded, their order, and the search among them. Pure. */

import type { Job, UploadList } from "@mediaconvert-status/core";

/** A video of the library: its job has a file always. */
export type KeptVideo = Job & { input_file: string };

export interface LibraryList {
  /** Newest first. */
  readonly videos: readonly KeptVideo[];
  /** Where the next page begins; null at the end. */
  readonly cursor: string | null;
}

function keptIn(page: UploadList): readonly KeptVideo[] {
  return page.data.filter((job): job is KeptVideo => job.input_file !== null);
}

/** Return the list with its next page. */
export function withNextPage(list: LibraryList, page: UploadList): LibraryList {
  return { videos: merged(list.videos, keptIn(page)), cursor: page.next_cursor };
}

/** Return the list with its first page read again. If that has nothing of the list, what is between them is unknown. */
export function withFirstPage(list: LibraryList, page: UploadList): LibraryList {
  const first = keptIn(page);
  const known = new Set(list.videos.map(({ input_file }) => input_file));
  if (!first.some(({ input_file }) => known.has(input_file))) return { videos: first, cursor: page.next_cursor };
  return { videos: merged(first, list.videos), cursor: list.cursor };
}

export function withChanged(list: LibraryList, changed: KeptVideo): LibraryList {
  return { ...list, videos: list.videos.map((each) => (each.input_file === changed.input_file ? changed : each)) };
}

export function without(list: LibraryList, inputFile: string): LibraryList {
  return { ...list, videos: list.videos.filter(({ input_file }) => input_file !== inputFile) };
}

/** Return the videos whose name contains the text or whose external id is the text, and then those that the API found. */
export function search(list: LibraryList, text: string, found: readonly KeptVideo[]): readonly KeptVideo[] {
  const wanted = folded(text.trim());
  if (wanted === "") return list.videos;
  const isMatch = (video: KeptVideo): boolean =>
    folded(nameOf(video)).includes(wanted) || video.external_id === text.trim();
  return merged(list.videos.filter(isMatch), found);
}

/** Return the video's name; one without a name has that of its file. */
export function nameOf({ file_name, input_file }: KeptVideo): string {
  return file_name ?? input_file.slice(input_file.lastIndexOf("/") + 1);
}

function merged(videos: readonly KeptVideo[], more: readonly KeptVideo[]): readonly KeptVideo[] {
  const known = new Set(videos.map(({ input_file }) => input_file));
  return [...videos, ...more.filter(({ input_file }) => !known.has(input_file))];
}

function folded(text: string): string {
  return text.normalize("NFKC").toLowerCase();
}
