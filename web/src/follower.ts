/**
 * Follows files and jobs: on a stream while that works, by asking while it doesn't, and from a stream again later.
 *
 * Whoever uses it says what is to be followed, as often as that changes, and is told each news.
 */

import { type Api, ApiProblem } from "./api";
import { isFinal, type Job, type Progress } from "./api_types";
import { readEventStream } from "./event_stream";
import { backoffMs, type Followed, groupsOf, queryOf } from "./groups";

/** The service sends a comment every 15 s: a stream this long silent is held back by something on the way. */
const SILENCE_MS = 40_000;
/** A stream that says nothing for this long at its start is buffered somewhere: asking is quicker. */
const FIRST_WORD_MS = 8_000;
const POLLING_MS = 60_000;
const BETWEEN_POLLS_MS = 2_000;
/** Up to so many, each gets a request that waits for news; more would use up the browser's connections. */
const MOST_WAITING = 2;
const SETTLE_MS = 60;

export interface Listener {
  onJob(followed: Followed, job: Job): void;
  onProgress(followed: Followed, progress: Progress): void;
  /** The API doesn't know it, or it is another's. */
  onGone(followed: Followed): void;
  /** Whether news comes in. */
  onConnected(isConnected: boolean): void;
}

export class Follower {
  readonly #api: Api;
  readonly #listener: Listener;
  #followed: readonly Followed[] = [];
  #signature = "";
  #round: AbortController | null = null;
  #settling: ReturnType<typeof setTimeout> | undefined;
  #streamsAgainMs = 0;
  readonly #etags = new Map<string, string>();
  readonly #jobIds = new Map<string, string>();

  constructor(api: Api, listener: Listener) {
    this.#api = api;
    this.#listener = listener;
    window.addEventListener("online", () => this.wake());
    window.addEventListener("offline", () => {
      this.#round?.abort();
      this.#listener.onConnected(false);
    });
    document.addEventListener("visibilitychange", () => {
      // A phone puts a page in the background to sleep, and its connections with it.
      if (document.visibilityState === "visible" && this.#followed.length > 0) this.wake();
    });
  }

  /** Follow these from now on, the most wanted first. */
  follow(followed: readonly Followed[]): void {
    this.#followed = followed;
    const signature = groupsOf(followed).map(queryOf).join("|");
    if (signature === this.#signature) return;
    this.#signature = signature;
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => this.#restart(), SETTLE_MS);
  }

  /** Try again at once: what stood in the way is gone. */
  wake(): void {
    this.#restart();
  }

  #restart(): void {
    this.#round?.abort();
    this.#round = new AbortController();
    if (!navigator.onLine) {
      this.#listener.onConnected(false);
      return;
    }
    const groups = groupsOf(this.#followed);
    if (groups.length === 0) this.#listener.onConnected(true);
    for (const group of groups) void this.#run(group, this.#round.signal);
  }

  /** Until the group is over or another round begins. */
  async #run(group: Followed[], signal: AbortSignal): Promise<void> {
    // What this round has heard. Another round hears all anew: a file whose job was over may have got another one.
    const heard = { lastId: "" };
    let failures = 0;
    while (!signal.aborted) {
      try {
        const isStreaming = Date.now() >= this.#streamsAgainMs;
        const isOver = isStreaming ? await this.#stream(group, heard, signal) : await this.#poll(group, signal);
        if (isOver) return;
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        failures += 1;
        await this.#recover(error, group, failures, signal);
      }
    }
  }

  async #recover(error: unknown, group: Followed[], failures: number, signal: AbortSignal): Promise<void> {
    const status = error instanceof ApiProblem ? error.status : null;
    if (status === 404) return this.#sortOut(group, signal);
    if (status === 501 || error instanceof SilentStream) {
      this.#streamsAgainMs = status === 501 ? Number.POSITIVE_INFINITY : Date.now() + POLLING_MS;
      return;
    }
    if (status !== 401) this.#listener.onConnected(false);
    // Something on the way may break streams only: from the second failure on, ask.
    if (failures >= 2) this.#streamsAgainMs = Date.now() + POLLING_MS;
    const wishedMs = error instanceof ApiProblem ? (error.retryAfterS ?? 0) * 1_000 : 0;
    await pause(Math.max(wishedMs, backoffMs(failures, Math.random())), signal);
  }

