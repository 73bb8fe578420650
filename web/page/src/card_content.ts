/** The texts, buttons and notes of a card. */

import type { QueuePlace } from "./api_types";
import { h } from "./dom";
import { formatBytes, formatCount, formatDuration, formatRemaining } from "./format";
import { language, t } from "./language";
import type { ListItem, Stage, UploadState, View } from "./list_item";
import { jobErrorText, type TextKey, uploadErrorText, waitingText } from "./text";

export type Action = "pause" | "resume" | "retry" | "cancel" | "remove" | "copy";

/** Problems of the file itself, which a retry can't solve. */
const PERMANENT_PROBLEMS = ["empty", "unsupported_content_type", "upload_too_large"];

/** Return the name of the item's stage. */
export function stageText(item: ListItem, stage: Stage): string {
  if (item.isCanceling) return t("stage.canceling");
  const text = stage === "waiting" ? waitingFor(item.job?.queue ?? null) : t(`stage.${stage}`);
  return item.isInOtherTab ? t("stage.elsewhere", { stage: text }) : text;
}

function waitingFor(place: QueuePlace | null): string {
  return t(waitingText(place), {
    ahead: formatCount(place?.ahead ?? 0, language),
    time: formatRemaining(place?.eta_s ?? 0, language),
  });
}

/** Return the video's duration, picture size and file size, as far as they are known. */
export function metadataText(item: ListItem): string {
  const output = item.job?.output;
  const parts = [
    output?.duration_ms ? formatDuration(output.duration_ms) : null,
    output?.width_px && output.height_px ? `${output.width_px} × ${output.height_px}` : null,
    item.sizeBytes === null ? null : formatBytes(item.sizeBytes, language),
  ];
  return parts.filter(Boolean).join(" · ");
}

/** Return the sent part of the file, while it is uploaded. */
export function sentText(item: ListItem, view: View): string | null {
  if (!item.upload || item.sizeBytes === null || !["uploading", "paused", "offline"].includes(view.stage)) return null;
  const sent = formatBytes(Math.min(item.upload.sentBytes, item.sizeBytes), language);
  return t("bar.sent", { sent, total: formatBytes(item.sizeBytes, language) });
}

/** Return the buttons that the card shows. */
export function visibleButtons(item: ListItem, view: View): (Action | "play")[] {
  const link: Action[] = item.jobId === null ? [] : ["copy"];
  const playback: "play"[] = item.job?.output?.playback_url ? ["play"] : [];
  if (item.isInOtherTab || item.isCanceling) return link;
  switch (view.stage) {
    case "uploading":
      return ["pause", "cancel"];
    case "paused":
      return ["resume", "cancel"];
    case "queued":
    case "offline":
    case "finishing":
      return ["cancel"];
    case "interrupted":
      return ["resume", "cancel"];
    case "uploadFailed":
      return PERMANENT_PROBLEMS.includes(item.upload?.problem ?? "") ? ["remove"] : ["retry", "remove"];
    case "uploadCanceled":
      return ["retry", "remove"];
    case "waiting":
    case "probing":
    case "transcoding":
    case "saving":
      return [...link, ...(item.jobId === null ? [] : (["cancel"] as const))];
    case "complete":
      return [...playback, ...link, "remove"];
    case "failed":
    case "canceled":
      return [...(item.inputFile === null ? [] : (["retry"] as const)), ...link, "remove"];
    case "gone":
    case "loading":
      return ["remove"];
  }
}

/** Return the elements below the bar: the error, a hint, or the job's warnings. */
export function noteElements(item: ListItem, view: View): Node[] {
  const { job, upload } = item;
  if (view.stage === "uploadFailed") {
    return [problemElement(uploadErrorText(upload?.problem ?? "other"), apiErrorCode(upload))];
  }
  if (view.stage === "failed" && job?.error) {
    const { code, message } = job.error;
    return [problemElement(jobErrorText(code), String(code)), detailsElement(t("details"), [message])];
  }
  if (view.stage === "interrupted") return [h("p", {}, t("note.interrupted"))];
  if (view.stage === "gone") return [h("p", {}, t("note.gone"))];
  if (view.stage !== "complete" || !job) return [];
  // A warning's number means nothing to users without MediaConvert's message, so a warning without one is left out.
  const warnings = job.warnings.flatMap(({ code, message }) => (message ? [`${code} ${message}`] : []));
  return [
    ...(job.output?.playback_url ? [] : [h("p", {}, t("note.noPlayback"))]),
    ...(warnings.length > 0 ? [detailsElement(t("note.warnings"), warnings)] : []),
  ];
}

/** Return the API's error code; null for a problem that the page found itself. */
function apiErrorCode(upload: UploadState | null): string | null {
  const code = upload?.problem ?? null;
  return code === "empty" || code === "duplicate" || code === "network" ? null : code;
}

function problemElement(text: TextKey, code: string | null): HTMLElement {
  return h(
    "p",
    { class: "problem" },
    t(text),
    code === null ? null : h("span", { class: "code" }, t("code", { code })),
  );
}

function detailsElement(summary: string, lines: string[]): HTMLElement {
  return h("details", {}, h("summary", {}, summary), ...lines.map((line) => h("p", {}, line)));
}
