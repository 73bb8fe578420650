/** Registers `<video-progress>`. */

import { define } from "../video_element.ts";
import { VideoProgress } from "../video_progress.ts";

define("video-progress", VideoProgress);

declare global {
  interface HTMLElementTagNameMap {
    "video-progress": VideoProgress;
  }
}
