/** The player's controls that browsers lack or hide in a menu. */

import { h } from "./dom";
import { language, t } from "./language";
import { RATES } from "./player_keys";

/** Return the choice of the video's speed; it follows the video when a key changes the speed. */
export function speedControl(video: HTMLVideoElement): HTMLElement {
  const format = new Intl.NumberFormat(language);
  const options = RATES.map((rate) => h("option", { value: String(rate) }, `${format.format(rate)}×`));
  const select = h("select", { "aria-label": t("player.speed") }, ...options);
  select.value = "1";
  select.addEventListener("change", () => {
    video.playbackRate = Number(select.value);
  });
  video.addEventListener("ratechange", () => {
    select.value = String(video.playbackRate);
  });
  return h("label", { class: "quality", title: t("player.keys") }, h("span", {}, t("player.speed")), select);
}
