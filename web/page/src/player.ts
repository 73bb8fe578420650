/**
 * Plays a job's HLS output: with hls.js where the browser supports it, or else with the browser's own player.
 *
 * A player that opens by itself shows the poster and a button. hls.js is five times as large as the rest of the page, and
 * is loaded only when the video should play.
 */

import type { Output } from "@mediaconvert-status/core";
import type HlsType from "hls.js";
import workerUrl from "hls.js/dist/hls.worker.js?url";
import { h, setVisible } from "./dom";
import { icon } from "./icons";
import { t } from "./language";
import { speedControl } from "./player_controls";
import { commandOf, perform } from "./player_keys";

export interface PlayerOptions {
  /** The file's name. */
  file: string;
  /** Play at once; otherwise show the poster and a button, if there is a poster. */
  shouldPlay: boolean;
  /** Request the cookies that the key file needs; return whether the API requires them. */
  authorize: () => Promise<boolean>;
}

/** The cookies are valid for at least half of PLAYBACK_COOKIE_TTL_S (five minutes or more); a video can be longer. */
const RENEWAL_MS = 4 * 60 * 1000;

/** Until it plays, a player loads one segment, for the duration and the first frame: each segment costs money. */
const PRELOADED_S = 1;

interface QualityOption {
  value: string;
  label: string;
}

export class Player {
  readonly element: HTMLElement;
  readonly #video: HTMLVideoElement;
  readonly #quality: HTMLSelectElement;
  readonly #qualityRow: HTMLElement;
  readonly #problem: HTMLElement;
  readonly #controls: HTMLElement;
  readonly #output: Output;
  readonly #options: PlayerOptions;
  #start: HTMLElement | null = null;
  #hls: HlsType | null = null;
  #isClosed = false;
  #renewal: number | undefined;

