/** The texts, buttons and notes of a card. */

import { formatBytes, formatDuration, type Video, type Action as VideoAction } from "@mediaconvert-status/core";
import { h } from "./dom";
import { language, t } from "./language";

/** The actions of a video, and those of the page alone. */
export type Action = VideoAction | "play" | "copy";

/** Return the video's duration, picture size and file size, as far as they are known. */
export function metadataText({ job, sizeBytes }: Video): string {
  const output = job?.output;
  const parts = [
    output?.duration_ms ? formatDuration(output.duration_ms) : null,
    output?.width_px && output.height_px ? `${output.width_px} × ${output.height_px}` : null,
    sizeBytes === null ? null : formatBytes(sizeBytes, language),
  ];
  // A line ends between the facts, not within "77.6 kB".
  return parts.flatMap((part) => (part ? [part.replaceAll(" ", "\u00a0")] : [])).join(" · ");
}

/** Return the sent part of the file while it is uploaded, and the time left or the time without news. */
export function amountText({ view, sentBytes, sizeBytes }: Video): string {
  const isUpload = ["uploading", "pausing", "paused", "offline"].includes(view.stage);
  const sent = isUpload && sentBytes !== null && sizeBytes !== null ? sentText(sentBytes, sizeBytes) : "";
  return [sent, view.timeWords].filter(Boolean).join(" · ");
}

function sentText(sentBytes: number, sizeBytes: number): string {
  const sent = formatBytes(Math.min(sentBytes, sizeBytes), language);
  return t("bar.sent", { sent, total: formatBytes(sizeBytes, language) });
}

/** Return the buttons that the card shows. */
export function visibleActions({ view, jobId, job }: Video): ReadonlySet<Action> {
  const playback: Action[] = view.stage === "complete" && job?.output?.playback_url ? ["play"] : [];
  return new Set([...view.actions, ...playback, ...(jobId === null ? [] : (["copy"] as const))]);
}

/** Return whether the file is uploaded, so that only its job can be canceled. */
function isUploadOver({ jobId, job }: Video): boolean {
  return jobId !== null || job?.status === "QUEUED";
}

/** Return the text of a button: "Cancel" alone doesn't say whether it cancels the upload or the job. */
export function actionText(action: Action, video: Video): string {
  if (action === "cancel") return t(isUploadOver(video) ? "action.cancelJob" : "action.cancelUpload");
  return t(`action.${action}`);
}

/** Return the question before an action that can't be undone; null if it has no effect to lose. */
export function questionBefore(action: Action, video: Video): string | null {
  if (action !== "cancel") return null;
  const { sentBytes, fileName, view } = video;
  const file = fileName ?? "";
  if (isUploadOver(video)) return t("confirm.cancelJob", { file });
  return (sentBytes ?? 0) > 0 || view.uploadPercent > 0 ? t("confirm.cancelUpload", { file }) : null;
}

/** Return the elements below the bar: the error, a hint, or the job's warnings if the view is of this job alone. */
export function noteElements({ view, job }: Video, isAlone: boolean): Node[] {
  if (view.stage === "uploadFailed" && view.error)
    return [problemElement(view.error.message, apiCode(view.error.code))];
  if (view.stage === "failed" && view.error) {
    const details = job?.error ? [detailsElement(t("details"), [job.error.message])] : [];
    return [problemElement(view.error.message, String(job?.error?.code ?? "")), ...details];
  }
  if (view.stage === "interrupted") return [h("p", {}, t("note.interrupted"))];
  if (view.stage === "gone") return [h("p", {}, t("note.gone"))];
  if (view.stage !== "complete" || !job) return [];
  // A warning's number means nothing to users without MediaConvert's message, so a warning without one is left out.
  const warnings = job.warnings.flatMap(({ code, message }) => (message ? [`${code} ${message}`] : []));
  return [
    ...(job.output?.playback_url ? [] : [h("p", {}, t("note.noPlayback"))]),
    ...(warnings.length > 0 && isAlone ? [detailsElement(t("note.warnings"), warnings)] : []),
  ];
}

/** Return the API's error code; null for a problem that the page found itself. */
function apiCode(code: string): string | null {
  return code === "empty" || code === "network" ? null : code;
}

function problemElement(text: string, code: string | null): HTMLElement {
  return h("p", { class: "problem" }, text, code ? h("span", { class: "code" }, t("code", { code })) : null);
}

function detailsElement(summary: string, lines: string[]): HTMLElement {
  return h("details", {}, h("summary", {}, summary), ...lines.map((line) => h("p", {}, line)));
}
