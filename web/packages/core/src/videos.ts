/** The videos of one user: uploads, the files of this browser, and the jobs of both. */

import { checkFile, contentTypeOf } from "./acceptance.ts";
import type { Limits } from "./api_types.ts";
import { toVideoError, VideoError } from "./errors.ts";
import { browserStorage, type KeyValueStore, listen, type PutPart, putWithProgress } from "./host.ts";
import { canCancelJob, type Item, newUpload } from "./item.ts";
import { OtherTabs } from "./other_tabs.ts";
import { type ProgressWatcher, watcherOf } from "./progress.ts";
import { abortUpload } from "./s3_upload.ts";
import { Store, type StoreOptions } from "./store.ts";
import {
  isStoredAs,
  memoryStorage,
  parseStorageEvent,
  type ResumePoint,
  type StoredFile,
  StoredFiles,
} from "./stored_files.ts";
import { UploadQueue } from "./upload_queue.ts";
import { type Action, stageOf } from "./view.ts";

export interface VideosOptions extends StoreOptions {
  /** Where the files of this browser are kept; the default is localStorage, null keeps them in memory. */
  storage?: KeyValueStore | null;
  putPart?: PutPart;
  /** Read a video's length from its file; null if that isn't possible. The default doesn't try. */
  readDurationMs?: (file: File) => Promise<number | null>;
  /** One of the profiles of the deployment, which decides what is made of a file; the default is its first one. */
  profile?: string;
}

export interface AddOptions {
  /** Another profile for these files. */
  profile?: string | undefined;
}

/** Every method works unbound. */
export interface Videos extends ProgressWatcher {
  /**
   * Add files to the list and upload them; return their ids.
   *
   * A bad file doesn't throw: it is listed, with an error in its view. A file whose upload was interrupted continues,
   * and a file that is being uploaded, here or in another tab, is not added again: its id is returned.
   */
  add(files: Iterable<File>, options?: AddOptions): readonly string[];
  /** Continue an interrupted upload with its file; throws `different_file` if this is another file. */
  resumeWith(id: string, file: File): void;
  /** Send a request to the API with the caller's token; each failure is a VideoError. `listUploads` needs this. */
  request(path: string, init?: RequestInit): Promise<Response>;
  /** Return whether leaving the page would interrupt an upload. */
  isUploading(): boolean;
}

/** A service that doesn't say its limits in this time decides itself, after the request for the upload. */
const LIMITS_TIMEOUT_MS = 4_000;

/** Return the videos of one user. It does nothing until it is used, so it may be created on a server. */
export function createVideos(options: VideosOptions): Videos {
  const session = new Session(options);
  const watcher = watcherOf(session.store, (_, id, action) => session.act(id, action));
  const start =
    <Args extends unknown[], Result>(method: (...args: Args) => Result) =>
    (...args: Args): Result => {
      session.start();
      return method(...args);
    };
  return {
    ...watcher,
    subscribe: start(watcher.subscribe),
    watch: start(watcher.watch),
    act: start(watcher.act),
    add: start((files: Iterable<File>, options?: AddOptions) => session.add(files, options)),
    resumeWith: start((id: string, file: File) => session.resumeWith(id, file)),
    request: (path: string, init?: RequestInit) =>
      session.store.api.request(path, init).catch((error) => {
        throw toVideoError(error);
      }),
    isUploading: () => session.isUploading(),
    close: () => session.close(),
  };
}

/** The parts that listen, store or send; made by the first use. */
interface Parts {
  uploads: UploadQueue;
  files: StoredFiles;
  tabs: OtherTabs;
  stop: () => void;
}

class Session {
  readonly store: Store;
  readonly #options: VideosOptions;
  #parts: Parts | null = null;
  #limits: Promise<Limits | null> | null = null;
  #lastAddedMs = 0;

  constructor(options: VideosOptions) {
    this.#options = options;
    this.store = new Store(options);
  }

