/** Registers all elements but `<video-player>`, whose import is `@mediaconvert-status/elements/define/video-player`. */

import "./video-list.ts";
import "./video-progress.ts";
import "./video-upload.ts";
