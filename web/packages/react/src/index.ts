"use client";
/** React hooks over `createVideos`, whose exports this package has too, so that an app names one package. */

import type { ProgressWatcher, Video, Videos } from "@mediaconvert-status/core";
import {
  createContext,
  createElement,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useState,
  useSyncExternalStore,
} from "react";

export * from "@mediaconvert-status/core";

const Context = createContext<ProgressWatcher | null>(null);

/** Give the videos to all components below. Create them once, outside of components: creating them does nothing. */
export function VideosProvider({ videos, children }: { videos: ProgressWatcher; children?: ReactNode }): ReactNode {
  return createElement(Context.Provider, { value: videos }, children);
}

const NONE: readonly Video[] = [];
const noVideos = (): readonly Video[] => NONE;
const noVideo = (): undefined => undefined;

/** Return the listed videos, newest first. The component is drawn again when one of them changes. */
export function useVideos(): readonly Video[] {
  const source = useSource();
  return useSyncExternalStore(source.subscribe, source.getSnapshot, noVideos);
}

/** Return what adds files and acts on videos; it stays the same object. */
export function useVideoActions(): Videos {
  return useSource() as Videos;
}

/** Return one video by its id; undefined before it is known, and on a server. */
export function useVideo(id: string | null): Video | undefined {
  const source = useSource();
  const read = useCallback(() => (id === null ? undefined : source.get(id)), [source, id]);
  return useSyncExternalStore(source.subscribe, read, noVideo);
}

/** Follow one file or job while the component is mounted. Unmounting stops no upload. */
export function useProgress(target: { inputFile: string } | { jobId: string }): Video | undefined {
  const source = useSource();
  const [id, setId] = useState<string | null>(null);
  const jobId = "jobId" in target ? target.jobId : null;
  const inputFile = "inputFile" in target ? target.inputFile : null;
  useEffect(() => {
    const watch = source.watch(jobId === null ? { inputFile: inputFile ?? "" } : { jobId });
    setId(watch.id);
    return watch.stop;
  }, [source, jobId, inputFile]);
  return useVideo(id);
}

function useSource(): ProgressWatcher {
  const source = useContext(Context);
  if (source === null) throw new Error("Put a <VideosProvider> around the components that use videos.");
  return source;
}

/** The context of `VideosProvider`, for the components in `@mediaconvert-status/react/elements`. */
export { Context as VideosContext };