  constructor(output: Output, options: PlayerOptions) {
    this.#output = output;
    this.#options = options;
    this.#video = h("video", { playsinline: true, preload: "metadata", tabindex: "0" });
    this.#video.setAttribute("aria-label", t("player.label", { file: options.file }));
    this.#video.setAttribute("aria-description", t("player.keys"));
    this.#quality = h("select", { "aria-label": t("player.quality") });
    this.#qualityRow = h(
      "label",
      { class: "quality", hidden: true },
      h("span", {}, t("player.quality")),
      this.#quality,
    );
    this.#problem = h("p", { class: "player-problem", role: "alert", hidden: true }, t("player.error"));
    const frame = h("div", { class: "frame" }, this.#video);
    if (output.width_px && output.height_px) frame.style.aspectRatio = `${output.width_px} / ${output.height_px}`;
    this.#controls = h(
      "div",
      { class: "controls", hidden: true },
      speedControl(this.#video),
      this.#qualityRow,
      ...this.#pictureInPicture(),
    );
    this.element = h("div", { class: "player" }, frame, this.#controls, this.#problem);
    this.element.addEventListener("keydown", (event) => this.#onKey(event));
    const authorized = options.authorize();
    void this.#showPoster(output.poster_url, authorized);
    if (options.shouldPlay || output.poster_url === null) this.#load(authorized, options.shouldPlay);
    else this.#offerStart(frame);
  }

  /** Stop playback, release the video's resources, and remove the player. */
  close(): void {
    this.#isClosed = true;
    window.clearInterval(this.#renewal);
    this.#hls?.destroy();
    this.#video.removeAttribute("src");
    this.#video.load();
    this.element.remove();
  }

  /** The browser's own keys differ, and most of them need the focus on the video itself. */
  #onKey(event: KeyboardEvent): void {
    const isControl = event.target instanceof HTMLSelectElement || event.target instanceof HTMLButtonElement;
    const command = isControl ? null : commandOf(event);
    if (command === null) return;
    event.preventDefault();
    if (this.#start === null) perform(command, this.#video);
    else if (command.kind === "toggle" && command.what === "play") this.#start.click();
  }

  /** Show a button over the poster. hls.js is loaded while the pointer or the focus is on its way to the button. */
  #offerStart(frame: HTMLElement): void {
    const label = t("action.of", { action: t("action.play"), file: this.#options.file });
    const start = h(
      "button",
      { type: "button", class: "start", title: t("action.play"), "aria-label": label },
      icon("play"),
    );
    for (const event of ["pointerenter", "focusin"]) {
      frame.addEventListener(event, () => void import("hls.js").catch(() => undefined), { once: true });
    }
    const onClick = (): void => {
      const hadFocus = start === document.activeElement;
      start.remove();
      this.#start = null;
      if (hadFocus) this.#video.focus({ preventScroll: true });
      this.#load(this.#options.authorize(), true);
    };
    frame.addEventListener("click", onClick, { once: true });
    this.#start = start;
    frame.append(start);
  }

  #pictureInPicture(): HTMLElement[] {
    if (!document.pictureInPictureEnabled) return [];
    const onclick = (): void => perform({ kind: "toggle", what: "pictureInPicture" }, this.#video);
    const label = t("player.pictureInPicture");
    return [
      h("button", { type: "button", class: "icon-only", title: label, "aria-label": label, onclick }, icon("pip")),
    ];
  }

  #load(authorized: Promise<boolean>, shouldPlay: boolean): void {
    this.#video.controls = true;
    setVisible(this.#controls, true);
    void this.#open(authorized, shouldPlay).catch((error) => this.#fail(error));
  }

  async #open(authorized: Promise<boolean>, shouldPlay: boolean): Promise<void> {
    const url = this.#output.playback_url;
    if (url === null) return;
    const [{ default: Hls }, needsCookies] = await Promise.all([import("hls.js"), authorized]);
    if (this.#isClosed) return;
    if (needsCookies) this.#renewal = window.setInterval(() => void this.#options.authorize(), RENEWAL_MS);
    if (Hls.isSupported()) this.#playWithHls(Hls, url, needsCookies);
    else this.#playNatively(url, this.#output);
    if (shouldPlay) await this.#video.play().catch(() => undefined); // browsers may require another click
  }

  /** Show the video's poster. A guarded one may need the cookies, so it is requested once more with them. */
  async #showPoster(url: string | null, authorized: Promise<unknown>): Promise<void> {
    if (!url) return;
    const load = (): Promise<void> => {
      const image = h("img", { alt: "", fetchpriority: "high" });
      image.src = url;
      return image.decode();
    };
    try {
      await load().catch(() => authorized.then(load));
      this.#video.poster = url;
    } catch {
      // The video then begins without a poster.
    }
  }

  #playWithHls(Hls: typeof HlsType, url: string, needsCookies: boolean): void {
    const hls = new Hls({
      workerPath: workerUrl,
      capLevelToPlayerSize: true,
      maxMaxBufferLength: PRELOADED_S,
      // Only the key file needs cookies: the segments are encrypted and useless without it. The browser always sends
      // cookies to the page's own origin, but to another port of its host (as in development) only withCredentials.
      xhrSetup: (xhr, requestUrl) => {
        const { hostname, pathname } = new URL(requestUrl, document.baseURI);
        xhr.withCredentials = needsCookies && hostname === location.hostname && pathname.endsWith(".key");
      },
    });
    this.#hls = hls;
    const bufferMore = (): void => {
      hls.config.maxMaxBufferLength = Hls.DefaultConfig.maxMaxBufferLength;
    };
    this.#video.addEventListener("play", bufferMore, { once: true });
    hls.on(Hls.Events.MANIFEST_PARSED, () => {
      const levels = hls.levels.map((level, index) => ({ value: String(index), height: level.height }));
      levels.sort((one, other) => other.height - one.height);
      this.#setQualities(levels.map(({ value, height }) => ({ value, label: `${height}p` })));
    });
    hls.on(Hls.Events.LEVEL_SWITCHED, (_, { level }) => {
      const height = hls.levels[level]?.height;
      const auto = this.#quality.options[0];
      if (auto) auto.text = hls.autoLevelEnabled && height ? t("player.autoAt", { height }) : t("player.auto");
    });
    hls.on(Hls.Events.ERROR, (_, { fatal, details }) => {
      if (fatal) this.#fail(details);
    });
    this.#quality.addEventListener("change", () => {
      hls.currentLevel = Number(this.#quality.value); // at once: for `nextLevel` there may be no next segment
    });
    hls.loadSource(url);
    hls.attachMedia(this.#video);
  }

  /** Safari on iPhones has no hls.js: it chooses the rendition itself, or plays one rendition's playlist. */
  #playNatively(url: string, output: Output): void {
    const folder = url.slice(0, url.lastIndexOf("/") + 1);
    const qualities = output.renditions
      .filter((rendition) => rendition.playlist !== null)
      .sort((one, other) => other.height_px - one.height_px)
      .map(({ playlist, height_px }) => ({
        value: folder + encodeURIComponent(playlist ?? ""),
        label: `${height_px}p`,
      }));
    this.#setQualities(qualities);
    this.#video.addEventListener("error", () => this.#fail(this.#video.error?.message));
    this.#quality.addEventListener("change", () => {
      const { currentTime, paused } = this.#video;
      this.#video.src = this.#quality.value === "-1" ? url : this.#quality.value;
      this.#video.currentTime = currentTime;
      if (!paused) void this.#video.play();
    });
    this.#video.src = url;
  }

  #setQualities(qualities: QualityOption[]): void {
    const options = [{ value: "-1", label: t("player.auto") }, ...qualities];
    this.#quality.replaceChildren(...options.map(({ value, label }) => h("option", { value }, label)));
    setVisible(this.#qualityRow, qualities.length > 1);
  }

  #fail(reason: unknown): void {
    console.warn("playback failed:", reason);
    setVisible(this.#problem, true);
  }
}
