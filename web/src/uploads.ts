/**
 * Sends files, some at a time and in parts, so that each can be paused, taken up again and retried where it stopped.
 *
 * Uppy does the sending. What it doesn't decide is decided here: whose turn it is, and that a broken connection is
 * waited for instead of being an error. Every file goes in parts, small ones in one: so its key is known before its
 * first byte is sent, and a reload finds it again.
 */

import AwsS3, { type AwsBody } from "@uppy/aws-s3";
import Uppy, { type UppyFile } from "@uppy/core";
import { ApiProblem } from "./api";
import { backoffMs } from "./groups";
import { smoothed, type Upload } from "./item";
import type { Remembered } from "./remembered";

type Meta = { size: number; cardId: string };
type SentFile = UppyFile<Meta, AwsBody>;

const MIB = 1024 * 1024;
const MOST_AT_ONCE = 3;
/** Tries after a failure that may pass, beside three quick ones of Uppy's own for each part. */
const MOST_TRIES = 6;
const MEASURE_MS = 500;

export interface UploadListener {
  onUpload(cardId: string, upload: Upload): void;
  /** S3 will have the file under this key. */
  onKey(cardId: string, inputFile: string, uploadId: string, file: File): void;
  onSent(cardId: string, inputFile: string): void;
}

interface Sending {
  cardId: string;
  file: File;
  resume: Pick<Remembered, "inputFile" | "uploadId"> | null;
  /** Uppy's name for it, while it has it. */
  uppyId: string | null;
  upload: Upload;
  tries: number;
  measuredMs: number;
  measuredBytes: number;
  retry: ReturnType<typeof setTimeout> | undefined;
}

export class Uploads {
  readonly #uppy: Uppy<Meta, AwsBody>;
  readonly #listener: UploadListener;
  readonly #sendings = new Map<string, Sending>();