  /** True once all of the group is final. */
  async #stream(group: Followed[], heard: { lastId: string }, signal: AbortSignal): Promise<boolean> {
    const ended = new AbortController();
    const stop = (): void => ended.abort();
    signal.addEventListener("abort", stop);
    let isSilent = false;
    let watchdog = setTimeout(hush, FIRST_WORD_MS);
    function hush(): void {
      isSilent = true;
      ended.abort();
    }
    try {
      const headers: HeadersInit = heard.lastId ? { "Last-Event-ID": heard.lastId } : {};
      const answer = await this.#api.ask(`/events?${queryOf(group)}`, { signal: ended.signal, headers });
      if (answer.status === 204 || answer.body === null) return true;
      const open = new Set(group.map((each) => each.id));
      let retryMs = 1_000;
      await readEventStream(answer.body, {
        onActivity: () => {
          clearTimeout(watchdog);
          watchdog = setTimeout(hush, SILENCE_MS);
          this.#listener.onConnected(true);
        },
        onEvent: ({ id, event, data }) => {
          if (event === "progress") this.#tell(group, JSON.parse(data) as Job, open);
          heard.lastId = id || heard.lastId;
        },
        onRetry: (ms) => {
          retryMs = ms;
        },
      });
      if (open.size > 0) await pause(retryMs, signal);
      return open.size === 0;
    } catch (error) {
      throw isSilent && !signal.aborted ? new SilentStream() : error;
    } finally {
      clearTimeout(watchdog);
      signal.removeEventListener("abort", stop);
      ended.abort();
    }
  }

  #tell(group: Followed[], job: Job, open: Set<string>): void {
    for (const each of group) {
      const isIt = each.parameter === "job_id" ? each.value === job.job_id : each.value === job.input_file;
      if (!isIt) continue;
      if (isFinal(job.status)) open.delete(each.id);
      this.#listener.onJob(each, job);
    }
  }

  /** Ask for all of the group once; true once all of it is final. */
  async #poll(group: Followed[], signal: AbortSignal): Promise<boolean> {
    const waiting = [...group];
    let areFinal = true;
    const worker = async (): Promise<void> => {
      for (let each = waiting.shift(); each !== undefined; each = waiting.shift()) {
        areFinal = (await this.#look(each, group.length <= MOST_WAITING, signal)) && areFinal;
      }
    };
    await Promise.all(Array.from({ length: MOST_WAITING }, worker));
    this.#listener.onConnected(true);
    if (!areFinal) await pause(BETWEEN_POLLS_MS * (0.75 + Math.random() / 2), signal);
    return areFinal;
  }

  /** True if it is final. */
  async #look(each: Followed, mayWait: boolean, signal: AbortSignal): Promise<boolean> {
    const jobId = each.parameter === "job_id" ? each.value : this.#jobIds.get(each.id);
    const etag = jobId === undefined ? undefined : this.#etags.get(jobId);
    if (jobId === undefined || etag === undefined) {
      const job = await this.#whole(each, signal);
      if (job.job_id !== null && !isFinal(job.status)) {
        this.#jobIds.set(each.id, job.job_id);
        this.#etags.set(job.job_id, "");
      }
      return isFinal(job.status);
    }
    const path = `/jobs/${encodeURIComponent(jobId)}/progress${mayWait && etag ? "?wait_s=20" : ""}`;
    const answer = await this.#api.ask(path, { signal, headers: etag ? { "If-None-Match": etag } : {} });
    if (answer.status === 304) return false;
    this.#etags.set(jobId, answer.headers.get("ETag") ?? "");
    const progress: Progress = await answer.json();
    if (isFinal(progress.status)) {
      this.#etags.delete(jobId);
      this.#jobIds.delete(each.id);
      return isFinal((await this.#whole(each, signal)).status);
    }
    this.#listener.onProgress(each, progress);
    return false;
  }

  async #whole(each: Followed, signal: AbortSignal): Promise<Job> {
    const isFile = each.parameter === "input_file";
    const job = await (isFile ? this.#api.jobOfFile(each.value, signal) : this.#api.job(each.value, signal));
    this.#listener.onJob(each, job);
    return job;
  }

  /** Some of the group are not there: find out which. Telling of them changes what is followed. */
  async #sortOut(group: Followed[], signal: AbortSignal): Promise<void> {
    for (const each of group) {
      try {
        await this.#whole(each, signal);
      } catch (error) {
        if (!(error instanceof ApiProblem && error.status === 404)) throw error;
        this.#listener.onGone(each);
      }
    }
    await pause(SETTLE_MS * 2, signal);
  }
}

/** A stream whose bytes don't come through. */
class SilentStream extends Error {}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    const end = (): void => {
      clearTimeout(timer);
      resolve();
    };
    signal.addEventListener("abort", end, { once: true });
  });
}
