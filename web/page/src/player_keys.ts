/** The keys of the player, as on the large video sites. Pure, except for the element that they change. */

export type PlayerCommand =
  | { kind: "seek"; byS: number }
  | { kind: "seekTo"; part: number }
  | { kind: "rate"; step: 1 | -1 }
  | { kind: "volume"; by: number }
  | { kind: "toggle"; what: "play" | "mute" | "fullscreen" | "pictureInPicture" };

const COMMANDS: Readonly<Record<string, PlayerCommand>> = {
  " ": { kind: "toggle", what: "play" },
  k: { kind: "toggle", what: "play" },
  m: { kind: "toggle", what: "mute" },
  f: { kind: "toggle", what: "fullscreen" },
  i: { kind: "toggle", what: "pictureInPicture" },
  j: { kind: "seek", byS: -10 },
  l: { kind: "seek", byS: 10 },
  ArrowLeft: { kind: "seek", byS: -5 },
  ArrowRight: { kind: "seek", byS: 5 },
  ArrowUp: { kind: "volume", by: 0.1 },
  ArrowDown: { kind: "volume", by: -0.1 },
  Home: { kind: "seekTo", part: 0 },
  End: { kind: "seekTo", part: 1 },
  "<": { kind: "rate", step: -1 },
  ">": { kind: "rate", step: 1 },
};

export const RATES = [0.5, 0.75, 1, 1.25, 1.5, 2] as const;

/** Return what the key does; null if it does nothing, or belongs to the browser. */
export function commandOf(event: Pick<KeyboardEvent, "key" | "ctrlKey" | "altKey" | "metaKey">): PlayerCommand | null {
  if (event.ctrlKey || event.altKey || event.metaKey) return null;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (/^[0-9]$/.test(key)) return { kind: "seekTo", part: Number(key) / 10 };
  return COMMANDS[key] ?? null;
}

/** Return the next faster or slower rate. */
export function nextRate(rate: number, step: 1 | -1): number {
  const nearest = RATES.reduce((best, each) => (Math.abs(each - rate) < Math.abs(best - rate) ? each : best));
  return RATES[Math.max(0, Math.min(RATES.length - 1, RATES.indexOf(nearest) + step))] as number;
}

/** Return the time to which the command moves; it stays within the video. */
export function seekTime(command: PlayerCommand, currentS: number, durationS: number): number | null {
  if (!Number.isFinite(durationS)) return null;
  if (command.kind === "seekTo") return command.part * durationS;
  return command.kind === "seek" ? Math.max(0, Math.min(durationS, currentS + command.byS)) : null;
}

/** Carry out a command on a video. */
export function perform(command: PlayerCommand, video: HTMLVideoElement): void {
  const timeS = seekTime(command, video.currentTime, video.duration);
  if (timeS !== null) video.currentTime = timeS;
  else if (command.kind === "rate") video.playbackRate = nextRate(video.playbackRate, command.step);
  else if (command.kind === "volume") video.volume = Math.max(0, Math.min(1, video.volume + command.by));
  else if (command.kind === "toggle") toggle(command.what, video);
}

function toggle(what: "play" | "mute" | "fullscreen" | "pictureInPicture", video: HTMLVideoElement): void {
  if (what === "mute") video.muted = !video.muted;
  else if (what === "play" && !video.paused) video.pause();
  else void change(what, video)?.catch(() => undefined); // browsers may refuse it
}

function change(
  what: "play" | "fullscreen" | "pictureInPicture",
  video: HTMLVideoElement,
): Promise<unknown> | undefined {
  if (what === "play") return video.play();
  if (what === "fullscreen") {
    return document.fullscreenElement ? document.exitFullscreen() : video.requestFullscreen?.();
  }
  if (!document.pictureInPictureEnabled) return undefined;
  return document.pictureInPictureElement ? document.exitPictureInPicture() : video.requestPictureInPicture();
}
