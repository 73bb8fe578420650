/** Shares the state of running uploads between the tabs of one browser, over a BroadcastChannel. */

import { type Channel, type Clock, listen, openChannel, type Timer } from "./host.ts";
import { ENDED_PHASES, type UploadState } from "./item.ts";

interface UploadMessage {
  inputFile: string;
  /** Null if no tab sends the file now. */
  upload: UploadState | null;
}

/** A new tab sends this, and the other tabs publish their uploads. */
const REQUEST = "request uploads";

type Message = UploadMessage | typeof REQUEST;

/** A tab that is silent for this long has crashed: a browser delays a background tab's timers by less than this. */
const TIMEOUT_MS = 90_000;
const MIN_INTERVAL_MS = 500;

export type OnOtherTabsUpload = (inputFile: string, upload: UploadState | null) => void;

export class OtherTabs {
  /** Null where the browser forbids channels: tabs then find each other's files in the storage only. */
  readonly #channel: Channel | null;
  readonly #clock: Clock;
  readonly #ownUploads = new Map<string, { upload: UploadState; publishedMs: number }>();
  readonly #timeouts = new Map<string, Timer>();
  readonly #onUpload: OnOtherTabsUpload;
  readonly #stops: (() => void)[];
  #repeat: Timer | undefined;

  constructor(clock: Clock, onUpload: OnOtherTabsUpload) {
    this.#clock = clock;
    this.#onUpload = onUpload;
    this.#channel = openChannel("mediaconvert-status", (message) => {
      if (message === REQUEST) this.#publishAll();
      else this.#receive(message as UploadMessage);
    });
    this.#stops = [listen("pagehide", () => this.#publishAll(true)), listen("pageshow", () => this.#publishAll())];
    this.#post(REQUEST);
  }

  close(): void {
    this.#publishAll(true);
    this.#channel?.close();
    for (const stop of this.#stops) stop();
    for (const timer of [...this.#timeouts.values(), this.#repeat]) this.#clock.clearTimeout(timer);
  }

  /** Send the state of this tab's upload to the other tabs: each change of phase, and progress twice a second. */
  publish(inputFile: string, upload: UploadState): void {
    const last = this.#ownUploads.get(inputFile);
    const isOver = ENDED_PHASES.includes(upload.phase);
    if (!isOver && last?.upload.phase === upload.phase && this.#clock.nowMs() - last.publishedMs < MIN_INTERVAL_MS)
      return;
    if (isOver) this.#ownUploads.delete(inputFile);
    else this.#ownUploads.set(inputFile, { upload, publishedMs: this.#clock.nowMs() });
    this.#post({ inputFile, upload: isOver ? null : upload });
    this.#repeatWhileUploading();
  }

  /** Publish quiet uploads again, so that other tabs don't take this one for crashed. */
  #repeatWhileUploading(): void {
    if (this.#repeat !== undefined || this.#ownUploads.size === 0) return;
    this.#repeat = this.#clock.setTimeout(() => {
      this.#repeat = undefined;
      this.#publishAll();
      this.#repeatWhileUploading();
    }, TIMEOUT_MS / 6);
  }

  /** Publish each upload, or that this tab ends. */
  #publishAll(isEnd = false): void {
    for (const [inputFile, { upload }] of this.#ownUploads) this.#post({ inputFile, upload: isEnd ? null : upload });
  }

  #receive({ inputFile, upload }: UploadMessage): void {
    this.#clock.clearTimeout(this.#timeouts.get(inputFile));
    this.#timeouts.delete(inputFile);
    if (upload) {
      const timeout = this.#clock.setTimeout(() => this.#onUpload(inputFile, null), TIMEOUT_MS);
      this.#timeouts.set(inputFile, timeout);
    }
    this.#onUpload(inputFile, upload);
  }

  #post(message: Message): void {
    this.#channel?.post(message);
  }
}
