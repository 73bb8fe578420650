/** Registers `<video-list>`. */

import { define } from "../video_element.ts";
import { VideoList } from "../video_list.ts";

define("video-list", VideoList);

declare global {
  interface HTMLElementTagNameMap {
    "video-list": VideoList;
  }
}
