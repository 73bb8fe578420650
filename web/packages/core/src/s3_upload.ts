/**
 * Sends one file to S3 in parts, and can pause, resume, and continue where it stopped.
 *
 * Every file is a multipart upload, even one of a single part: its key is then known before the first byte is sent, so
 * a reload of the page finds it again. A pause lets the parts in flight end, so that no confirmed byte is lost.
 */

import type { Api } from "./api.ts";
import { backoffMs, wait } from "./backoff.ts";
import { corsError, toVideoError, VideoError } from "./errors.ts";
import type { Clock, PutPart } from "./host.ts";
import type { ResumePoint } from "./stored_files.ts";

const MIB = 1024 * 1024;
/** Simultaneous parts of one file; with three files these are the six connections that a browser opens to a host. */
const MAX_PARTS_IN_FLIGHT = 2;
/** Quick attempts at one part. The queue then waits longer before it starts the whole upload again. */
const MAX_ATTEMPTS = 3;
/** New multipart uploads of one file after a conflict in S3. */
const MAX_CONFLICTS = 2;
/** A part of which no byte was sent for this long has lost its connection. */
const STALL_MS = 60_000;

export interface UploadTransport {
  api: Api;
  putPart: PutPart;
  clock: Clock;
}

export interface FileToSend {
  file: File;
  contentType: string;
  /** The video's length, if it is known: the service refuses a video that is too long before a byte is sent. */
  durationMs: number | null;
  /** The profile that decides what is made of the file; undefined for the deployment's default. */
  profile: string | undefined;
  /** The interrupted upload to continue. */
  resumePoint: ResumePoint | null;
}

export interface UploadEvents {
  /** The multipart upload was created; S3 will store the file under this key. */
  onKey(resumePoint: ResumePoint): void;
  /** Bytes given to the network, and bytes that S3 has confirmed. */
  onSent(sentBytes: number, confirmedBytes: number): void;
  onPaused(): void;
  /** All parts are in S3, which now assembles them. */
  onFinishing(): void;
  onUploaded(inputFile: string): void;
  /** The upload stopped; `start` continues it. */
  onError(error: VideoError): void;
}

/** Return the size of each part but the last. It depends only on the file: a resumed upload needs the same parts. */
export function partBytes(sizeBytes: number): number {
  return Math.max(8 * MIB, Math.ceil(sizeBytes / 5_000));
}

export class S3Upload {
  readonly #toSend: FileToSend;
  readonly #transport: UploadTransport;
  readonly #events: UploadEvents;
  readonly #etags = new Map<number, string>();
  readonly #inFlight = new Map<number, number>();
  readonly #partBytes: number;
  readonly #partCount: number;
  #resumePoint: ResumePoint | null;
  #mustList: boolean;
  #isPausing = false;
  /** True once a byte of a part was sent: a browser sends none before the storage's CORS rules allow it. */
  #hasSentBytes = false;
  #conflicts = 0;
  #run: AbortController | null = null;

  constructor(toSend: FileToSend, transport: UploadTransport, events: UploadEvents) {
    const { file, resumePoint } = toSend;
    this.#toSend = toSend;
    this.#resumePoint = resumePoint;
    this.#mustList = resumePoint !== null;
    this.#transport = transport;
    this.#events = events;
    this.#partBytes = partBytes(file.size);
    this.#partCount = Math.max(1, Math.ceil(file.size / this.#partBytes));
  }

  /** True while requests are being made. */
  get isRunning(): boolean {
    return this.#run !== null;
  }

