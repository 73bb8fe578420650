import { createVideos, useProgress, useVideos, VideosProvider } from "@mediaconvert-status/react";
import { VideoProgress, VideoUpload } from "@mediaconvert-status/react/elements";
import { createElement, StrictMode } from "react";
import { renderToString } from "react-dom/server";
import { expect, test } from "vitest";

function List() {
  return createElement("p", {}, `${useVideos().length} videos`);
}

function Watched() {
  return createElement("p", {}, useProgress({ jobId: "1-a" })?.view.words ?? "not known yet");
}

test("hooks and elements are rendered on a server, and start nothing there", () => {
  const requests: unknown[] = [];
  const fetchNothing = (async (input: unknown) => requests.push(input)) as unknown as typeof fetch;
  const videos = createVideos({ apiBaseUrl: "https://api.test", fetch: fetchNothing });
  const children = [List, Watched].map((component) => createElement(component, { key: component.name }));
  const elements = [
    createElement(VideoProgress, { key: "progress", jobId: "1-a" }),
    createElement(VideoUpload, { key: "upload", multiple: true }),
  ];
  const app = createElement(VideosProvider, { videos }, ...children, ...elements);
  const html = renderToString(createElement(StrictMode, {}, app));
  expect(html).toContain("0 videos");
  expect(html).toContain("not known yet");
  expect(html).toContain('<video-progress job-id="1-a"></video-progress>');
  expect(html).toContain('<video-upload multiple=""></video-upload>');
  expect(requests).toEqual([]);
});

test("without a provider the error says what to do", () => {
  expect(() => renderToString(createElement(List))).toThrow("Put a <VideosProvider>");
});
