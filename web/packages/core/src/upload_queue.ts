/**
 * Uploads files, three at a time and in parts, so that each can be paused, resumed, and retried where it stopped.
 *
 * Uppy sends the parts. This module decides the rest: which file is next, and that a lost connection pauses an upload
 * instead of failing it. Every file is a multipart upload, even one of a single part: its key is then known before the
 * first byte is sent, so a reload of the page finds it again.
 */

import AwsS3, { type AwsBody } from "@uppy/aws-s3";
import Uppy, { type UppyFile } from "@uppy/core";
import { ApiProblem } from "./api";
import { backoffMs } from "./backoff";
import type { UploadState } from "./list_item";
import { measureRate, newTask, type ResumePoint, type UploadTask } from "./upload_task";

type Meta = { size: number; part_size: number; itemId: string };
type UploadedFile = UppyFile<Meta, AwsBody>;

const MIB = 1024 * 1024;
const MAX_CONCURRENT = 3;
/** Retries after a transient failure; Uppy itself makes three quick retries of each part before it reports one. */
const MAX_RETRIES = 6;
/** New multipart uploads of one file after a conflict in S3. */
const MAX_RESTARTS = 2;

/** Return the size of each part but the last. It depends only on the file: a resumed upload needs the same parts. */
function partBytes(fileBytes: number): number {
  return Math.max(8 * MIB, Math.ceil(fileBytes / 5_000));
}

export interface UploadListener {
  onState(itemId: string, upload: UploadState): void;
  /** The multipart upload was created; S3 will store the file under this key. */
  onKey(itemId: string, inputFile: string, uploadId: string, file: File): void;
  /** S3 has confirmed the whole file. */
  onUploaded(itemId: string, inputFile: string): void;
}

export class UploadQueue {
  readonly #uppy: Uppy<Meta, AwsBody>;
  readonly #listener: UploadListener;
  readonly #tasks = new Map<string, UploadTask>();