  /** Send the missing parts; also continues a paused or failed upload. */
  start(): void {
    this.#isPausing = false;
    if (this.#run) return;
    const run = new AbortController();
    this.#run = run;
    void this.#send(run);
  }

  /** Start no further part; `onPaused` follows when the parts in flight have ended. */
  pause(): void {
    this.#isPausing = true;
  }

  /** Stop at once, and keep the parts that S3 has. */
  stop(): void {
    this.#run?.abort();
    this.#run = null;
    this.#inFlight.clear();
  }

  /** Stop at once, and delete the parts from S3. */
  async abort(): Promise<void> {
    this.stop();
    if (this.#resumePoint) await abortUpload(this.#transport.api, this.#resumePoint);
  }

  async #send(run: AbortController): Promise<void> {
    try {
      const resumePoint = await this.#begin(run.signal);
      while (this.#mustSend(run.signal)) await this.#sendParts(resumePoint, run.signal);
      if (run.signal.aborted) return;
      if (this.#etags.size < this.#partCount) {
        this.#run = null;
        this.#events.onPaused();
        return;
      }
      this.#events.onFinishing();
      await this.#complete(resumePoint, run.signal);
      this.#run = null;
      this.#events.onUploaded(resumePoint.inputFile);
    } catch (error) {
      if (run.signal.aborted) return;
      this.stop();
      this.#fail(toVideoError(error));
    }
  }

  #mustSend(signal: AbortSignal): boolean {
    return !signal.aborted && !this.#isPausing && this.#etags.size < this.#partCount;
  }

  #fail(error: VideoError): void {
    const inputFile = this.#resumePoint?.inputFile;
    // Another tab completed the upload, or this tab's own request did and its response was lost.
    if (error.code === "upload_completed" && inputFile !== undefined) {
      this.#events.onUploaded(inputFile);
      return;
    }
    this.#mustList = this.#resumePoint !== null;
    const isConflict = error.code === "upload_conflict";
    if (isConflict || error.code === "upload_not_found") {
      // The parts in S3 are deleted, so the next start begins a new multipart upload.
      this.#resumePoint = null;
      this.#mustList = false;
      this.#etags.clear();
    }
    if (isConflict) this.#conflicts += 1;
    // S3 met another write of this file, and the service has aborted the upload: a new one is the way out.
    const { code, message, status } = error;
    const isTemporary = this.#conflicts <= MAX_CONFLICTS;
    this.#events.onError(isConflict ? new VideoError(code, message, { status, isTemporary }) : error);
  }

