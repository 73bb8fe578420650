/** The classes of all elements. This module registers none: import `@mediaconvert-status/elements/define`. */

export { filesOf, type TakenFiles, videosOf } from "./dropped_files.ts";
export { define, type Labels, VideoElement, VideoEvent } from "./video_element.ts";
export { VideoList } from "./video_list.ts";
export { VideoPlayer } from "./video_player.ts";
export { VideoProgress } from "./video_progress.ts";
export { VideoUpload } from "./video_upload.ts";
