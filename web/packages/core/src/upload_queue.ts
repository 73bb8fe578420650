/**
 * Decides which files are sent, three at a time, and that a lost connection pauses an upload instead of failing it.
 *
 * Each file has an uploader of its own (`S3Upload`), so a retry of one file never touches another.
 */

import { backoffMs } from "./backoff.ts";
import type { VideoError } from "./errors.ts";
import type { Connection, Timer } from "./host.ts";
import { ENDED_PHASES, newUpload, type UploadState } from "./item.ts";
import { type FileToSend, S3Upload, type UploadTransport } from "./s3_upload.ts";
import type { ResumePoint } from "./stored_files.ts";
import { measureRate, newRateMeter, type RateMeter } from "./upload_rate.ts";

const MAX_CONCURRENT = 3;
/** Retries after a temporary failure; each part has quick retries of its own before it reports one. */
const MAX_RETRIES = 6;

export interface QueuedFile extends FileToSend {
  itemId: string;
}

export interface QueueListener {
  onState(itemId: string, upload: UploadState): void;
  /** The multipart upload was created; S3 will store the file under this key. */
  onKey(itemId: string, resumePoint: ResumePoint, file: File): void;
  /** S3 has confirmed the whole file. */
  onUploaded(itemId: string, inputFile: string): void;
}

interface Task extends QueuedFile {
  upload: S3Upload;
  state: UploadState;
  rate: RateMeter;
  retries: number;
  retryTimer: Timer | undefined;
}

const ACTIVE_PHASES: readonly UploadState["phase"][] = ["sending", "pausing", "finishing", "offline"];

export class UploadQueue {
  readonly #transport: UploadTransport;
  readonly #connection: Connection;
  readonly #listener: QueueListener;
  readonly #tasks = new Map<string, Task>();
  readonly #stopListening: () => void;

