/** The two-part bar with its words: upload, then transcoding. */

import type { Video } from "@mediaconvert-status/core";
import { create, setText } from "./video_element.ts";

export const BAR_CSS = `
:host {
  display: block;
  color: inherit;
  font: inherit;
  text-align: start;
}
:host([hidden]) { display: none; }
.bar { display: grid; grid-template-columns: 1fr 1fr; gap: 3px; }
.track {
  overflow: hidden;
  height: var(--video-progress-height, 6px);
  border-radius: var(--video-radius, 3px);
  background: var(--video-track, light-dark(#e8e8e5, #30333a));
}
.fill {
  width: var(--_filled, 0%);
  height: 100%;
  background: var(--video-accent, light-dark(#3b5bdb, #8aa0ff));
  transition: width 0.4s ease-out;
}
[data-tone="still"] .fill { background: var(--video-still, light-dark(#8a8d96, #868b96)); }
[data-tone="failed"] .fill { background: var(--video-danger, light-dark(#b3261e, #ffb4ab)); }
.words { display: block; margin-block-start: 0.375em; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.words:lang(ja) { line-break: strict; word-break: auto-phrase; }
.moving .fill.transcode { width: 40%; animation: pass 1.6s ease-in-out infinite; }
@keyframes pass { from { transform: translateX(-100%); } to { transform: translateX(250%); } }
@media (prefers-reduced-motion: reduce) {
  .fill { transition: none; }
  .moving .fill.transcode { width: 100%; opacity: 0.5; animation: none; }
}
@media (forced-colors: active) {
  .track { border: 1px solid CanvasText; }
  .fill { background: Highlight; forced-color-adjust: none; }
}
`;

const STILL = ["paused", "pausing", "offline", "interrupted", "uploadCanceled", "canceled", "gone"];
const FAILED = ["failed", "uploadFailed"];
const LASTING = ["waiting", "probing", "transcoding", "saving"];

export class ProgressBar {
  readonly element: HTMLElement;
  readonly #bar: HTMLElement;
  readonly #upload = create("div", { class: "fill upload", part: "fill upload" });
  readonly #transcode = create("div", { class: "fill transcode", part: "fill transcode" });
  readonly #words = create("span", { class: "words", part: "words", "aria-hidden": "true" });

  constructor() {
    const track = (fill: HTMLElement): HTMLElement => create("div", { class: "track", part: "track" }, fill);
    const attributes = { class: "bar", part: "bar", role: "progressbar", "aria-valuemin": "0", "aria-valuemax": "100" };
    this.#bar = create("div", attributes, track(this.#upload), track(this.#transcode));
    this.element = create("div", {}, this.#bar, this.#words);
  }

  update({ view }: Video, name: string): void {
    const { stage, percent } = view;
    this.#upload.style.setProperty("--_filled", `${view.uploadPercent}%`);
    this.#transcode.style.setProperty("--_filled", `${view.transcodePercent}%`);
    this.#bar.setAttribute("aria-label", name);
    this.#bar.setAttribute("aria-valuetext", view.words);
    if (percent === null) this.#bar.removeAttribute("aria-valuenow");
    else this.#bar.setAttribute("aria-valuenow", String(percent));
    this.element.dataset.tone = FAILED.includes(stage) ? "failed" : STILL.includes(stage) ? "still" : "moving";
    this.element.classList.toggle("moving", percent === null && LASTING.includes(stage) && view.staleForS === null);
    setText(this.#words, view.words);
  }
}
