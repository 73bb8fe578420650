/** Reads a video's length from a local file. */

/** A browser that can't read the file in this time doesn't delay its upload any longer. */
const TIMEOUT_MS = 2_000;

/** Return the length; null if the browser can't play the file. */
export function readDurationMs(file: File): Promise<number | null> {
  const video = document.createElement("video");
  const url = URL.createObjectURL(file);
  video.preload = "metadata";
  video.muted = true;
  return new Promise<number | null>((resolve) => {
    const timer = setTimeout(() => resolve(null), TIMEOUT_MS);
    const settle = (durationMs: number | null): void => {
      clearTimeout(timer);
      resolve(durationMs);
    };
    video.addEventListener("loadedmetadata", () => {
      settle(Number.isFinite(video.duration) && video.duration > 0 ? Math.round(video.duration * 1_000) : null);
    });
    video.addEventListener("error", () => settle(null));
    video.src = url;
  }).finally(() => {
    video.removeAttribute("src");
    video.load();
    URL.revokeObjectURL(url);
  });
}
