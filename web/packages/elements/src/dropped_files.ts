/** The files of a drop, a paste or a chosen folder. In a folder, files that aren't videos are left out. */

import { contentTypeOf } from "@mediaconvert-status/core";

export interface TakenFiles {
  files: readonly File[];
  /** The number of files that were left out, because they came with a folder and aren't videos. */
  leftOut: number;
}

/** Return all files. Call this in the event's listener: the browser empties the transfer after it. */
export async function filesOf(transfer: DataTransfer | null, acceptsAudio = false): Promise<TakenFiles> {
  const entries = [...(transfer?.items ?? [])].map((item) => item.webkitGetAsEntry?.() ?? null);
  const files = [...(transfer?.files ?? [])];
  if (!entries.some((entry) => entry?.isDirectory)) return { files, leftOut: 0 };
  const taken = await Promise.all(entries.map((entry) => (entry ? filesIn(entry) : [])));
  const [inFolders, single] = [true, false].map((isFolder) =>
    taken.filter((_, index) => entries[index]?.isDirectory === isFolder).flat(),
  ) as [File[], File[]];
  const chosen = videosOf(inFolders, acceptsAudio);
  return { files: [...single, ...chosen.files], leftOut: chosen.leftOut };
}

/** Return the videos among the files of a folder. Hidden files, such as those of macOS, aren't counted. */
export function videosOf(files: readonly File[], acceptsAudio = false): TakenFiles {
  const visible = files.filter(({ name }) => !name.startsWith("."));
  const videos = visible.filter((file) => isVideo(contentTypeOf(file), acceptsAudio));
  return { files: videos, leftOut: visible.length - videos.length };
}

function isVideo(contentType: string, acceptsAudio: boolean): boolean {
  if (contentType === "application/mxf" || contentType.startsWith("video/")) return true;
  return acceptsAudio && contentType.startsWith("audio/");
}

async function filesIn(entry: FileSystemEntry): Promise<File[]> {
  if (entry.isFile) {
    return new Promise((resolve) =>
      (entry as FileSystemFileEntry).file(
        (file) => resolve([file]),
        () => resolve([]),
      ),
    );
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const files: File[] = [];
  for (;;) {
    // A reader returns a hundred entries at most; an empty list is the end.
    const entries = await new Promise<FileSystemEntry[]>((resolve) => reader.readEntries(resolve, () => resolve([])));
    if (entries.length === 0) return files;
    files.push(...(await Promise.all(entries.map(filesIn))).flat());
  }
}
