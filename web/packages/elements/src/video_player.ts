import { createProgress, type ProgressWatcher, type Video } from "@mediaconvert-status/core";
import type HlsType from "hls.js";
import { create, setText, VideoElement } from "./video_element.ts";

const CSS = `
:host { display: block; }
:host([hidden]) { display: none; }
video { display: block; width: 100%; max-height: 100%; background: #000; border-radius: var(--video-radius, 10px); }
.problem { margin: 0.5em 0 0; color: var(--video-danger, light-dark(#b3261e, #ffb4ab)); }
.problem:empty { display: none; }
`;

/** The cookies are valid for at least half of PLAYBACK_COOKIE_TTL_S (five minutes or more); a video can be longer. */
const RENEWAL_MS = 4 * 60 * 1_000;

/** Until it plays, a player loads one segment, for the duration and the first frame: a page can have many players. */
const PRELOADED_S = 1;

/**
 * Plays a job's video as soon as it is ready. hls.js is loaded then, and only where it is needed.
 *
 * With guarded playback it requests the cookies first, and again while the video is open. Only requests for keys send
 * them.
 *
 * @attr {string} job-id - The job to play.
 * @attr {string} input-file - The file to play, if there is no `job-id`.
 * @attr {boolean} autoplay
 * @attr {string} api-base-url - The service's URL, without `videos`.
 * @csspart video
 * @csspart problem
 */
export class VideoPlayer extends VideoElement<ProgressWatcher> {
  static override readonly observedAttributes = ["api-base-url", "job-id", "input-file"];
  readonly #video = create("video", { controls: "", playsinline: "", preload: "metadata", part: "video" });
  readonly #problem = create("p", { class: "problem", part: "problem", role: "alert" });
  #id: string | null = null;
  #playedUrl: string | null = null;
  #hls: HlsType | null = null;
  #signal: AbortSignal | null = null;

  constructor() {
    super(CSS);
    this._root.append(this.#video, this.#problem);
  }

  /** The native element, for `play()`, `currentTime` and its events. */
  get media(): HTMLVideoElement {
    return this.#video;
  }

  protected override _create(apiBaseUrl: string): ProgressWatcher {
    return createProgress({ apiBaseUrl });
  }

  protected override _concerns(video: Video): boolean {
    return video.id === this.#id;
  }

  protected override _open(source: ProgressWatcher, signal: AbortSignal): void {
    const jobId = this.getAttribute("job-id");
    const inputFile = this.getAttribute("input-file");
    this.#id = null;
    this.#signal = signal;
    signal.addEventListener("abort", () => this.#stop());
    if (!jobId && !inputFile) return;
    const { id, stop } = source.watch(jobId ? { jobId } : { inputFile: inputFile ?? "" });
    this.#id = id;
    signal.addEventListener("abort", stop);
  }

  protected override _draw(source: ProgressWatcher): void {
    const video = this.#id === null ? undefined : source.get(this.#id);
    const url = video?.view.stage === "complete" ? video.job?.output?.playback_url : null;
    if (!video?.jobId || !url || url === this.#playedUrl || !this.#signal) return;
    this.#playedUrl = url;
    this.#video.setAttribute("aria-label", video.fileName ?? video.jobId);
    const poster = video.job?.output?.poster_url ?? null;
    void this.#play(source, { jobId: video.jobId, url, poster }, this.#signal).catch(() => this.#fail());
  }

  async #play(
    source: ProgressWatcher,
    { jobId, url, poster }: { jobId: string; url: string; poster: string | null },
    signal: AbortSignal,
  ): Promise<void> {
    const needsCookies = await source.authorizePlayback(jobId);
    if (signal.aborted) return;
    // A guarded poster needs the cookies too. It is there long before hls.js is.
    if (poster !== null) this.#video.poster = poster;
    const { default: Hls } = await import("hls.js");
    if (signal.aborted) return;
    if (needsCookies) {
      const timer = setInterval(() => void source.authorizePlayback(jobId), RENEWAL_MS);
      signal.addEventListener("abort", () => clearInterval(timer));
    }
    if (Hls.isSupported()) this.#playWithHls(Hls, { url, needsCookies }, signal);
    else {
      this.#video.src = url; // Safari on iPhones plays HLS itself
      this.#video.addEventListener("error", () => this.#fail(), { signal });
    }
    if (this.hasAttribute("autoplay")) await this.#video.play().catch(() => undefined); // may need a click
  }

  #playWithHls(
    Hls: typeof HlsType,
    { url, needsCookies }: { url: string; needsCookies: boolean },
    signal: AbortSignal,
  ): void {
    const hls = new Hls({ ...hlsOptions(needsCookies), maxMaxBufferLength: PRELOADED_S });
    this.#hls = hls;
    const bufferMore = (): void => {
      hls.config.maxMaxBufferLength = Hls.DefaultConfig.maxMaxBufferLength;
    };
    this.#video.addEventListener("play", bufferMore, { once: true, signal });
    hls.on(Hls.Events.ERROR, (_, { fatal }) => {
      if (fatal) this.#fail();
    });
    hls.loadSource(url);
    hls.attachMedia(this.#video);
  }

  #fail(): void {
    setText(this.#problem, this._text("playerError"));
  }

  #stop(): void {
    this.#hls?.destroy();
    this.#hls = null;
    this.#playedUrl = null;
    for (const name of ["src", "poster"]) this.#video.removeAttribute(name);
    this.#video.load();
    setText(this.#problem, "");
  }
}

/** Only the key file needs cookies: the segments are encrypted and useless without it. */
function hlsOptions(needsCookies: boolean): Partial<HlsType["config"]> {
  return {
    capLevelToPlayerSize: true,
    xhrSetup: (xhr: XMLHttpRequest, requestUrl: string) => {
      const { hostname, pathname } = new URL(requestUrl, document.baseURI);
      xhr.withCredentials = needsCookies && isSameSite(hostname) && pathname.endsWith(".key");
    },
  };
}

/** Return whether the host may have set cookies for the page's site. */
function isSameSite(hostname: string): boolean {
  const site = (name: string): string => name.split(".").slice(-2).join(".");
  return hostname === location.hostname || site(hostname) === site(location.hostname);
}
