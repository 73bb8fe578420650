/** The sum over all videos, for the header and the window's title. Pure. */

import type { Action, Video } from "@mediaconvert-status/core";
import { ENDED } from "@mediaconvert-status/core";

export interface Summary {
  /** Videos; a file that could not be uploaded isn't one. */
  total: number;
  ready: number;
  failed: number;
  /** Videos to which nothing more happens by itself. */
  ended: number;
  /** 0 to 100 over everything that still runs, upload and transcoding alike; null if nothing runs. */
  percent: number | null;
  bytesPerS: number | null;
  pausable: readonly string[];
  resumable: readonly string[];
}

export function summarize(videos: readonly Video[]): Summary {
  const running = videos.filter(({ view }) => !ENDED.has(view.stage) && view.stage !== "loading");
  const notUploaded = videos.filter(({ view }) => view.stage === "uploadFailed" || view.stage === "uploadCanceled");
  const offering = (action: Action): string[] =>
    videos.filter(({ view }) => view.actions.includes(action)).map(({ id }) => id);
  const percents = running.map(({ view }) => (view.uploadPercent + view.transcodePercent) / 2);
  const rates = running.map(({ bytesPerS }) => bytesPerS ?? 0);
  return {
    total: videos.length - notUploaded.length,
    ready: videos.filter(({ view }) => view.stage === "complete").length,
    failed: videos.filter(({ view }) => view.stage === "failed" || view.stage === "uploadFailed").length,
    ended: videos.filter(({ view }) => ENDED.has(view.stage)).length,
    percent: running.length > 0 ? Math.floor(sum(percents) / running.length) : null,
    bytesPerS: sum(rates) || null,
    pausable: offering("pause"),
    resumable: offering("resume"),
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