  constructor(transport: UploadTransport, connection: Connection, listener: QueueListener) {
    this.#transport = transport;
    this.#connection = connection;
    this.#listener = listener;
    this.#stopListening = connection.subscribe((change) => {
      if (change === "online") this.#onOnline();
      else if (change === "offline") this.#onOffline();
    });
  }

  /** Add a file to the queue. */
  add(queued: QueuedFile): void {
    const upload = new S3Upload(queued, this.#transport, {
      onKey: (resumePoint) => {
        task.resumePoint = resumePoint;
        this.#listener.onKey(task.itemId, resumePoint, task.file);
      },
      onSent: (sentBytes, confirmedBytes) => this.#onSent(task, sentBytes, confirmedBytes),
      onPaused: () => this.#onPaused(task),
      onFinishing: () => this.#setState(task, { phase: "finishing" }),
      onUploaded: (inputFile) => this.#onUploaded(task, inputFile),
      onError: (error) => this.#onError(task, error),
    });
    const rate = newRateMeter();
    const task: Task = { ...queued, upload, state: newUpload(), rate, retries: 0, retryTimer: undefined };
    this.#tasks.set(queued.itemId, task);
    this.#setState(task, {});
    this.#startNext();
  }

  /** Return whether the queue has the file itself, so that it can send the file again. */
  has(itemId: string): boolean {
    return this.#tasks.has(itemId);
  }

  /** True if leaving the page would interrupt an upload. */
  get isBusy(): boolean {
    return [...this.#tasks.values()].some(({ state }) => !ENDED_PHASES.includes(state.phase));
  }

  /** Send no further part, and no part of a file that waits for its turn; the parts in flight end first. */
  pause(itemId: string): void {
    const task = this.#tasks.get(itemId);
    if (task?.state.phase === "queued") this.#setState(task, { phase: "paused" });
    if (task?.state.phase !== "sending") return;
    task.upload.pause();
    this.#setState(task, { phase: "pausing" });
  }

  /** Continue a paused upload when it is its turn, and one whose parts are still in flight at once. */
  resume(itemId: string): void {
    const task = this.#tasks.get(itemId);
    if (task?.state.phase === "pausing") this.#start(task);
    if (task?.state.phase !== "paused") return;
    this.#setState(task, { phase: "queued" });
    this.#startNext();
  }

  /** Continue a failed upload where it stopped, or start a canceled one from the beginning. */
  retry(itemId: string): void {
    const task = this.#tasks.get(itemId);
    if (!task) return;
    task.retries = 0;
    if (task.state.phase === "canceled") this.add({ ...task, resumePoint: null });
    else if (!task.upload.isRunning) this.#start(task);
  }

  /** Cancel an upload and delete its parts from S3. */
  async cancel(itemId: string): Promise<void> {
    const task = this.#tasks.get(itemId);
    if (!task) return;
    this.#transport.clock.clearTimeout(task.retryTimer);
    this.#setState(task, { phase: "canceled" });
    this.#startNext();
    await task.upload.abort();
  }

  /** Cancel an unfinished upload, and remove the file from the queue. */
  async remove(itemId: string): Promise<void> {
    const task = this.#tasks.get(itemId);
    if (!task) return;
    this.#transport.clock.clearTimeout(task.retryTimer);
    this.#tasks.delete(itemId);
    this.#startNext();
    if (task.state.phase !== "canceled") await task.upload.abort();
  }

  /** Stop all uploads, and keep their parts: they can be resumed. */
  close(): void {
    this.#stopListening();
    for (const task of this.#tasks.values()) {
      this.#transport.clock.clearTimeout(task.retryTimer);
      task.upload.stop();
    }
    this.#tasks.clear();
  }

  #startNext(): void {
    const tasks = [...this.#tasks.values()];
    let active = tasks.filter(({ state }) => ACTIVE_PHASES.includes(state.phase)).length;
    for (const task of tasks) {
      if (task.state.phase !== "queued" || active >= MAX_CONCURRENT) continue;
      active += 1;
      this.#start(task);
    }
  }

  #start(task: Task): void {
    this.#transport.clock.clearTimeout(task.retryTimer);
    task.rate = newRateMeter();
    const isOnline = this.#connection.isOnline();
    this.#setState(task, { phase: isOnline ? "sending" : "offline", problem: null });
    if (isOnline) task.upload.start();
  }

  #onSent(task: Task, sentBytes: number, confirmedBytes: number): void {
    task.retries = 0;
    task.rate = measureRate(task.rate, sentBytes, this.#transport.clock.nowMs());
    const { phase } = task.state;
    // A report that arrives after the connection was lost must not set the item back to "uploading".
    if (phase !== "sending" && phase !== "pausing") return;
    const bytesPerS = phase === "sending" ? task.rate.bytesPerS : null;
    // A part that is sent again begins at zero; the bar then waits at its position.
    this.#setState(task, { sentBytes: Math.max(task.state.sentBytes, sentBytes), confirmedBytes, bytesPerS });
  }

  #onPaused(task: Task): void {
    this.#setState(task, { phase: "paused" });
    this.#startNext();
  }

  #onUploaded(task: Task, inputFile: string): void {
    const sizeBytes = task.file.size;
    this.#setState(task, { phase: "done", sentBytes: sizeBytes, confirmedBytes: sizeBytes });
    this.#tasks.delete(task.itemId);
    this.#listener.onUploaded(task.itemId, inputFile);
    this.#startNext();
  }

  #onError(task: Task, error: VideoError): void {
    if (!this.#tasks.has(task.itemId) || task.state.phase === "canceled") return;
    if (task.state.phase === "pausing") this.#onPaused(task);
    else if (!this.#connection.isOnline()) this.#setState(task, { phase: "offline" });
    else if (error.isTemporary && task.retries < MAX_RETRIES) this.#retryLater(task, error);
    else {
      this.#setState(task, { phase: "failed", problem: error.code, detail: error.message });
      this.#startNext();
    }
  }

  #retryLater(task: Task, error: VideoError): void {
    task.retries += 1;
    const delayMs = Math.max((error.retryAfterS ?? 0) * 1_000, backoffMs(task.retries, Math.random()));
    this.#setState(task, { phase: "offline" });
    task.retryTimer = this.#transport.clock.setTimeout(() => this.#start(task), delayMs);
  }

  #onOffline(): void {
    for (const task of this.#tasks.values()) {
      if (["sending", "finishing"].includes(task.state.phase)) {
        this.#setState(task, { phase: "offline" });
      }
    }
  }

  #onOnline(): void {
    for (const task of this.#tasks.values()) {
      if (task.state.phase === "offline") this.#start(task);
    }
    this.#startNext();
  }

  #setState(task: Task, change: Partial<UploadState>): void {
    task.state = { ...task.state, bytesPerS: null, ...change };
    this.#listener.onState(task.itemId, task.state);
  }
}