  constructor(apiBaseUrl: string, listener: UploadListener) {
    this.#listener = listener;
    this.#uppy = new Uppy<Meta, AwsBody>({ autoProceed: false });
    this.#uppy.use(AwsS3<Meta, AwsBody>, {
      companionEndpoint: apiBaseUrl,
      shouldUseMultipart: true,
      getChunkSize: ({ size }) => partBytes(size),
      allowedMetaFields: ["size", "part_size"],
      limit: 100, // this queue limits the uploads itself, so that a paused file doesn't hold up others
    });
    this.#uppy.on("upload-progress", (file, progress) => this.#onProgress(file, progress.bytesUploaded));
    this.#uppy.on("upload-success", (file, response) => this.#onSuccess(file, response.body?.key));
    this.#uppy.on("upload-error", (file, error) => this.#onError(file, error));
    this.#uppy.store.subscribe(() => this.#reportNewKeys());
    window.addEventListener("online", () => this.#onOnline());
    window.addEventListener("offline", () => this.#onOffline());
  }

  /** Add a file to the queue; `resumePoint` continues an interrupted upload. */
  add(itemId: string, file: File, resumePoint: ResumePoint | null = null): void {
    const task = newTask(itemId, file, resumePoint);
    this.#tasks.set(itemId, task);
    this.#setState(task, {});
    this.#startNext();
  }

  /** Return whether the queue still has the file itself, so that it can send the file again. */
  has(itemId: string): boolean {
    return this.#tasks.has(itemId);
  }

  /** True if leaving the page would interrupt an upload. */
  get isBusy(): boolean {
    return [...this.#tasks.values()].some(({ state }) => !["failed", "canceled", "done"].includes(state.phase));
  }

  pause(itemId: string): void {
    const task = this.#tasks.get(itemId);
    if (task?.uppyId == null || task.state.phase !== "sending") return;
    this.#uppy.pauseResume(task.uppyId);
    this.#setState(task, { phase: "paused", bytesPerS: null });
    this.#startNext();
  }

  resume(itemId: string): void {
    const task = this.#tasks.get(itemId);
    if (task?.uppyId == null || task.state.phase !== "paused") return;
    task.measuredMs = 0;
    this.#setState(task, { phase: "sending" });
    this.#uppy.pauseResume(task.uppyId);
  }

  /** Continue a failed upload where it stopped, or start a canceled one from the beginning. */
  retry(itemId: string): void {
    const task = this.#tasks.get(itemId);
    if (!task) return;
    task.retries = 0;
    if (task.state.phase === "failed" && task.uppyId !== null) this.#retryTask(task);
    else this.add(itemId, task.file);
  }

  /** Cancel an upload and delete its parts from S3. */
  cancel(itemId: string): void {
    const task = this.#tasks.get(itemId);
    if (!task) return;
    clearTimeout(task.retryTimer);
    this.#removeFromUppy(task);
    this.#setState(task, { phase: "canceled", bytesPerS: null });
    this.#startNext();
  }

  /** Cancel an upload, and remove the file from the queue. */
  remove(itemId: string): void {
    const task = this.#tasks.get(itemId);
    if (!task) return;
    clearTimeout(task.retryTimer);
    this.#removeFromUppy(task);
    this.#tasks.delete(itemId);
    this.#startNext();
  }

  #startNext(): void {
    const tasks = [...this.#tasks.values()];
    const active = tasks.filter(({ state }) => ["sending", "finishing", "offline"].includes(state.phase)).length;
    const queued = tasks.filter(({ state }) => state.phase === "queued");
    for (const task of queued.slice(0, Math.max(0, MAX_CONCURRENT - active))) this.#start(task);
  }

  #start(task: UploadTask): void {
    const { file, itemId, resumePoint } = task;
    this.#setState(task, { phase: navigator.onLine ? "sending" : "offline" });
    try {
      const meta = { size: file.size, part_size: partBytes(file.size), itemId };
      task.uppyId = this.#uppy.addFile({ name: file.name, type: file.type, data: file, meta });
    } catch (error) {
      console.warn("Uppy refused the file:", error);
      this.#setState(task, { phase: "failed", problem: "duplicate" });
      return;
    }
    if (resumePoint !== null) {
      const s3Multipart = { key: resumePoint.inputFile, uploadId: resumePoint.uploadId };
      this.#uppy.setFileState(task.uppyId, { s3Multipart });
    }
    this.#uppy.upload().catch(() => undefined); // `upload-error` reports the error
  }

  #retryTask(task: UploadTask): void {
    clearTimeout(task.retryTimer);
    task.measuredMs = 0;
    if (task.uppyId === null) return;
    this.#setState(task, { phase: "sending", problem: null });
    this.#uppy.retryUpload(task.uppyId).catch(() => undefined);
  }

  /** Remove the file from Uppy, which aborts an incomplete multipart upload. */
  #removeFromUppy(task: UploadTask): void {
    const { uppyId } = task;
    task.uppyId = null;
    if (uppyId !== null && this.#uppy.getFile(uppyId)) this.#uppy.removeFile(uppyId);
  }

  /** Return the task of Uppy's file; undefined for an event of a file that the task no longer has in Uppy. */
  #taskOf(file: UploadedFile | undefined): UploadTask | undefined {
    const task = file && this.#tasks.get(file.meta.itemId);
    return task && task.uppyId === file.id ? task : undefined;
  }

  #reportNewKeys(): void {
    for (const task of this.#tasks.values()) {
      if (task.uppyId === null || task.resumePoint !== null) continue;
      const multipart = this.#uppy.getFile(task.uppyId)?.s3Multipart;
      if (!multipart) continue;
      task.resumePoint = { inputFile: multipart.key, uploadId: multipart.uploadId };
      this.#listener.onKey(task.itemId, multipart.key, multipart.uploadId, task.file);
    }
  }

  #onProgress(file: UploadedFile | undefined, bytesUploaded: number): void {
    const task = this.#taskOf(file);
    if (!task || task.state.phase === "paused" || task.state.phase === "canceled") return;
    // Uppy counts a part that it sends again from zero; the bar then waits at its position.
    const sentBytes = Math.max(task.state.sentBytes, bytesUploaded);
    const phase = sentBytes >= task.file.size ? "finishing" : "sending";
    task.retries = 0;
    this.#setState(task, { phase, sentBytes, bytesPerS: measureRate(task, bytesUploaded, performance.now()) });
  }

  #onSuccess(file: UploadedFile | undefined, key: string | undefined): void {
    const task = this.#taskOf(file);
    if (task) this.#complete(task, key ?? task.resumePoint?.inputFile);
  }

  #complete(task: UploadTask, inputFile: string | undefined): void {
    this.#setState(task, { phase: "done", sentBytes: task.file.size, bytesPerS: null });
    this.#removeFromUppy(task);
    this.#tasks.delete(task.itemId);
    if (inputFile !== undefined) this.#listener.onUploaded(task.itemId, inputFile);
    this.#startNext();
  }

  #onError(file: UploadedFile | undefined, error: Error): void {
    const task = this.#taskOf(file);
    if (!task || task.state.phase === "canceled") return;
    if (!navigator.onLine) {
      this.#setState(task, { phase: "offline", bytesPerS: null });
      return;
    }
    const code = error instanceof ApiProblem ? error.code : "network";
    if (code === "upload_completed") {
      // Another tab completed the upload, or this tab's own request did and its response was lost.
      this.#complete(task, task.resumePoint?.inputFile);
      return;
    }
    if (code === "upload_conflict" && task.restarts < MAX_RESTARTS) {
      // S3 met another write of this file, and requires a new upload. The service has aborted this one.
      this.#removeFromUppy(task);
      task.resumePoint = null;
      task.restarts += 1;
      this.#start(task);
      return;
    }
    const isTransient = error instanceof ApiProblem ? error.isTransient : true;
    task.retries += 1;
    if (isTransient && task.retries <= MAX_RETRIES) {
      const retryAfterMs = error instanceof ApiProblem ? (error.retryAfterS ?? 0) * 1_000 : 0;
      const delayMs = Math.max(retryAfterMs, backoffMs(task.retries, Math.random()));
      this.#setState(task, { phase: "offline", bytesPerS: null });
      task.retryTimer = setTimeout(() => this.#retryTask(task), delayMs);
      return;
    }
    this.#setState(task, { phase: "failed", bytesPerS: null, problem: code });
    if (code === "upload_not_found" || code === "upload_conflict") {
      // The parts in S3 are gone, so a retry must start a new multipart upload.
      this.#removeFromUppy(task);
      task.resumePoint = null;
    }
    this.#startNext();
  }

  #onOffline(): void {
    for (const task of this.#tasks.values()) {
      if (["sending", "finishing"].includes(task.state.phase)) {
        this.#setState(task, { phase: "offline", bytesPerS: null });
      }
    }
  }

  #onOnline(): void {
    for (const task of this.#tasks.values()) {
      if (task.state.phase !== "offline" || task.uppyId === null) continue;
      // Uppy waits for the connection itself, unless a request failed when the connection broke.
      if (this.#uppy.getFile(task.uppyId)?.error) this.#retryTask(task);
      else this.#setState(task, { phase: "sending" });
    }
  }

  #setState(task: UploadTask, change: Partial<UploadState>): void {
    task.state = { ...task.state, ...change };
    this.#listener.onState(task.itemId, task.state);
  }
}
