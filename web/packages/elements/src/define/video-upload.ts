/** Registers `<video-upload>`. */

import { define } from "../video_element.ts";
import { VideoUpload } from "../video_upload.ts";

define("video-upload", VideoUpload);

declare global {
  interface HTMLElementTagNameMap {
    "video-upload": VideoUpload;
  }
}