  constructor(apiBaseUrl: string, listener: UploadListener) {
    this.#listener = listener;
    this.#uppy = new Uppy<Meta, AwsBody>({ autoProceed: false });
    this.#uppy.use(AwsS3<Meta, AwsBody>, {
      companionEndpoint: apiBaseUrl,
      shouldUseMultipart: true,
      // The same for the same file, or an upload couldn't be taken up again.
      getChunkSize: ({ size }) => Math.max(8 * MIB, Math.ceil(size / 5_000)),
      allowedMetaFields: ["size"],
      limit: 100, // turns are taken here: a paused file shall not hold up others
    });
    this.#uppy.on("upload-progress", (file, progress) => this.#onProgress(file, progress.bytesUploaded));
    this.#uppy.on("upload-success", (file, answer) => this.#onSuccess(file, answer.body?.key));
    this.#uppy.on("upload-error", (file, error) => this.#onError(file, error));
    this.#uppy.store.subscribe(() => this.#lookForKeys());
    window.addEventListener("online", () => this.#onOnline());
    window.addEventListener("offline", () => this.#onOffline());
  }

  /** Send a file, when it is its turn; `resume` goes on with an upload that broke off. */
  add(cardId: string, file: File, resume: Pick<Remembered, "inputFile" | "uploadId"> | null = null): void {
    const upload: Upload = { phase: "queued", sentBytes: 0, bytesPerS: null, problem: null };
    const sending: Sending = {
      cardId,
      file,
      resume,
      uppyId: null,
      upload,
      tries: 0,
      measuredMs: 0,
      measuredBytes: 0,
      retry: undefined,
    };
    this.#sendings.set(cardId, sending);
    this.#say(sending, {});
    this.#takeTurns();
  }

  /** Whether the file itself is at hand, so that it can be sent again. */
  has(cardId: string): boolean {
    return this.#sendings.has(cardId);
  }

  /** Whether leaving the page would break something off. */
  get isBusy(): boolean {
    return [...this.#sendings.values()].some((each) => !["failed", "canceled", "done"].includes(each.upload.phase));
  }

  pause(cardId: string): void {
    const sending = this.#sendings.get(cardId);
    if (sending?.uppyId == null || sending.upload.phase !== "sending") return;
    this.#uppy.pauseResume(sending.uppyId);
    this.#say(sending, { phase: "paused", bytesPerS: null });
    this.#takeTurns();
  }

  resume(cardId: string): void {
    const sending = this.#sendings.get(cardId);
    if (sending?.uppyId == null || sending.upload.phase !== "paused") return;
    sending.measuredMs = 0;
    this.#say(sending, { phase: "sending" });
    this.#uppy.pauseResume(sending.uppyId);
  }

  /** Try again after a failure where it stopped, or begin anew after a cancellation. */
  retry(cardId: string): void {
    const sending = this.#sendings.get(cardId);
    if (!sending) return;
    sending.tries = 0;
    if (sending.upload.phase === "failed" && sending.uppyId !== null) this.#again(sending);
    else this.add(cardId, sending.file);
  }

  /** End it; what S3 has of it is thrown away. */
  cancel(cardId: string): void {
    const sending = this.#sendings.get(cardId);
    if (!sending) return;
    clearTimeout(sending.retry);
    this.#drop(sending);
    this.#say(sending, { phase: "canceled", bytesPerS: null });
    this.#takeTurns();
  }

  forget(cardId: string): void {
    const sending = this.#sendings.get(cardId);
    if (!sending) return;
    clearTimeout(sending.retry);
    this.#drop(sending);
    this.#sendings.delete(cardId);
    this.#takeTurns();
  }

  #takeTurns(): void {
    const all = [...this.#sendings.values()];
    const active = all.filter((each) => ["sending", "finishing", "offline"].includes(each.upload.phase)).length;
    const next = all.filter((each) => each.upload.phase === "queued").slice(0, Math.max(0, MOST_AT_ONCE - active));
    for (const sending of next) this.#begin(sending);
  }

  #begin(sending: Sending): void {
    const { file, cardId, resume } = sending;
    this.#say(sending, { phase: navigator.onLine ? "sending" : "offline" });
    try {
      const meta = { size: file.size, cardId };
      sending.uppyId = this.#uppy.addFile({ name: file.name, type: file.type, data: file, meta });
    } catch (error) {
      console.warn("not taken:", error);
      this.#say(sending, { phase: "failed", problem: "duplicate" });
      return;
    }
    if (resume !== null) {
      const s3Multipart = { key: resume.inputFile, uploadId: resume.uploadId };
      this.#uppy.setFileState(sending.uppyId, { s3Multipart });
    }
    // What goes wrong with a file is told by its event.
    this.#uppy.upload().catch(() => undefined);
  }

  #again(sending: Sending): void {
    clearTimeout(sending.retry);
    sending.measuredMs = 0;
    if (sending.uppyId === null) return;
    this.#say(sending, { phase: "sending", problem: null });
    this.#uppy.retryUpload(sending.uppyId).catch(() => undefined);
  }

  /** Take it from Uppy, which aborts what is not complete. */
  #drop(sending: Sending): void {
    const { uppyId } = sending;
    sending.uppyId = null;
    if (uppyId !== null && this.#uppy.getFile(uppyId)) this.#uppy.removeFile(uppyId);
  }

  #of(file: SentFile | undefined): Sending | undefined {
    const sending = file && this.#sendings.get(file.meta.cardId);
    return sending && sending.uppyId === file.id ? sending : undefined;
  }

  #lookForKeys(): void {
    for (const sending of this.#sendings.values()) {
      if (sending.uppyId === null || sending.resume !== null) continue;
      const begun = this.#uppy.getFile(sending.uppyId)?.s3Multipart;
      if (!begun) continue;
      sending.resume = { inputFile: begun.key, uploadId: begun.uploadId };
      this.#listener.onKey(sending.cardId, begun.key, begun.uploadId, sending.file);
    }
  }

  #onProgress(file: SentFile | undefined, sentBytes: number): void {
    const sending = this.#of(file);
    if (!sending || sending.upload.phase === "paused" || sending.upload.phase === "canceled") return;
    const nowMs = performance.now();
    let { bytesPerS } = sending.upload;
    if (sending.measuredMs === 0) {
      sending.measuredMs = nowMs;
      sending.measuredBytes = sentBytes;
    } else if (nowMs - sending.measuredMs >= MEASURE_MS) {
      const measured = ((sentBytes - sending.measuredBytes) / (nowMs - sending.measuredMs)) * 1_000;
      bytesPerS = smoothed(bytesPerS, Math.max(0, measured));
      sending.measuredMs = nowMs;
      sending.measuredBytes = sentBytes;
    }
    // A part that is sent again counts from its beginning: the bar waits until it is past where it was.
    const furthest = Math.max(sending.upload.sentBytes, sentBytes);
    sending.tries = 0;
    this.#say(sending, {
      phase: furthest >= sending.file.size ? "finishing" : "sending",
      sentBytes: furthest,
      bytesPerS,
    });
  }

  #onSuccess(file: SentFile | undefined, key: string | undefined): void {
    const sending = this.#of(file);
    if (sending) this.#sent(sending, key ?? sending.resume?.inputFile);
  }

  #sent(sending: Sending, inputFile: string | undefined): void {
    this.#say(sending, { phase: "done", sentBytes: sending.file.size, bytesPerS: null });
    this.#drop(sending);
    this.#sendings.delete(sending.cardId);
    if (inputFile !== undefined) this.#listener.onSent(sending.cardId, inputFile);
    this.#takeTurns();
  }

  #onError(file: SentFile | undefined, error: Error): void {
    const sending = this.#of(file);
    if (!sending || sending.upload.phase === "canceled") return;
    if (!navigator.onLine) {
      this.#say(sending, { phase: "offline", bytesPerS: null });
      return;
    }
    const code = error instanceof ApiProblem ? error.code : "network";
    if (code === "upload_completed") {
      this.#sent(sending, sending.resume?.inputFile); // another tab, or a try whose answer was lost, was quicker
      return;
    }
    const isPassing = error instanceof ApiProblem ? error.isPassing : true;
    sending.tries += 1;
    if (isPassing && sending.tries <= MOST_TRIES) {
      const wishedMs = error instanceof ApiProblem ? (error.retryAfterS ?? 0) * 1_000 : 0;
      this.#say(sending, { phase: "offline", bytesPerS: null });
      sending.retry = setTimeout(
        () => this.#again(sending),
        Math.max(wishedMs, backoffMs(sending.tries, Math.random())),
      );
      return;
    }
    this.#say(sending, { phase: "failed", bytesPerS: null, problem: code });
    if (code === "upload_not_found") {
      // What S3 had of it is gone, so that trying again begins anew.
      this.#drop(sending);
      sending.resume = null;
    }
    this.#takeTurns();
  }

  #onOffline(): void {
    for (const sending of this.#sendings.values()) {
      if (["sending", "finishing"].includes(sending.upload.phase))
        this.#say(sending, { phase: "offline", bytesPerS: null });
    }
  }

  #onOnline(): void {
    for (const sending of this.#sendings.values()) {
      if (sending.upload.phase !== "offline" || sending.uppyId === null) continue;
      // Uppy waits for a connection by itself, unless a request was under way when it broke.
      if (this.#uppy.getFile(sending.uppyId)?.error) this.#again(sending);
      else this.#say(sending, { phase: "sending" });
    }
  }

  #say(sending: Sending, news: Partial<Upload>): void {
    sending.upload = { ...sending.upload, ...news };
    this.#listener.onUpload(sending.cardId, sending.upload);
  }
}