  /** Read the storage and listen to other tabs, once. */
  start(): void {
    if (this.#parts) return;
    const storage = this.#options.storage === undefined ? browserStorage() : this.#options.storage;
    const files = new StoredFiles(storage ?? memoryStorage());
    const { api, clock, connection } = this.store;
    const transport = { api, clock, putPart: this.#options.putPart ?? putWithProgress };
    const uploads = new UploadQueue(transport, connection, {
      onState: (id, upload) => this.#onState(id, { upload, isInOtherTab: false }),
      onKey: (id, resumePoint, file) => this.#onKey(id, resumePoint, file),
      onUploaded: (id, inputFile) => this.#onUploaded(id, inputFile),
    });
    const tabs = new OtherTabs(clock, (inputFile, upload) => {
      const item = this.#itemOf(inputFile);
      // A message can arrive after the storage's news that the whole file is in S3.
      const isLate = item?.isUploaded === true && upload !== null;
      if (item && !isLate && !uploads.has(item.id)) this.store.news(item.id, { upload, isInOtherTab: upload !== null });
    });
    const stop = listen("storage", (event: { key: string | null; newValue: string | null }) => this.#onStorage(event));
    this.#parts = { uploads, files, tabs, stop };
    for (const file of files.all()) this.#addStored(file);
  }

  isUploading(): boolean {
    return this.#parts?.uploads.isBusy ?? false;
  }

  close(): void {
    this.#parts?.uploads.close();
    this.#parts?.tabs.close();
    this.#parts?.stop();
    this.#parts = null;
    this.store.close();
  }

  add(files: Iterable<File>, { profile = this.#options.profile }: AddOptions = {}): readonly string[] {
    const all = [...files];
    const nowMs = Math.max(this.store.clock.nowMs(), this.#lastAddedMs + 1);
    this.#lastAddedMs = nowMs + all.length;
    return all.map((file, index) => this.#addFile(file, profile, nowMs + all.length - index)); // the first is shown first
  }

  resumeWith(id: string, file: File): void {
    const stored = this.#storedOf(this.store.item(id));
    if (!stored || !isStoredAs(stored, file)) {
      throw new VideoError("different_file", "This is another file.");
    }
    this.#send(id, file, stored);
  }

  async act(id: string, action: Action): Promise<void> {
    const { uploads } = this.#started;
    const isHere = uploads.has(id);
    if (action === "remove") await this.#remove(id);
    else if (action === "cancel") await (isHere ? this.#cancelUpload(id) : this.#cancelElsewhere(id));
    else if (isHere && action !== "chooseFile") uploads[action](id);
    else if (action === "pause" || action === "resume") {
      // The file isn't in the queue yet, because its check isn't over.
      this.store.news(id, { upload: newUpload({ phase: action === "pause" ? "paused" : "queued" }) });
    } else await this.store.actOnJob(id, action);
  }

  get #started(): Parts {
    this.start();
    return this.#parts as Parts;
  }

  #addFile(file: File, profile: string | undefined, addedMs: number): string {
    const { uploads, files } = this.#started;
    const isSame = ({ fileName, sizeBytes }: Item): boolean => fileName === file.name && sizeBytes === file.size;
    const running = this.store.items.find((item) => uploads.has(item.id) && isSame(item));
    if (running && !["failed", "canceled"].includes(running.upload?.phase ?? "")) return running.id;
    const stored = files.findInterrupted(file);
    const interrupted = stored && this.#itemOf(stored.inputFile);
    if (interrupted?.isInOtherTab) return interrupted.id;
    if (stored && interrupted && stageOf(interrupted) === "interrupted") {
      this.#send(interrupted.id, file, stored);
      return interrupted.id;
    }
    const id = `sent-${addedMs}`;
    this.store.add({ id, fileName: file.name, sizeBytes: file.size, addedMs, upload: newUpload() });
    void this.#checkAndSend(id, file, profile);
    return id;
  }

  /** Check the file against the service's limits before a byte is sent. */
  async #checkAndSend(id: string, file: File, profile: string | undefined): Promise<void> {
    const [limits, durationMs] = file.size === 0 ? [null, null] : await this.#factsFor(file, profile);
    const item = this.store.item(id);
    if (!item) return; // removed meanwhile
    const { name, type, size } = file;
    const problem = checkFile({ name, type, size, durationMs }, limits, profile);
    if (problem === null) {
      this.#send(id, file, null, durationMs, profile);
      if (item.upload?.phase === "paused") this.#started.uploads.pause(id);
    } else this.store.news(id, { upload: newUpload({ phase: "failed", problem }) });
  }

  async #factsFor(file: File, profile: string | undefined): Promise<[Limits | null, number | null]> {
    const limits = await this.#getLimits();
    // A file that is refused anyway isn't read, and a length that no limit needs isn't either.
    if (checkFile(file, limits, profile) !== null || !limits?.max_duration_ms) return [limits, null];
    return [limits, (await this.#options.readDurationMs?.(file).catch(() => null)) ?? null];
  }

  #getLimits(): Promise<Limits | null> {
    const { clock, api } = this.store;
    const end = new AbortController();
    const timer = clock.setTimeout(() => end.abort(), LIMITS_TIMEOUT_MS);
    this.#limits ??= api.limits(end.signal).then((limits) => {
      if (limits === null) this.#limits = null; // request them again for the next file
      return limits;
    });
    return this.#limits.finally(() => clock.clearTimeout(timer));
  }

  #send(
    itemId: string,
    file: File,
    resumePoint: ResumePoint | null,
    durationMs: number | null = null,
    profile?: string,
  ): void {
    this.#started.uploads.add({ itemId, file, contentType: contentTypeOf(file), durationMs, profile, resumePoint });
  }

  #addStored(file: StoredFile): void {
    if (this.#itemOf(file.inputFile)) return;
    const { lastModified, uploadId, ...facts } = file;
    this.store.add({ id: `file-${file.inputFile}`, ...facts });
  }

  #storedOf(item: Item | undefined): StoredFile | null {
    return item?.inputFile ? this.#started.files.get(item.inputFile) : null;
  }

