/** Plays a finished job: hls.js where the browser can, the browser's own HLS otherwise. Fetched when first needed. */

import type HlsType from "hls.js";
import workerUrl from "hls.js/dist/hls.worker.js?url";
import type { Output } from "./api_types";
import { h, show } from "./dom";
import { t } from "./language";

export interface PlayerOptions {
  label: string;
  shouldPlay: boolean;
  /** Get leave to fetch the video's key, as cookies where it is guarded; whether it may be. */
  admit: () => Promise<boolean>;
}

/** Leave lasts five minutes at least (PLAYBACK_COOKIE_TTL_S is ten or more), and a long video is longer. */
const RENEWAL_MS = 4 * 60 * 1000;

interface Choice {
  value: string;
  label: string;
}

export class Player {
  readonly element: HTMLElement;
  readonly #video: HTMLVideoElement;
  readonly #quality: HTMLSelectElement;
  readonly #row: HTMLElement;
  readonly #problem: HTMLElement;
  #hls: HlsType | null = null;
  #isClosed = false;
  #renewal: number | undefined;

  constructor(output: Output, options: PlayerOptions) {
    this.#video = h("video", { controls: true, playsinline: true, preload: "metadata", "aria-label": options.label });
    this.#quality = h("select", { "aria-label": t("player.quality") });
    this.#row = h("label", { class: "quality", hidden: true }, h("span", {}, t("player.quality")), this.#quality);
    this.#problem = h("p", { class: "player-problem", role: "alert", hidden: true }, t("player.error"));
    const frame = h("div", { class: "frame" }, this.#video);
    if (output.width_px && output.height_px) frame.style.aspectRatio = `${output.width_px} / ${output.height_px}`;
    this.element = h("div", { class: "player" }, frame, this.#row, this.#problem);
    void this.#open(output, options).catch((error) => this.#fail(error));
  }

  /** Stop, and let go of everything. */
  close(): void {
    this.#isClosed = true;
    window.clearInterval(this.#renewal);
    this.#hls?.destroy();
    this.#video.removeAttribute("src");
    this.#video.load();
    this.element.remove();
  }

  async #open(output: Output, { admit, shouldPlay }: PlayerOptions): Promise<void> {
    const url = output.playback_url;
    if (url === null) return;
    const [{ default: Hls }, isGuarded] = await Promise.all([import("hls.js"), admit()]);
    if (this.#isClosed) return;
    if (isGuarded) this.#renewal = window.setInterval(() => void admit(), RENEWAL_MS);
    if (Hls.isSupported()) this.#withHls(Hls, url, isGuarded);
    else this.#withBrowser(url, output);
    if (shouldPlay) await this.#video.play().catch(() => undefined); // browsers may want another click
  }

  #withHls(Hls: typeof HlsType, url: string, isGuarded: boolean): void {
    const hls = new Hls({
      workerPath: workerUrl,
      capLevelToPlayerSize: true,
      // Only the key is anybody's secret: segments are of no use without it. Cookies go to this host by themselves, but
      // to another port of it, as on a developer's machine, only if told.
      xhrSetup: (xhr, address) => {
        const { hostname, pathname } = new URL(address, document.baseURI);
        xhr.withCredentials = isGuarded && hostname === location.hostname && pathname.endsWith(".key");
      },
    });
    this.#hls = hls;
    hls.on(Hls.Events.MANIFEST_PARSED, () => {
      const levels = hls.levels.map((level, index) => ({ value: String(index), height: level.height }));
      levels.sort((one, other) => other.height - one.height);
      this.#offer(levels.map(({ value, height }) => ({ value, label: `${height}p` })));
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
      hls.currentLevel = Number(this.#quality.value); // at once: the next segment may be far off, or not exist
    });
    hls.loadSource(url);
    hls.attachMedia(this.#video);
  }

  /** Safari on phones: it chooses by itself, or plays one rendition's own playlist. */
  #withBrowser(url: string, output: Output): void {
    const folder = url.slice(0, url.lastIndexOf("/") + 1);
    const choices = output.renditions
      .filter((each) => each.playlist !== null)
      .sort((one, other) => other.height_px - one.height_px)
      .map((each) => ({ value: folder + encodeURIComponent(each.playlist ?? ""), label: `${each.height_px}p` }));
    this.#offer(choices);
    this.#video.addEventListener("error", () => this.#fail(this.#video.error?.message));
    this.#quality.addEventListener("change", () => {
      const { currentTime, paused } = this.#video;
      this.#video.src = this.#quality.value === "-1" ? url : this.#quality.value;
      this.#video.currentTime = currentTime;
      if (!paused) void this.#video.play();
    });
    this.#video.src = url;
  }

  #offer(choices: Choice[]): void {
    const all = [{ value: "-1", label: t("player.auto") }, ...choices];
    this.#quality.replaceChildren(...all.map(({ value, label }) => h("option", { value }, label)));
    show(this.#row, choices.length > 1);
  }

  #fail(reason: unknown): void {
    console.warn("playback:", reason);
    show(this.#problem, true);
  }
}
