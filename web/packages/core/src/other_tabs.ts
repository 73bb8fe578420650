/** Shares the state of running uploads between the tabs of one browser, over a BroadcastChannel. */

import type { UploadState } from "./list_item";

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
  readonly #channel = new BroadcastChannel("mediaconvert-status");
  readonly #ownUploads = new Map<string, { upload: UploadState; publishedMs: number }>();
  readonly #timeouts = new Map<string, ReturnType<typeof setTimeout>>();
  readonly #onUpload: OnOtherTabsUpload;

  constructor(onUpload: OnOtherTabsUpload) {
    this.#onUpload = onUpload;
    this.#channel.addEventListener("message", ({ data }: MessageEvent<Message>) => {
      if (data === REQUEST) this.#publishAll();
      else this.#receive(data);
    });
    window.addEventListener("pagehide", () => {
      for (const inputFile of this.#ownUploads.keys()) this.#post({ inputFile, upload: null });
    });
    window.addEventListener("pageshow", () => this.#publishAll());
    setInterval(() => this.#publishAll(), TIMEOUT_MS / 6);
    this.#post(REQUEST);
  }

  /** Send the state of this tab's upload to the other tabs: each change of phase, and progress twice a second. */
  publish(inputFile: string, upload: UploadState): void {
    const last = this.#ownUploads.get(inputFile);
    const isOver = upload.phase === "done" || upload.phase === "canceled" || upload.phase === "failed";
    if (!isOver && last?.upload.phase === upload.phase && Date.now() - last.publishedMs < MIN_INTERVAL_MS) return;
    if (isOver) this.#ownUploads.delete(inputFile);
    else this.#ownUploads.set(inputFile, { upload, publishedMs: Date.now() });
    this.#post({ inputFile, upload: isOver ? null : upload });
  }

  #publishAll(): void {
    for (const [inputFile, { upload }] of this.#ownUploads) this.#post({ inputFile, upload });
  }

  #receive({ inputFile, upload }: UploadMessage): void {
    clearTimeout(this.#timeouts.get(inputFile));
    this.#timeouts.delete(inputFile);
    if (upload) {
      const timeout = setTimeout(() => this.#onUpload(inputFile, null), TIMEOUT_MS);
      this.#timeouts.set(inputFile, timeout);
    }
    this.#onUpload(inputFile, upload);
  }

  #post(message: Message): void {
    this.#channel.postMessage(message);
  }
}