  #itemOf(inputFile: string): Item | undefined {
    return this.store.items.find((item) => item.isListed && item.inputFile === inputFile);
  }

  #onState(id: string, change: Pick<Item, "upload" | "isInOtherTab">): void {
    const { files, tabs } = this.#started;
    const before = this.store.item(id)?.upload?.confirmedBytes;
    this.store.news(id, change);
    const inputFile = this.store.item(id)?.inputFile;
    if (!inputFile || !change.upload) return;
    tabs.publish(inputFile, change.upload);
    const { confirmedBytes } = change.upload;
    const stored = before === confirmedBytes ? null : files.get(inputFile);
    if (stored) files.put({ ...stored, confirmedBytes });
  }

  #onKey(id: string, { inputFile, uploadId }: ResumePoint, file: File): void {
    const { files } = this.#started;
    const item = this.store.item(id);
    if (item?.inputFile && item.inputFile !== inputFile) files.remove(item.inputFile);
    this.store.update(id, { inputFile });
    const { name: fileName, size: sizeBytes, lastModified } = file;
    const addedMs = item?.addedMs ?? this.store.clock.nowMs();
    files.put({ inputFile, fileName, sizeBytes, addedMs, lastModified, uploadId, isUploaded: false });
  }

  #onUploaded(id: string, inputFile: string): void {
    const { files } = this.#started;
    this.store.news(id, { inputFile, isUploaded: true, upload: null });
    const stored = files.get(inputFile);
    if (stored) files.put({ ...stored, isUploaded: true });
  }

  /** Another tab changed the storage. */
  #onStorage(event: { key: string | null; newValue: string | null }): void {
    const change = parseStorageEvent(event);
    if (!change) return;
    const item = this.#itemOf(change.inputFile);
    const isOurs = item !== undefined && this.#started.uploads.has(item.id);
    if (change.file === null) {
      if (item && !isOurs) this.store.remove(item.id);
    } else if (!item) this.#addStored(change.file);
    else if (change.file.isUploaded && !isOurs) {
      this.store.news(item.id, { isUploaded: true, upload: null, isInOtherTab: false });
    }
  }

  async #cancelUpload(id: string): Promise<void> {
    this.#forget(id);
    await this.#started.uploads.cancel(id);
  }

  /** Remove the item's file from the storage. */
  #forget(id: string): void {
    const inputFile = this.store.item(id)?.inputFile;
    if (inputFile) this.#started.files.remove(inputFile);
  }

  /** Cancel a job, or an interrupted upload whose file this tab doesn't have. */
  async #cancelElsewhere(id: string): Promise<void> {
    const item = this.store.item(id);
    if (item && canCancelJob(item)) return this.store.actOnJob(id, "cancel");
    const stored = this.#storedOf(item);
    if (stored) await abortUpload(this.store.api, stored);
    await this.#remove(id);
  }

  async #remove(id: string): Promise<void> {
    this.#forget(id);
    this.store.remove(id);
    await this.#started.uploads.remove(id);
  }
}
