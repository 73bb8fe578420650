/** The progress, in words, of the library's videos whose jobs still run. */

import { ENDED, type Videos } from "@mediaconvert-status/core";
import type { KeptVideo } from "./library_list";

const RUNNING: ReadonlySet<KeptVideo["status"]> = new Set(["QUEUED", "SUBMITTED", "PROGRESSING"]);

export class LiveWords {
  readonly #videos: Pick<Videos, "watch" | "get">;
  readonly #watches = new Map<string, { id: string; stop: () => void }>();

  constructor(videos: Pick<Videos, "watch" | "get">) {
    this.#videos = videos;
  }

  /** Follow the running jobs among these videos, and no others. */
  follow(kept: readonly KeptVideo[]): void {
    const running = new Set(kept.filter(({ status }) => RUNNING.has(status)).map(({ input_file }) => input_file));
    for (const [inputFile, { stop }] of this.#watches) {
      if (running.has(inputFile)) continue;
      this.#watches.delete(inputFile);
      stop();
    }
    for (const inputFile of running) {
      if (!this.#watches.has(inputFile)) this.#watches.set(inputFile, this.#videos.watch({ inputFile }));
    }
  }

  /** Return the jobs that have ended since the list was read. */
  ended(): readonly KeptVideo[] {
    return [...this.#watches].flatMap(([inputFile, { id }]) => {
      const video = this.#videos.get(id);
      const hasEnded = video?.job && ENDED.has(video.view.stage) && !RUNNING.has(video.job.status);
      return hasEnded ? [{ ...video.job, input_file: inputFile } as KeptVideo] : [];
    });
  }

  /** Return the present words of a running job; null if the list knows as much. */
  of({ input_file }: KeptVideo): string | null {
    const watch = this.#watches.get(input_file);
    const video = watch && this.#videos.get(watch.id);
    return !video || video.view.stage === "loading" ? null : video.view.words;
  }
}
