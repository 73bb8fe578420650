/** Holds the items, makes their views, follows them at the API, and reports changes: at most once a turn. */

import { Api, type GetToken } from "./api.ts";
import type { Job } from "./api_types.ts";
import { toVideoError, VideoError } from "./errors.ts";
import { Follower } from "./follower.ts";
import { browserConnection, type Clock, type Connection, systemClock, type Timer } from "./host.ts";
import { canCancelJob, type Item, newItem } from "./item.ts";
import { en } from "./languages/en.ts";
import { shouldFollow, withJob, withProgress } from "./merge.ts";
import type { FollowTarget } from "./stream_groups.ts";
import { type Action, dependsOnTime, type View, viewOf } from "./view.ts";
import type { Language } from "./words.ts";

/** One video as a front end sees it; frozen, and the same object until something in it changes. */
export interface Video {
  readonly id: string;
  readonly inputFile: string | null;
  readonly jobId: string | null;
  readonly fileName: string | null;
  readonly sizeBytes: number | null;
  /** The bytes given to the network, while the file is uploaded. */
  readonly sentBytes: number | null;
  readonly bytesPerS: number | null;
  /** False for a video that is only watched. */
  readonly isListed: boolean;
  readonly isInOtherTab: boolean;
  readonly job: Job | null;
  readonly view: View;
}

export interface VideoEvents {
  uploaded: { video: Video };
  progress: { video: Video };
  complete: { video: Video };
  error: { video: Video; error: VideoError };
}

/** `offline`: the browser has no connection. `lost`: the service doesn't respond. */
export type ConnectionState = "up" | "offline" | "lost";

export interface StoreOptions {
  /** The service's URL. */
  apiBaseUrl: string;
  getToken?: GetToken;
  /** The default is English. */
  language?: Language;
  fetch?: typeof fetch;
  clock?: Clock;
  connection?: Connection;
}

/** Time between a change and its report; changes in between are reported together. */
const REPORT_DELAY_MS = 16;
/** The connections stay open for this long after the last subscriber left, so that a remount costs nothing. */
const CLOSE_DELAY_MS = 1_000;
const NO_VIDEOS: readonly Video[] = Object.freeze([]);

export class Store {
  readonly api: Api;
  readonly clock: Clock;
  readonly connection: Connection;
  readonly language: Language;
  readonly #items = new Map<string, Item>();
  readonly #videos = new Map<string, Video>();
  readonly #watches = new Map<string, number>();
  readonly #listeners = new Set<() => void>();
  readonly #eventListeners = new Map<string, Set<(event: never) => void>>();
  readonly #changedIds = new Set<string>();
  readonly #follower: Follower;
  #snapshot = NO_VIDEOS;
  #connectionState: ConnectionState = "up";
  #reportTimer: Timer | undefined;
  #tickTimer: Timer | undefined;
  #closeTimer: Timer | undefined;

