/** What the tabs of one browser tell each other of the uploads under way. */

import type { Upload } from "./item";

interface Told {
  inputFile: string;
  /** Null: nobody sends it any more. */
  upload: Upload | null;
}

type Message = Told | "what is sent?";

/** A tab that ended without a word has been silent for longer than a browser holds up a tab in the background. */
const SILENT_MS = 90_000;
const BETWEEN_MS = 500;

export class OtherTabs {
  readonly #channel = new BroadcastChannel("mediaconvert-status");
  readonly #mine = new Map<string, { upload: Upload; toldMs: number }>();
  readonly #theirs = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(onUpload: (inputFile: string, upload: Upload | null) => void) {
    this.#channel.addEventListener("message", ({ data }: MessageEvent<Message>) => {
      if (data === "what is sent?") this.#tellAll();
      else this.#hear(data, onUpload);
    });
    window.addEventListener("pagehide", () => {
      for (const inputFile of this.#mine.keys()) this.#post({ inputFile, upload: null });
    });
    window.addEventListener("pageshow", () => this.#tellAll());
    setInterval(() => this.#tellAll(), SILENT_MS / 6);
    this.#channel.postMessage("what is sent?" satisfies Message);
  }

  /** Tell the others how an upload of this tab stands; not each byte of it. */
  tell(inputFile: string, upload: Upload): void {
    const known = this.#mine.get(inputFile);
    const isOver = upload.phase === "done" || upload.phase === "canceled" || upload.phase === "failed";
    if (!isOver && known?.upload.phase === upload.phase && Date.now() - known.toldMs < BETWEEN_MS) return;
    if (isOver) this.#mine.delete(inputFile);
    else this.#mine.set(inputFile, { upload, toldMs: Date.now() });
    this.#post({ inputFile, upload: isOver ? null : upload });
  }

  #tellAll(): void {
    for (const [inputFile, { upload }] of this.#mine) this.#post({ inputFile, upload });
  }

  #hear({ inputFile, upload }: Told, onUpload: (inputFile: string, upload: Upload | null) => void): void {
    clearTimeout(this.#theirs.get(inputFile));
    this.#theirs.delete(inputFile);
    if (upload)
      this.#theirs.set(
        inputFile,
        setTimeout(() => onUpload(inputFile, null), SILENT_MS),
      );
    onUpload(inputFile, upload);
  }

  #post(message: Told): void {
    this.#channel.postMessage(message);
  }
}
