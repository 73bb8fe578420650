/** Small pictures of the user's own files, so that a card shows its video before a byte of it is sent. */

/** A browser that can't show the file in this time doesn't keep the next file waiting. */
const TIMEOUT_MS = 4_000;
const WIDTH_PX = 240;
const HEIGHT_PX = 135;

export class LocalFrames {
  readonly #frames = new Map<string, string>();
  readonly #onFrame: () => void;
  /** Files are read one after another: many decoders at once would slow down the page and the uploads. */
  #queue: Promise<void> = Promise.resolve();

  constructor(onFrame: () => void) {
    this.#onFrame = onFrame;
  }

  /** Return the picture of a video as a data URL; null if there is none (yet). */
  of(id: string): string | null {
    return this.#frames.get(id) ?? null;
  }

  /** Read a picture of the file, after those of earlier files. */
  add(id: string, file: File): void {
    if (this.#frames.has(id)) return;
    this.#queue = this.#queue.then(async () => {
      const frame = await frameOf(file);
      if (frame === null) return;
      this.#frames.set(id, frame);
      this.#onFrame();
    });
  }
}

/** Return a picture from the video's beginning as a JPEG; null if the browser can't play the file. */
async function frameOf(file: File): Promise<string | null> {
  const video = document.createElement("video");
  const url = URL.createObjectURL(file);
  video.muted = true;
  video.playsInline = true;
  video.preload = "auto";
  try {
    const loaded = next(video, "loadeddata");
    video.src = url;
    await loaded;
    // The first picture of many videos is black.
    const seeked = next(video, "seeked");
    video.currentTime = Math.min(1, (Number.isFinite(video.duration) ? video.duration : 0) / 4);
    await seeked;
    return draw(video);
  } catch {
    return null;
  } finally {
    video.removeAttribute("src");
    video.load();
    URL.revokeObjectURL(url);
  }
}

function next(video: HTMLVideoElement, event: "loadeddata" | "seeked"): Promise<void> {
  const { promise, resolve, reject } = deferred();
  const timer = setTimeout(reject, TIMEOUT_MS);
  video.addEventListener(event, resolve, { once: true });
  video.addEventListener("error", reject, { once: true });
  return promise.finally(() => clearTimeout(timer));
}

function deferred(): { promise: Promise<void>; resolve: () => void; reject: () => void } {
  let [resolve, reject] = [(): void => undefined, (): void => undefined];
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = () => onResolve();
    reject = () => onReject(new Error("the browser can't show the file"));
  });
  return { promise, resolve, reject };
}

/** Return the video's present picture, cut to the shape of the card's picture. */
function draw(video: HTMLVideoElement): string | null {
  const canvas = document.createElement("canvas");
  canvas.width = WIDTH_PX;
  canvas.height = HEIGHT_PX;
  const context = canvas.getContext("2d");
  if (context === null || video.videoWidth === 0) return null;
  const scale = Math.max(WIDTH_PX / video.videoWidth, HEIGHT_PX / video.videoHeight);
  const [width, height] = [video.videoWidth * scale, video.videoHeight * scale];
  context.drawImage(video, (WIDTH_PX - width) / 2, (HEIGHT_PX - height) / 2, width, height);
  return canvas.toDataURL("image/jpeg", 0.7);
}
