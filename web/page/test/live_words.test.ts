import type { Video, Videos } from "@mediaconvert-status/core";
import { expect, test } from "vitest";
import type { KeptVideo } from "../src/library_list";
import { LiveWords } from "../src/live_words";

function kept(inputFile: string, status: KeptVideo["status"]): KeptVideo {
  return { input_file: inputFile, status } as KeptVideo;
}

/** The videos that are watched now, by their input file; their `view` and `job` can be set. */
function watcher(): { watched: Map<string, Partial<Video>>; videos: Pick<Videos, "watch" | "get"> } {
  const watched = new Map<string, Partial<Video>>();
  const watch: Videos["watch"] = (target) => {
    const id = "inputFile" in target ? target.inputFile : target.jobId;
    watched.set(id, { view: { stage: "loading" } as Video["view"], job: null });
    return { id, stop: () => watched.delete(id) };
  };
  return { watched, videos: { watch, get: (id) => watched.get(id) as Video | undefined } };
}

test("only running jobs are watched, each once, until they have ended", () => {
  const { watched, videos } = watcher();
  const words = new LiveWords(videos);
  const list = [kept("a", "QUEUED"), kept("b", "COMPLETE"), kept("c", "AWAITING_UPLOAD"), kept("d", "PROGRESSING")];
  words.follow(list);
  words.follow(list);
  expect([...watched.keys()]).toEqual(["a", "d"]);
  words.follow([kept("a", "COMPLETE")]);
  expect(watched.size).toBe(0);
});

test("the words are those of the watched job, and its end replaces the list's job", () => {
  const { watched, videos } = watcher();
  const words = new LiveWords(videos);
  const running = kept("a", "PROGRESSING");
  words.follow([running]);
  expect(words.of(running)).toBeNull();
  watched.set("a", { view: { stage: "transcoding", words: "Transcoding, 9 %" } as Video["view"], job: running });
  expect(words.of(running)).toBe("Transcoding, 9 %");
  expect(words.ended()).toEqual([]);
  const job = { ...running, status: "COMPLETE", input_file: null } as unknown as KeptVideo;
  watched.set("a", { view: { stage: "complete", words: "Ready to play" } as Video["view"], job });
  expect(words.ended()).toEqual([{ ...job, input_file: "a" }]);
});
