/** Every state of every element, without a service: each source of videos is a constant. */

import { en, type Stage, type Video, VideoError, type Videos, type View } from "@mediaconvert-status/core";
import { ja } from "@mediaconvert-status/core/languages/ja";
import "@mediaconvert-status/elements/define";

const language = new URLSearchParams(location.search).get("language") === "ja" ? ja : en;
document.documentElement.lang = language.tag;

/** The two lengths of the bar, and the actions, of each stage. */
const STAGES: Record<Stage, [number, number, View["actions"]]> = {
  loading: [0, 0, ["remove"]],
  queued: [0, 0, ["pause", "cancel"]],
  uploading: [42, 0, ["pause", "cancel"]],
  pausing: [42, 0, ["resume", "cancel"]],
  paused: [42, 0, ["resume", "cancel"]],
  offline: [42, 0, ["retry", "cancel"]],
  finishing: [99, 0, ["cancel"]],
  interrupted: [42, 0, ["chooseFile", "cancel"]],
  uploadFailed: [42, 0, ["retry", "remove"]],
  uploadCanceled: [0, 0, ["retry", "remove"]],
  waiting: [100, 0, ["remove"]],
  probing: [100, 0, ["cancel"]],
  transcoding: [100, 42, ["cancel"]],
  saving: [100, 99, ["cancel"]],
  complete: [100, 100, ["remove"]],
  failed: [100, 42, ["retry", "remove"]],
  canceled: [100, 42, ["retry", "remove"]],
  gone: [0, 0, ["remove"]],
};

function videoIn(stage: Stage): Video {
  const [uploadPercent, transcodePercent, actions] = STAGES[stage];
  const isUploading = uploadPercent > 0 && uploadPercent < 100 && stage !== "finishing";
  const isRunning = stage === "transcoding" || stage === "saving";
  const percent = isRunning ? transcodePercent : isUploading ? uploadPercent : null;
  const stageWords = language.texts[`stage.${stage}`];
  const isFailed = stage === "failed" || stage === "uploadFailed";
  const error = isFailed ? new VideoError("network", language.texts["uploadError.network"]) : null;
  const words = { stageWords, timeWords: "", words: percent === null ? stageWords : `${stageWords} · ${percent}%` };
  const view = {
    stage,
    percent,
    uploadPercent,
    transcodePercent,
    etaS: null,
    staleForS: null,
    ...words,
    actions,
    error,
  };
  const facts = { inputFile: null, jobId: null, sizeBytes: 1_000, sentBytes: null, bytesPerS: null, job: null };
  return { id: stage, fileName: `${stage}.mp4`, isListed: true, isInOtherTab: false, ...facts, view };
}

const all = (Object.keys(STAGES) as Stage[]).map(videoIn);
const videos = {
  language,
  getSnapshot: () => all,
  subscribe: () => () => undefined,
  on: () => () => undefined,
  get: (id: string) => all.find((video) => video.id === id),
  watch: () => ({ id: "", stop: () => undefined }),
  add: () => [],
  act: async () => undefined,
} as unknown as Videos;

const app = document.querySelector("#app") as HTMLElement;
app.innerHTML = `
  <h1>video-upload</h1><video-upload multiple></video-upload>
  <h1>video-list</h1><video-list></video-list>
  <h1>video-progress</h1>
  ${all.map(({ id }) => `<video-progress video-id="${id}"></video-progress>`).join("")}`;
for (const element of app.querySelectorAll("video-upload, video-list, video-progress"))
  Object.assign(element, { videos });
