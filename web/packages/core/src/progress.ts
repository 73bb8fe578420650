/** Watches files and jobs without uploading any: the smallest entry of the package. */

import { VideoError } from "./errors.ts";
import { type ConnectionState, Store, type StoreOptions, type Video, type VideoEvents } from "./store.ts";
import type { Action } from "./view.ts";
import type { Language } from "./words.ts";

/** Every method works unbound. */
export interface ProgressWatcher {
  /** The language of all words. */
  readonly language: Language;
  /** The watched videos of this list; empty here, because watched videos are found by `get`. */
  getSnapshot(): readonly Video[];
  /** Call the listener after changes, at most once a turn. Connections open with the first subscriber. */
  subscribe(onChange: () => void): () => void;
  on<Name extends keyof VideoEvents>(name: Name, listener: (event: VideoEvents[Name]) => void): () => void;
  get(id: string): Video | undefined;
  /** Follow one file or job; `id` is its id for `get` and `act`. */
  watch(target: { inputFile: string } | { jobId: string }): { id: string; stop: () => void };
  /** Do what a button says; rejects with `action_unavailable` what the view doesn't offer. */
  act(id: string, action: Action): Promise<void>;
  /** Request the cookies that a job's key file needs; return whether the API requires them. */
  authorizePlayback(jobId: string): Promise<boolean>;
  /** Call the app's `getToken` now, for example after the user signed in; return the token of later requests. */
  renewToken(): Promise<string | null>;
  getConnection(): ConnectionState;
  /** Open the connections again now, for example after the user signed in. */
  restart(): void;
  close(): void;
}

/** Return a watcher of files and jobs. It does nothing until it is used, so it may be created on a server. */
export function createProgress(options: StoreOptions): ProgressWatcher {
  return watcherOf(new Store(options), async (store, id, action) => {
    if (action === "remove") store.remove(id);
    else await store.actOnJob(id, action);
  });
}

export function watcherOf(
  store: Store,
  act: (store: Store, id: string, action: Action) => Promise<void>,
): ProgressWatcher {
  return {
    language: store.language,
    getSnapshot: () => store.snapshot,
    subscribe: (onChange) => store.subscribe(onChange),
    on: (name, listener) => store.on(name, listener),
    get: (id) => store.video(id),
    watch: (target) => store.watch(target),
    act: async (id, action) => {
      if (!store.video(id)?.view.actions.includes(action)) {
        throw new VideoError("action_unavailable", `The action ${action} isn't available.`);
      }
      await act(store, id, action);
    },
    authorizePlayback: async (jobId) => {
      // The response of `GET /jobs/{job_id}` sets the cookies. If it fails, the player shows that it can't play.
      await store.api.getJob(jobId).catch(() => undefined);
      return store.api.hasToken;
    },
    renewToken: () => store.api.renewToken(),
    getConnection: () => store.connectionState,
    restart: () => store.restart(),
    close: () => store.close(),
  };
}
