/** Upload videos and show one progress bar from the first byte to playing. No DOM: import it in any runtime. */

export { ACCEPT, checkFile, contentTypeOf } from "./acceptance.ts";
export type { GetToken } from "./api.ts";
export type {
  Job,
  JobStatus,
  Limits,
  Output,
  Phase,
  Progress,
  QueuePlace,
  UploadChanges,
  UploadList,
} from "./api_types.ts";
export { type ErrorCode, isVideoError, VideoError } from "./errors.ts";
export { formatBytes, formatCount, formatDuration, formatPercent, formatRemaining } from "./format.ts";
export type { Clock, Connection, KeyValueStore, PutPart } from "./host.ts";
export { en } from "./languages/en.ts";
export { createProgress, type ProgressWatcher } from "./progress.ts";
export type { ConnectionState, Video, VideoEvents } from "./store.ts";
export { deleteUpload, listUploads, type Requester, type UploadQuery, updateUpload } from "./uploads.ts";
export { type AddOptions, createVideos, type Videos, type VideosOptions } from "./videos.ts";
export { type Action, ENDED, type Stage, type View } from "./view.ts";
export { fillIn, type Language, type TextKey, textIn } from "./words.ts";
