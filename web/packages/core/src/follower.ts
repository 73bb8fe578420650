/**
 * Follows files and jobs: over Server-Sent Events, or by polling while a stream doesn't work.
 *
 * The store passes the targets to follow each time they change, and receives every update through the listener.
 */

import type { Api } from "./api.ts";
import { isFinal, type Job, type Progress } from "./api_types.ts";
import { backoffMs, wait } from "./backoff.ts";
import { toVideoError } from "./errors.ts";
import { readEventStream } from "./event_stream.ts";
import type { Clock, Connection, Timer } from "./host.ts";
import { type FollowTarget, groupByStream, streamQuery } from "./stream_groups.ts";

/** The service sends a comment every 15 s: if a stream is silent for this long, something between holds it back. */
const STREAM_TIMEOUT_MS = 40_000;
/** If a stream sends nothing for this long at its start, a proxy buffers it, and polling is faster. */
const FIRST_BYTE_TIMEOUT_MS = 8_000;
/** Time to poll before the next attempt to open a stream. */
const POLLING_MS = 60_000;
const POLL_INTERVAL_MS = 2_000;
/** Time between two requests for the place of a waiting job, which `Progress` lacks. */
const PLACE_INTERVAL_MS = 20_000;
/** The number of simultaneous polls; more than two would use up the browser's connections. */
const MAX_POLLS = 2;
/** Changes of the targets within this time cause one restart. */
const DEBOUNCE_MS = 60;

export interface FollowerListener {
  onJob(target: FollowTarget, job: Job): void;
  onProgress(target: FollowTarget, progress: Progress): void;
  /** The API responded 404: the target is unknown, or belongs to another caller. */
  onNotFound(target: FollowTarget): void;
  /** `isConnected` is true while updates arrive. */
  onConnection(isConnected: boolean): void;
}

export class Follower {
  readonly #api: Api;
  readonly #clock: Clock;
  readonly #connection: Connection;
  #stopListening: (() => void) | null = null;
  readonly #listener: FollowerListener;
  #targets: readonly FollowTarget[] = [];
  #queries = "";
  #round: AbortController | null = null;
  #restartTimer: Timer | undefined;
  /** Don't open a stream before this time; poll. */
  #noStreamsUntilMs = 0;
  /** Don't let the API hold a poll before this time; it has no room. */
  #noLongPollsUntilMs = 0;
  readonly #etags = new Map<string, string>();
  readonly #jobIds = new Map<string, string>();
  /** When the follower last requested the place of each target whose job waits in the queue. */
  readonly #placedMs = new Map<string, number>();

  constructor(api: Api, host: { clock: Clock; connection: Connection }, listener: FollowerListener) {
    this.#api = api;
    this.#clock = host.clock;
    this.#connection = host.connection;
    this.#listener = listener;
  }

