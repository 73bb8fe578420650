/**
 * Every default that touches a global: a default looks its global up when it is used, and copes without it.
 *
 * Nothing here runs at import, so the package can be imported on a server and in a worker.
 */

export type Timer = ReturnType<typeof setTimeout>;

export interface Clock {
  nowMs(): number;
  setTimeout(callback: () => void, delayMs: number): Timer;
  clearTimeout(timer: Timer | undefined): void;
}

/** The browser's connection to the network. */
export interface Connection {
  isOnline(): boolean;
  /** Call the listener when the connection goes, comes back, or may be stale after the page was in the background. */
  subscribe(listener: (change: "online" | "offline" | "visible") => void): () => void;
}

/** The methods of `Storage` that the package uses. */
export interface KeyValueStore {
  readonly length: number;
  key(index: number): string | null;
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

export interface PutRequest {
  url: string;
  headers: Readonly<Record<string, string>>;
  body: Blob;
  onSent: (sentBytes: number) => void;
  signal: AbortSignal;
}

/** Send one part to S3; reject if there is no response. */
export type PutPart = (request: PutRequest) => Promise<{ status: number; etag: string | null }>;

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimeout: (timer) => clearTimeout(timer),
};

type Listen = (name: string, listener: (event: never) => void) => void;
/** The page's window, or a worker's global scope. */
interface Scope {
  addEventListener?: Listen;
  removeEventListener?: Listen;
  document?: { visibilityState: string; addEventListener: Listen; removeEventListener: Listen };
  localStorage?: KeyValueStore;
}

function scope(): Scope {
  return globalThis as unknown as Scope;
}

/** Listen to an event of the page; return a function that ends that. */
export function listen(name: string, listener: (event: never) => void): () => void {
  const target = scope();
  target.addEventListener?.(name, listener);
  return () => target.removeEventListener?.(name, listener);
}

export const browserConnection: Connection = {
  isOnline: () => globalThis.navigator?.onLine ?? true,
  subscribe(listener) {
    const { document } = scope();
    const show = (): void => {
      if (document?.visibilityState === "visible") listener("visible");
    };
    document?.addEventListener("visibilitychange", show);
    const stops = [listen("online", () => listener("online")), listen("offline", () => listener("offline"))];
    return () => {
      document?.removeEventListener("visibilitychange", show);
      for (const stop of stops) stop();
    };
  },
};

/** Return localStorage; null where the browser has none or forbids it, as with blocked cookies. */
export function browserStorage(): KeyValueStore | null {
  try {
    const storage = scope().localStorage;
    storage?.getItem("mediaconvert-status");
    return storage ?? null;
  } catch {
    return null;
  }
}

/** The methods of `BroadcastChannel` that the package uses. */
export interface Channel {
  post(message: unknown): void;
  close(): void;
}

/** Open a channel to the other tabs; null where the browser forbids it, as with blocked cookies. */
export function openChannel(name: string, onMessage: (message: unknown) => void): Channel | null {
  try {
    const channel = new BroadcastChannel(name);
    channel.onmessage = ({ data }) => onMessage(data);
    // Under Node an open channel would keep the process alive.
    (channel as { unref?: () => void }).unref?.();
    return { post: (message) => channel.postMessage(message), close: () => channel.close() };
  } catch {
    return null;
  }
}

/** Send a part with XMLHttpRequest, because `fetch` reports no progress of an upload. */
export const putWithProgress: PutPart = ({ url, headers, body, onSent, signal }) =>
  new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = (): void => request.abort();
    const settle = (end: () => void): void => {
      signal.removeEventListener("abort", abort);
      end();
    };
    const fail = (): void => settle(() => reject(new Error("The connection failed.")));
    request.open("PUT", url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded }) => onSent(loaded);
    request.onload = () => settle(() => resolve({ status: request.status, etag: request.getResponseHeader("ETag") }));
    request.onerror = fail;
    request.onabort = fail;
    signal.addEventListener("abort", abort);
    if (signal.aborted) return fail();
    request.send(body);
  });
