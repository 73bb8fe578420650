"use client";
/** The custom elements as React components. Events are attached by a ref: React calls no `onComplete` of an element. */

import type { VideoElement, VideoEvent } from "@mediaconvert-status/elements";
import { createElement, type ReactNode, useContext, useEffect, useRef } from "react";
import { VideosContext } from "./index.ts";

export interface VideoElementProps {
  onUploaded?: (event: VideoEvent) => void;
  onProgress?: (event: VideoEvent) => void;
  onComplete?: (event: VideoEvent) => void;
  onError?: (event: VideoEvent) => void;
  className?: string;
  labels?: Readonly<Record<string, string>>;
  children?: ReactNode;
}

export interface VideoProgressProps extends VideoElementProps {
  inputFile?: string;
  jobId?: string;
  videoId?: string;
}

export interface VideoUploadProps extends VideoElementProps {
  name?: string;
  multiple?: boolean;
  required?: boolean;
  disabled?: boolean;
  profile?: string;
  accept?: string;
}

export interface VideoPlayerProps extends VideoElementProps {
  inputFile?: string;
  jobId?: string;
  autoplay?: boolean;
}

/** The progress of one file or job. */
export function VideoProgress({ inputFile, jobId, videoId, ...props }: VideoProgressProps): ReactNode {
  const attributes = { "input-file": inputFile, "job-id": jobId, "video-id": videoId };
  return useElement(
    "video-progress",
    props,
    attributes,
    () => import("@mediaconvert-status/elements/define/video-progress"),
  );
}

/** Chooses files, and uploads them; its value in a form is the input file. */
export function VideoUpload(allProps: VideoUploadProps): ReactNode {
  const { name, multiple, required, disabled, profile, accept, ...props } = allProps;
  const flags = { multiple: flag(multiple), required: flag(required), disabled: flag(disabled) };
  const attributes = { name, profile, accept, ...flags };
  return useElement(
    "video-upload",
    props,
    attributes,
    () => import("@mediaconvert-status/elements/define/video-upload"),
  );
}

/** The list of videos, with a button for each action. */
export function VideoList(props: VideoElementProps): ReactNode {
  return useElement("video-list", props, {}, () => import("@mediaconvert-status/elements/define/video-list"));
}

/** Plays a job's video. */
export function VideoPlayer({ inputFile, jobId, autoplay, ...props }: VideoPlayerProps): ReactNode {
  const attributes = { "input-file": inputFile, "job-id": jobId, autoplay: flag(autoplay) };
  return useElement(
    "video-player",
    props,
    attributes,
    () => import("@mediaconvert-status/elements/define/video-player"),
  );
}

type Attributes = Readonly<Record<string, string | undefined>>;

function useElement(
  tag: string,
  props: VideoElementProps,
  attributes: Attributes,
  load: () => Promise<unknown>,
): ReactNode {
  const ref = useRef<VideoElement<never> | null>(null);
  const source = useContext(VideosContext);
  const latest = useRef(props);
  const { labels, className, children } = props;
  useEffect(() => {
    latest.current = props;
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the import is the same each time, and needed once
  useEffect(() => void load(), []);
  useEffect(() => {
    if (ref.current) Object.assign(ref.current, { videos: source, ...(labels ? { labels } : {}) });
  }, [source, labels]);
  useEffect(() => {
    const element = ref.current;
    const end = new AbortController();
    for (const name of ["uploaded", "progress", "complete", "error"] as const) {
      const handler = `on${name[0]?.toUpperCase()}${name.slice(1)}` as "onUploaded";
      element?.addEventListener(name, (event) => latest.current[handler]?.(event as unknown as VideoEvent), end);
    }
    return () => end.abort();
  }, []);
  return createElement(tag, { ref, class: className, ...attributes }, children);
}

function flag(isSet: boolean | undefined): string | undefined {
  return isSet ? "" : undefined;
}