  async #begin(signal: AbortSignal): Promise<ResumePoint> {
    if (this.#resumePoint === null) {
      const { file, contentType, durationMs, profile } = this.#toSend;
      const metadata = {
        size: file.size,
        part_size: this.#partBytes,
        duration_ms: durationMs || undefined,
        profile,
      };
      const request = { filename: file.name, type: contentType, metadata };
      const begun = await this.#transport.api.post<{ key: string; uploadId: string }>("/s3/multipart", request, signal);
      this.#resumePoint = { inputFile: begun.key, uploadId: begun.uploadId };
      this.#events.onKey(this.#resumePoint);
    } else if (this.#mustList) {
      await this.#listParts(this.#resumePoint, signal);
    }
    this.#mustList = false;
    return this.#resumePoint;
  }

  async #listParts(resumePoint: ResumePoint, signal: AbortSignal): Promise<void> {
    type ListedPart = { PartNumber: number; ETag: string; Size: number };
    const parts = await this.#transport.api.json<ListedPart[]>(uploadPath(resumePoint), { signal });
    this.#etags.clear();
    for (const part of parts) {
      if (part.Size === this.#sizeOf(part.PartNumber)) this.#etags.set(part.PartNumber, part.ETag);
    }
    this.#report();
  }

  async #sendParts(resumePoint: ResumePoint, signal: AbortSignal): Promise<void> {
    const missing = Array.from({ length: this.#partCount }, (_, index) => index + 1).filter(
      (number) => !this.#etags.has(number),
    );
    const sendInTurn = async (): Promise<void> => {
      while (!this.#isPausing && !signal.aborted) {
        const number = missing.shift();
        if (number === undefined) return;
        await this.#sendPart(number, resumePoint, signal);
      }
    };
    let failure: unknown = null;
    const stopAll = (error: unknown): void => {
      failure ??= error;
      missing.length = 0; // the other part in flight ends first, so that its bytes are confirmed
    };
    await Promise.all(Array.from({ length: MAX_PARTS_IN_FLIGHT }, () => sendInTurn().catch(stopAll)));
    if (failure !== null) throw failure;
  }

  async #sendPart(number: number, resumePoint: ResumePoint, signal: AbortSignal): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        this.#etags.set(number, await this.#tryPart(number, attempt, resumePoint, signal));
        this.#inFlight.delete(number);
        this.#report();
        return;
      } catch (error) {
        this.#inFlight.delete(number);
        const { isTemporary, code, retryAfterS } = toVideoError(error);
        const canSucceed = isTemporary || code === "storage_refused"; // a signed URL can have expired
        if (signal.aborted || attempt >= MAX_ATTEMPTS || !canSucceed || retryAfterS) throw error;
        await wait(backoffMs(attempt, Math.random()), this.#transport.clock, signal);
        if (signal.aborted) throw error;
      }
    }
  }

  async #tryPart(number: number, attempt: number, resumePoint: ResumePoint, signal: AbortSignal): Promise<string> {
    const { api, putPart, clock } = this.#transport;
    type SignedPart = { url: string; headers?: Record<string, string> };
    const signed = await api.json<SignedPart>(uploadPath(resumePoint, `/${number}`), { signal });
    const part = new AbortController();
    const abort = (): void => part.abort();
    signal.addEventListener("abort", abort);
    let stall = clock.setTimeout(abort, STALL_MS);
    try {
      const start = (number - 1) * this.#partBytes;
      const body = this.#toSend.file.slice(start, start + this.#sizeOf(number));
      const onSent = (sentBytes: number): void => {
        clock.clearTimeout(stall);
        stall = clock.setTimeout(abort, STALL_MS);
        this.#hasSentBytes = true;
        this.#inFlight.set(number, Math.min(sentBytes, body.size));
        this.#report();
      };
      const response = await putPart({
        url: signed.url,
        headers: signed.headers ?? {},
        body,
        onSent,
        signal: part.signal,
      }).catch(async (error) => {
        if (attempt < MAX_ATTEMPTS || this.#hasSentBytes || part.signal.aborted) throw error;
        await body.slice(0, 1).arrayBuffer(); // this throws if the file is gone, which isn't a matter of CORS
        throw (await api.isUnreadable(signed.url)) ? corsError("the bucket's CORS rule lacks this origin") : error;
      });
      const { status, etag } = response;
      if (status !== 200) throw new VideoError("storage_refused", `The storage responded ${status}.`, { status });
      if (etag === null) throw corsError("the bucket's CORS rule hides ETag");
      return etag;
    } finally {
      clock.clearTimeout(stall);
      signal.removeEventListener("abort", abort);
    }
  }

  async #complete(resumePoint: ResumePoint, signal: AbortSignal): Promise<void> {
    const numbers = [...this.#etags.keys()].sort((one, other) => one - other);
    const parts = numbers.map((number) => ({ PartNumber: number, ETag: this.#etags.get(number) }));
    await this.#transport.api.post(uploadPath(resumePoint, "/complete"), { parts }, signal);
  }

  #sizeOf(number: number): number {
    return Math.min(this.#partBytes, this.#toSend.file.size - (number - 1) * this.#partBytes);
  }

  #report(): void {
    let confirmedBytes = 0;
    for (const number of this.#etags.keys()) confirmedBytes += this.#sizeOf(number);
    let sentBytes = confirmedBytes;
    for (const bytes of this.#inFlight.values()) sentBytes += bytes;
    this.#events.onSent(sentBytes, confirmedBytes);
  }
}

/** Delete an unfinished upload with its parts from S3; do nothing if it doesn't exist any more. */
export async function abortUpload(api: Api, resumePoint: ResumePoint): Promise<void> {
  try {
    await api.request(uploadPath(resumePoint), { method: "DELETE" });
  } catch (error) {
    if (toVideoError(error).status !== 404) throw error;
  }
}

function uploadPath({ inputFile, uploadId }: ResumePoint, below = ""): string {
  return `/s3/multipart/${encodeURIComponent(uploadId)}${below}?${new URLSearchParams({ key: inputFile })}`;
}
