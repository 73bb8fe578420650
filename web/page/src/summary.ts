/** The sum over all videos, for the header and the window's title. Pure. */

import type { Action, Stage, Video } from "@mediaconvert-status/core";
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
  /** Seconds until all is sent and the present jobs end; null if that can't be estimated. */
  etaS: number | null;
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
    etaS: etaOf(running, sum(rates)),
    pausable: offering("pause"),
    resumable: offering("resume"),
  };
}

/** Stages before the whole file is sent; a paused or interrupted upload has no end that could be estimated. */
const UNSENT: ReadonlySet<Stage> = new Set(["queued", "uploading", "pausing"]);

function etaOf(running: readonly Video[], bytesPerS: number): number | null {
  const unsent = running.filter(({ view }) => UNSENT.has(view.stage));
  const jobs = running.filter((video) => !unsent.includes(video));
  const known = jobs.map(({ view }) => view.etaS).filter((etaS) => etaS !== null);
  if (unsent.length > 0) {
    const bytes = sum(unsent.map(({ sizeBytes, sentBytes }) => (sizeBytes ?? 0) - (sentBytes ?? 0)));
    return bytesPerS > 0 ? Math.max(1, Math.round(bytes / bytesPerS), ...known) : null;
  }
  return known.length === jobs.length && known.length > 0 ? Math.max(...known) : null;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
