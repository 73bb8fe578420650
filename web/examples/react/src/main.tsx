import { createVideos, useVideoActions, useVideos, VideosProvider } from "@mediaconvert-status/react";
import { VideoPlayer, VideoProgress } from "@mediaconvert-status/react/elements";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

const videos = createVideos({ apiBaseUrl: location.origin });

function Upload() {
  const { add, act } = useVideoActions();
  return (
    <>
      <label>
        Choose videos <input type="file" multiple onChange={(event) => add(event.target.files ?? [])} />
      </label>
      <ul>
        {useVideos().map(({ id, fileName, jobId, view }) => (
          <li key={id} data-stage={view.stage}>
            <strong>{fileName}</strong>
            <VideoProgress videoId={id} />
            {view.actions.map((action) => (
              <button key={action} type="button" onClick={() => act(id, action)}>
                {action}
              </button>
            ))}
            {view.stage === "complete" && jobId && <VideoPlayer jobId={jobId} />}
          </li>
        ))}
      </ul>
    </>
  );
}

createRoot(document.querySelector("#app") as HTMLElement).render(
  <StrictMode>
    <h1>React</h1>
    <VideosProvider videos={videos}>
      <Upload />
    </VideosProvider>
  </StrictMode>,
);
