/** Registers `<video-player>`. */

import { define } from "../video_element.ts";
import { VideoPlayer } from "../video_player.ts";

define("video-player", VideoPlayer);

declare global {
  interface HTMLElementTagNameMap {
    "video-player": VideoPlayer;
  }
}