  /** Listen to the browser's connection, and follow the targets; `close` ends both. */
  open(): void {
    this.#stopListening ??= this.#connection.subscribe((change) => {
      if (change === "online") this.restart();
      else if (change === "offline") {
        this.#round?.abort();
        this.#listener.onConnection(false);
        // A phone suspends a page in the background and closes its connections.
      } else if (this.#targets.length > 0) this.restart();
    });
  }

  /** Close the connections. */
  close(): void {
    this.#stopListening?.();
    this.#stopListening = null;
    this.#clock.clearTimeout(this.#restartTimer);
    this.#round?.abort();
    this.#queries = "";
  }

  /** Follow these targets from now on; the first ones come first if there are more than the connections can take. */
  follow(targets: readonly FollowTarget[]): void {
    this.#targets = targets;
    const queries = groupByStream(targets).map(streamQuery).join("|");
    if (queries === this.#queries) return;
    this.#queries = queries;
    this.#clock.clearTimeout(this.#restartTimer);
    this.#restartTimer = this.#clock.setTimeout(() => this.restart(), DEBOUNCE_MS);
  }

  /** Close the connections and open new ones now, without a backoff. */
  restart(): void {
    this.#round?.abort();
    this.#round = new AbortController();
    if (!this.#connection.isOnline()) {
      this.#listener.onConnection(false);
      return;
    }
    const groups = groupByStream(this.#targets);
    if (groups.length === 0) this.#listener.onConnection(true);
    for (const group of groups) void this.#followGroup(group, this.#round.signal);
  }

  /** Follow the group until all of it is final, or until a restart aborts this round. */
  async #followGroup(group: FollowTarget[], signal: AbortSignal): Promise<void> {
    // The id belongs to this round. A new round receives every job again: a file whose job ended may have a new job.
    const position = { lastEventId: "" };
    let failures = 0;
    while (!signal.aborted) {
      try {
        const canStream = this.#clock.nowMs() >= this.#noStreamsUntilMs;
        const isOver = canStream ? await this.#stream(group, position, signal) : await this.#poll(group, signal);
        if (isOver) return;
        failures = 0;
      } catch (error) {
        failures += 1;
        await this.#recover(error, group, failures, signal);
      }
    }
  }

  async #recover(error: unknown, group: FollowTarget[], failures: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { status, code, retryAfterS } = toVideoError(error);
    if (status === 404) {
      return this.#reportMissing(group, signal).catch((other) => this.#recover(other, group, failures, signal));
    }
    if (status === 501 || error instanceof StreamTimeout) {
      this.#noStreamsUntilMs = status === 501 ? Number.POSITIVE_INFINITY : this.#clock.nowMs() + POLLING_MS;
      return;
    }
    const retryAfterMs = (retryAfterS ?? 0) * 1_000;
    // The process, or the account on Lambda, holds as many clients as it can: poll without being held, at once.
    if (status === 429 || status === 503)
      this.#noLongPollsUntilMs = this.#clock.nowMs() + Math.max(POLLING_MS, retryAfterMs);
    if (code.startsWith("too_many_streams")) {
      this.#noStreamsUntilMs = this.#clock.nowMs() + retryAfterMs;
      return;
    }
    if (code.startsWith("too_many_long_polls")) return this.#wait(POLL_INTERVAL_MS, signal);
    if (status !== 401) this.#listener.onConnection(false);
    // A proxy may break streams only, so poll from the second failure on.
    if (failures >= 2) this.#noStreamsUntilMs = this.#clock.nowMs() + POLLING_MS;
    await this.#wait(Math.max(retryAfterMs, backoffMs(failures, Math.random())), signal);
  }

  /** Follow the group on one stream until it ends; return whether all of the group is final. */
  async #stream(group: FollowTarget[], position: { lastEventId: string }, signal: AbortSignal): Promise<boolean> {
    const stream = new AbortController();
    const abort = (): void => stream.abort();
    signal.addEventListener("abort", abort);
    let isTimedOut = false;
    const expire = (): void => {
      isTimedOut = true;
      stream.abort();
    };
    let timeout = this.#clock.setTimeout(expire, FIRST_BYTE_TIMEOUT_MS);
    let retryMs = 1_000;
    const open = new Set(group.map((target) => target.id));
    try {
      const headers: HeadersInit = position.lastEventId ? { "Last-Event-ID": position.lastEventId } : {};
      const response = await this.#api.request(`/events?${streamQuery(group)}`, { signal: stream.signal, headers });
      if (response.status === 204 || response.body === null) return true;
      await readEventStream(response.body, {
        onActivity: () => {
          this.#clock.clearTimeout(timeout);
          timeout = this.#clock.setTimeout(expire, STREAM_TIMEOUT_MS);
          this.#listener.onConnection(true);
        },
        onEvent: ({ id, event, data }) => {
          if (event === "progress") this.#reportJob(group, JSON.parse(data) as Job, open);
          position.lastEventId = id || position.lastEventId;
        },
        onRetry: (ms) => {
          retryMs = ms;
        },
      });
      if (open.size > 0) await this.#wait(retryMs, signal);
      return open.size === 0;
    } catch (error) {
      throw isTimedOut && !signal.aborted ? new StreamTimeout() : error;
    } finally {
      this.#clock.clearTimeout(timeout);
      signal.removeEventListener("abort", abort);
      stream.abort();
    }
  }

  #reportJob(group: FollowTarget[], job: Job, open: Set<string>): void {
    for (const target of group) {
      if (target.value !== (target.parameter === "job_id" ? job.job_id : job.input_file)) continue;
      if (isFinal(job.status)) open.delete(target.id);
      this.#listener.onJob(target, job);
    }
  }

  /** Request each target of the group once; return whether all of it is final. */
  async #poll(group: FollowTarget[], signal: AbortSignal): Promise<boolean> {
    const waiting = [...group];
    let areFinal = true;
    const pollInTurn = async (): Promise<void> => {
      for (let target = waiting.shift(); target !== undefined; target = waiting.shift()) {
        areFinal = (await this.#pollTarget(target, group.length <= MAX_POLLS, signal)) && areFinal;
      }
    };
    await Promise.all(Array.from({ length: MAX_POLLS }, pollInTurn));
    this.#listener.onConnection(true);
    if (!areFinal) await this.#wait(POLL_INTERVAL_MS * (0.75 + Math.random() / 2), signal);
    return areFinal;
  }

  /** Request one target's job or progress; return whether it is final. `isLongPoll` lets the API hold the request. */
  async #pollTarget(target: FollowTarget, isLongPoll: boolean, signal: AbortSignal): Promise<boolean> {
    const jobId = target.parameter === "job_id" ? target.value : this.#jobIds.get(target.id);
    const etag = jobId === undefined ? undefined : this.#etags.get(jobId);
    const placedMs = this.#placedMs.get(target.id);
    const isPlaceDue = placedMs !== undefined && this.#clock.nowMs() - placedMs >= PLACE_INTERVAL_MS;
    if (jobId === undefined || etag === undefined || isPlaceDue) {
      const job = await this.#fetchJob(target, signal);
      if (job.job_id !== null && !isFinal(job.status)) {
        this.#jobIds.set(target.id, job.job_id);
        if (!this.#etags.has(job.job_id)) this.#etags.set(job.job_id, "");
      }
      return isFinal(job.status);
    }
    const isHeld = isLongPoll && etag !== "" && this.#clock.nowMs() >= this.#noLongPollsUntilMs;
    const path = `/jobs/${encodeURIComponent(jobId)}/progress${isHeld ? "?wait_s=20" : ""}`;
    const response = await this.#api.request(path, { signal, headers: etag ? { "If-None-Match": etag } : {} });
    if (response.status === 304) return false;
    this.#etags.set(jobId, response.headers.get("ETag") ?? "");
    const progress: Progress = await response.json();
    if (progress.status !== "SUBMITTED") this.#placedMs.delete(target.id);
    if (isFinal(progress.status)) {
      this.#etags.delete(jobId);
      this.#jobIds.delete(target.id);
      return isFinal((await this.#fetchJob(target, signal)).status);
    }
    this.#listener.onProgress(target, progress);
    return false;
  }

  async #fetchJob(target: FollowTarget, signal: AbortSignal): Promise<Job> {
    const isFile = target.parameter === "input_file";
    const job = await (isFile ? this.#api.findJob(target.value, signal) : this.#api.getJob(target.value, signal));
    if (job.status === "SUBMITTED") this.#placedMs.set(target.id, this.#clock.nowMs());
    else this.#placedMs.delete(target.id);
    this.#listener.onJob(target, job);
    return job;
  }

  /** Find the targets that the API doesn't know, and report them; the listener then stops following them. */
  async #reportMissing(group: FollowTarget[], signal: AbortSignal): Promise<void> {
    for (const target of group) {
      try {
        await this.#fetchJob(target, signal);
      } catch (error) {
        if (toVideoError(error).status !== 404) throw error;
        this.#listener.onNotFound(target);
      }
    }
    await this.#wait(DEBOUNCE_MS * 2, signal);
  }

  #wait(ms: number, signal: AbortSignal): Promise<void> {
    return wait(ms, this.#clock, signal);
  }
}

/** The stream is open, but its bytes don't arrive. */
class StreamTimeout extends Error {}