  constructor(options: StoreOptions) {
    checkOptions(options);
    this.language = options.language ?? en;
    this.clock = options.clock ?? systemClock;
    this.connection = options.connection ?? browserConnection;
    this.api = new Api({ baseUrl: options.apiBaseUrl, getToken: options.getToken, fetch: options.fetch });
    this.#follower = new Follower(this.api, this, {
      onJob: ({ id }, job) => this.news(id, (item) => withJob(item, job)),
      onProgress: ({ id }, progress) => this.news(id, (item) => withProgress(item, progress)),
      onNotFound: ({ id }) => this.news(id, { isNotFound: true }),
      onConnection: (isUp) => this.#setConnection(isUp ? "up" : this.connection.isOnline() ? "lost" : "offline"),
    });
  }

  get items(): Item[] {
    return [...this.#items.values()];
  }

  get snapshot(): readonly Video[] {
    return this.#snapshot;
  }

  get connectionState(): ConnectionState {
    return this.#connectionState;
  }

  item(id: string): Item | undefined {
    return this.#items.get(id);
  }

  video(id: string): Video | undefined {
    const video = this.#videos.get(id);
    return video ?? this.#makeVideo(id);
  }

  add(fields: Parameters<typeof newItem>[0]): Item {
    const nowMs = this.clock.nowMs();
    const item = newItem({ newsMs: nowMs, stageSinceMs: nowMs, ...fields });
    this.#items.set(item.id, item);
    this.#requestReport(item.id);
    return item;
  }

  /** Change an item; do nothing if the item was removed. */
  update(id: string, change: Partial<Item> | ((item: Item) => Item)): void {
    const item = this.#items.get(id);
    if (!item) return;
    const changed = typeof change === "function" ? change(item) : { ...item, ...change };
    if (changed === item) return;
    this.#items.set(id, changed);
    this.#requestReport(id);
  }

  /** Change an item because something arrived from its upload or its job. Repeated facts are no news. */
  news(id: string, change: Partial<Item> | ((item: Item) => Item)): void {
    this.update(id, (item) => {
      const changed = typeof change === "function" ? change(item) : { ...item, ...change };
      return isEqual(item, changed) ? item : { ...changed, newsMs: this.clock.nowMs() };
    });
  }

  remove(id: string): void {
    for (const map of [this.#items, this.#videos, this.#watches]) map.delete(id);
    this.#requestReport(id);
  }

  subscribe(listener: () => void): () => void {
    const subscription = (): void => listener(); // the same function may subscribe twice
    this.#listeners.add(subscription);
    this.clock.clearTimeout(this.#closeTimer);
    this.#follower.open();
    this.#follow();
    this.#scheduleTick();
    return () => {
      this.#listeners.delete(subscription);
      if (this.#listeners.size === 0) this.#closeTimer = this.clock.setTimeout(() => this.#rest(), CLOSE_DELAY_MS);
    };
  }

  on<Name extends keyof VideoEvents>(name: Name, listener: (event: VideoEvents[Name]) => void): () => void {
    const listeners = this.#eventListeners.get(name) ?? new Set();
    this.#eventListeners.set(name, listeners);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** Follow one file or job that isn't in the list, until `stop` was called as often as `watch`. */
  watch(target: { inputFile: string } | { jobId: string }): { id: string; stop: () => void } {
    const isTarget = (item: Item): boolean =>
      "jobId" in target ? item.jobId === target.jobId : item.inputFile === target.inputFile;
    const newId = "jobId" in target ? `job-${target.jobId}` : `file-${target.inputFile}`;
    const { id } = this.items.find(isTarget) ?? this.add({ id: newId, isListed: false, ...target });
    this.#watches.set(id, (this.#watches.get(id) ?? 0) + 1);
    let isStopped = false;
    const stop = (): void => {
      if (isStopped) return;
      isStopped = true;
      const left = (this.#watches.get(id) ?? 1) - 1;
      this.#watches.set(id, left);
      if (left === 0 && this.#items.get(id)?.isListed === false) this.remove(id);
    };
    return { id, stop };
  }

  /** Cancel or retry the item's job. */
  async actOnJob(id: string, action: Action): Promise<void> {
    const item = this.#items.get(id);
    if (action === "cancel" && item && canCancelJob(item)) return this.#cancelJob(item);
    const inputFile = item?.inputFile;
    if (action !== "retry" || !inputFile)
      throw new VideoError("action_unavailable", `The action ${action} isn't available.`);
    const job = await this.api.retryJob(inputFile);
    this.news(id, (item) => withJob(item, job));
  }

  /** Open the connections again now, for example after the user signed in. */
  restart(): void {
    if (this.#listeners.size > 0) this.#follower.restart();
  }

  close(): void {
    this.#rest();
    this.clock.clearTimeout(this.#closeTimer);
    this.clock.clearTimeout(this.#reportTimer);
    this.#reportTimer = undefined;
    this.#listeners.clear();
    this.#eventListeners.clear();
  }

  async #cancelJob(item: Item): Promise<void> {
    const { id } = item;
    this.update(id, { isCanceling: true });
    try {
      const job = await this.api.cancelJob(item);
      this.news(id, (current) => withJob(current, job));
    } catch (error) {
      this.update(id, { isCanceling: false });
      // 409: the job ended before the request; the follower receives its final status.
      if (toVideoError(error).status !== 409) throw error;
    }
  }

  #rest(): void {
    this.#follower.close();
    this.clock.clearTimeout(this.#tickTimer);
    this.#tickTimer = undefined;
  }

  #setConnection(state: ConnectionState): void {
    if (state === this.#connectionState) return;
    this.#connectionState = state;
    for (const listener of [...this.#listeners]) listener();
  }

  #requestReport(id: string): void {
    this.#changedIds.add(id);
    // A timer, because a background tab gets no animation frames, and its progress must be reported too.
    this.#reportTimer ??= this.clock.setTimeout(() => this.#report(), REPORT_DELAY_MS);
  }

  #report(): void {
    this.#reportTimer = undefined;
    const changedIds = [...this.#changedIds];
    this.#changedIds.clear();
    const events = changedIds.flatMap((id) => this.#renew(id));
    this.#follow();
    this.#scheduleTick();
    if (!this.#renewSnapshot() && events.length === 0) return;
    for (const listener of [...this.#listeners]) listener();
    for (const emit of events) emit();
  }

  /** Make the video of an item again; return its events. */
  #renew(id: string): (() => void)[] {
    const previous = this.#videos.get(id);
    this.#videos.delete(id);
    const video = this.#makeVideo(id, previous);
    if (video === undefined || video === previous) return [];
    if (video.view.stage !== previous?.view.stage) this.#startStage(id);
    return this.#eventsOf(this.#videos.get(id) ?? video, previous);
  }

  #startStage(id: string): void {
    const item = this.#items.get(id);
    if (!item) return;
    this.#items.set(id, { ...item, stageSinceMs: this.clock.nowMs() });
    this.#videos.delete(id);
    this.#makeVideo(id);
  }

  #makeVideo(id: string, previous?: Video): Video | undefined {
    const item = this.#items.get(id);
    if (!item) return undefined;
    const { inputFile, jobId, fileName, sizeBytes, isListed, isInOtherTab, job } = item;
    const view = viewOf(item, this.clock.nowMs(), this.language);
    const sentBytes = item.upload?.sentBytes ?? null;
    const bytesPerS = item.upload?.bytesPerS ?? null;
    const facts = { id, inputFile, jobId, fileName, sizeBytes, sentBytes, bytesPerS, isListed, isInOtherTab, job };
    const isSame = previous !== undefined && isEqual(previous, { ...facts, view: previous.view });
    const sameView = previous !== undefined && isEqual(previous.view, view) ? previous.view : null;
    const video = isSame && sameView ? previous : Object.freeze({ ...facts, view: sameView ?? Object.freeze(view) });
    this.#videos.set(id, video);
    return video;
  }

  #eventsOf(video: Video, previous: Video | undefined): (() => void)[] {
    const { stage, error, uploadPercent } = video.view;
    const events = [() => this.#emit("progress", { video })];
    // A file of an earlier visit that ended then is no event of this visit.
    if (previous?.view.stage === stage || previous?.view.stage === "loading") return events;
    if (previous && previous.view.uploadPercent < 100 && uploadPercent === 100)
      events.push(() => this.#emit("uploaded", { video }));
    if (stage === "complete") events.push(() => this.#emit("complete", { video }));
    if (error !== null) events.push(() => this.#emit("error", { video, error }));
    return events;
  }

  #emit<Name extends keyof VideoEvents>(name: Name, event: VideoEvents[Name]): void {
    for (const listener of [...(this.#eventListeners.get(name) ?? [])]) {
      (listener as (event: VideoEvents[Name]) => void)(event);
    }
  }

  /** Make the list again, newest first; return whether it changed. */
  #renewSnapshot(): boolean {
    const listed = this.items.filter((item) => item.isListed).sort((one, other) => other.addedMs - one.addedMs);
    const videos = listed.flatMap(({ id }) => this.video(id) ?? []);
    const isSame = videos.length === this.#snapshot.length && videos.every((video, at) => video === this.#snapshot[at]);
    if (!isSame) this.#snapshot = Object.freeze(videos);
    return !isSame;
  }

  #follow(): void {
    if (this.#listeners.size === 0) return;
    const items = this.items.sort((one, other) => other.addedMs - one.addedMs);
    this.#follower.follow(items.filter(shouldFollow).map(followTarget));
  }

  /** Make views again every second while one of them changes with time. */
  #scheduleTick(): void {
    if (this.#tickTimer !== undefined || this.#listeners.size === 0 || !this.items.some(dependsOnTime)) return;
    this.#tickTimer = this.clock.setTimeout(() => {
      this.#tickTimer = undefined;
      for (const item of this.items.filter(dependsOnTime)) this.#requestReport(item.id);
      this.#scheduleTick();
    }, 1_000);
  }
}

/** Return the item's parameter for `GET /events`. */
export function followTarget({ id, inputFile, jobId, isListed }: Item): FollowTarget {
  return inputFile === null || (!isListed && jobId !== null && id.startsWith("job-"))
    ? { id, parameter: "job_id", value: jobId ?? "" }
    : { id, parameter: "input_file", value: inputFile };
}

function isEqual<Shape extends object>(one: Shape, other: Shape): boolean {
  const keys = Object.keys(one) as (keyof Shape)[];
  return keys.every((key) => one[key] === other[key] || JSON.stringify(one[key]) === JSON.stringify(other[key]));
}

function checkOptions({ apiBaseUrl }: StoreOptions): void {
  if (typeof apiBaseUrl !== "string" || !/^(https?:)?\//.test(apiBaseUrl)) {
    throw new VideoError("invalid_options", "apiBaseUrl must be the service's URL.");
  }
}
