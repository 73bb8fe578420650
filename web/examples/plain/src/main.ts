import { createVideos } from "@mediaconvert-status/core";
import "@mediaconvert-status/elements/define";

const videos = createVideos({ apiBaseUrl: location.origin });
const app = document.querySelector("#app") as HTMLElement;
app.innerHTML = `<h1>Plain</h1><video-upload multiple></video-upload><video-list></video-list>`;
for (const element of app.querySelectorAll("video-upload, video-list")) Object.assign(element, { videos });

// The player is loaded when the first video is ready.
videos.on("complete", async ({ video }) => {
  await import("@mediaconvert-status/elements/define/video-player");
  const player = document.createElement("video-player");
  player.videos = videos;
  player.setAttribute("job-id", video.jobId ?? "");
  app.append(player);
});
