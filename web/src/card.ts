/** One file's card: made once, then changed in place, so that focus, players and screen readers keep their place. */

import { h, say, show } from "./dom";
import { formatBytes, formatDuration, formatPercent, formatRemaining } from "./format";
import { type IconName, icon } from "./icons";
import { type Item, type Stage, type Upload, type View, viewOf } from "./item";
import { language, t } from "./language";
import { Player } from "./player";
import { jobErrorText, type TextKey, uploadErrorText } from "./text";

export type Action = "pause" | "resume" | "retry" | "cancel" | "remove" | "copy";

export interface CardOptions {
  onAction: (action: Action) => void;
  /** Get leave to fetch the key of a job's video; whether it is guarded. */
  admit: (jobId: string) => Promise<boolean>;
}

const ACTIONS: Record<Action | "play", IconName> = {
  play: "play",
  pause: "pause",
  resume: "play",
  retry: "retry",
  copy: "link",
  cancel: "close",
  remove: "close",
};

const FINISHED: readonly Stage[] = ["complete", "failed", "canceled", "gone", "uploadCanceled", "uploadFailed"];

/** What another try with the same file doesn't mend. */
const HOPELESS = ["empty", "unsupported_content_type", "upload_too_large"];

let made = 0;

export class Card {
  readonly element: HTMLLIElement;
  readonly #options: CardOptions;
  readonly #name: HTMLElement;
  readonly #meta = h("p", { class: "meta" });
  readonly #stage = h("span", { class: "stage" });
  readonly #amount = h("span", { class: "amount" });
  readonly #note = h("div", { class: "note", hidden: true });
  readonly #bar: HTMLElement;
  readonly #upload = h("i");
  readonly #transcode = h("i");
  readonly #buttons = new Map<Action | "play", HTMLButtonElement>();
  readonly #body = h("div", { class: "body" });
  #player: Player | null = null;
  #item: Item | null = null;
  #noted = "";

  constructor(options: CardOptions) {
    this.#options = options;
    made += 1;
    this.#name = h("h2", { id: `card-${made}`, class: "name", tabindex: "-1" });
    this.#bar = h(
      "div",
      { class: "bar", role: "progressbar", "aria-valuemin": "0", "aria-valuemax": "100" },
      h("div", { class: "track upload" }, this.#upload),
      h("div", { class: "track transcode" }, this.#transcode),
    );
    const actions = h("div", { class: "actions" }, ...Object.keys(ACTIONS).map((each) => this.#button(each as Action)));
    this.element = h(
      "li",
      { class: "card" },
      h(
        "article",
        { "aria-labelledby": this.#name.id },
        h("div", { class: "head" }, h("div", { class: "title" }, this.#name, this.#meta), actions),
        this.#bar,
        h("div", { class: "state" }, this.#stage, this.#amount),
        this.#note,
        this.#body,
      ),
    );
  }

  /** Show the item as it is now. */
  update(item: Item): View {
    const view = viewOf(item);
    const previous = this.#item;
    this.#item = item;
    const file = item.fileName ?? item.jobId ?? "…";
    say(this.#name, file);
    this.#name.title = file;
    say(this.#meta, metaOf(item));
    this.element.dataset.stage = view.stage;
    this.element.dataset.job = item.jobId ?? "";
    this.#showBar(item, view, file);
    this.#showButtons(item, view, file);
    this.#showNote(item, view);
    if (this.#player && (view.stage !== "complete" || previous?.jobId !== item.jobId)) this.closePlayer();
    return view;
  }

  focus(): void {
    this.#name.focus();
  }

  get isPlaying(): boolean {
    return this.#player !== null;
  }

  openPlayer(shouldPlay: boolean): void {
    const output = this.#item?.job?.output;
    if (this.#player || !output?.playback_url) return;
    const label = t("player.label", { file: this.#item?.fileName ?? "" });
    const jobId = this.#item?.jobId ?? "";
    this.#player = new Player(output, { label, shouldPlay, admit: () => this.#options.admit(jobId) });
    this.#body.append(this.#player.element);
    if (this.#item) this.update(this.#item);
  }

  closePlayer(): void {
    this.#player?.close();
    this.#player = null;
    if (this.#item) this.update(this.#item);
  }

  #button(action: Action | "play"): HTMLButtonElement {
    const isMain = action === "play";
    const button = h("button", { type: "button", class: isMain ? "button main" : "icon-only", hidden: true });
    button.dataset.action = action;
    button.append(icon(ACTIONS[action]), ...(isMain ? [h("span", {}, t("action.play"))] : []));
    button.addEventListener("click", () => {
      if (action !== "play") this.#options.onAction(action);
      else if (this.#player) this.closePlayer();
      else this.openPlayer(true);
    });
    this.#buttons.set(action, button);
    return button;
  }

  #showBar(item: Item, view: View, file: string): void {
    const isKnown = view.percent !== null;
    const words = stageWords(item, view.stage);
    const percent = isKnown && !FINISHED.includes(view.stage) ? formatPercent(view.percent ?? 0, language) : null;
    const left = view.remainingS === null ? null : t("bar.left", { time: formatRemaining(view.remainingS, language) });
    this.#upload.style.setProperty("--filled", `${view.uploadPercent}%`);
    this.#transcode.style.setProperty("--filled", `${view.transcodePercent}%`);
    this.#bar.setAttribute("aria-label", t("bar.label", { file }));
    if (isKnown) this.#bar.setAttribute("aria-valuenow", String(view.percent));
    else this.#bar.removeAttribute("aria-valuenow");
    this.#bar.setAttribute("aria-valuetext", [words, percent, left].filter(Boolean).join(", "));
    this.element.classList.toggle(
      "is-unsure",
      !isKnown && ["waiting", "probing", "transcoding", "saving"].includes(view.stage),
    );
    this.element.classList.toggle("is-finishing", view.stage === "finishing");
    say(this.#stage, percent === null ? words : `${words} · ${percent}`);
    say(this.#amount, [sentWords(item, view), left].filter(Boolean).join(" · "));
  }

  #showButtons(item: Item, view: View, file: string): void {
    const shown = new Set(buttonsOf(item, view));
    for (const [action, button] of this.#buttons) {
      const words = t(action === "play" && this.#player ? "action.close" : `action.${action}`);
      const hadFocus = button === document.activeElement;
      button.setAttribute("aria-label", t("action.of", { action: words, file }));
      button.title = words;
      show(button, shown.has(action));
      if (hadFocus && button.hidden) this.#name.focus({ preventScroll: true });
    }
    const play = this.#buttons.get("play");
    const isOpen = this.#player !== null;
    if (!play || play.classList.contains("main") !== isOpen) return;
    play.classList.toggle("main", !isOpen);
    play.replaceChildren(icon(isOpen ? "up" : "play"), h("span", {}, t(isOpen ? "action.close" : "action.play")));
  }

  #showNote(item: Item, view: View): void {
    const signature = JSON.stringify([view.stage, item.job?.error, item.job?.warnings, item.upload?.problem]);
    if (signature === this.#noted) return;
    this.#noted = signature;
    const lines = noteOf(item, view);
    this.#note.replaceChildren(...lines);
    show(this.#note, lines.length > 0);
  }
}

/** What the stage is called. */
export function stageWords(item: Item, stage: Stage): string {
  if (item.isCanceling) return t("stage.canceling");
  const words = t(`stage.${stage}`);
  return item.isElsewhere ? t("stage.elsewhere", { stage: words }) : words;
}

function metaOf(item: Item): string {
  const output = item.job?.output;
  const facts = [
    output?.duration_ms ? formatDuration(output.duration_ms) : null,
    output?.width_px && output.height_px ? `${output.width_px} × ${output.height_px}` : null,
    item.sizeBytes === null ? null : formatBytes(item.sizeBytes, language),
  ];
  return facts.filter(Boolean).join(" · ");
}

function sentWords(item: Item, view: View): string | null {
  if (!item.upload || item.sizeBytes === null || !["uploading", "paused", "offline"].includes(view.stage)) return null;
  const sent = formatBytes(Math.min(item.upload.sentBytes, item.sizeBytes), language);
  return t("bar.sent", { sent, total: formatBytes(item.sizeBytes, language) });
}

function buttonsOf(item: Item, view: View): (Action | "play")[] {
  const link: Action[] = item.jobId === null ? [] : ["copy"];
  const playback: "play"[] = item.job?.output?.playback_url ? ["play"] : [];
  if (item.isElsewhere || item.isCanceling) return link;
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
      return HOPELESS.includes(item.upload?.problem ?? "") ? ["remove"] : ["retry", "remove"];
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

function noteOf(item: Item, view: View): Node[] {
  const { job, upload } = item;
  if (view.stage === "uploadFailed") return [problem(uploadErrorText(upload?.problem ?? "other"), codeOf(upload))];
  if (view.stage === "failed" && job?.error) {
    const { code, message } = job.error;
    return [problem(jobErrorText(code), String(code)), details(t("details"), [message])];
  }
  if (view.stage === "interrupted") return [h("p", {}, t("note.interrupted"))];
  if (view.stage === "gone") return [h("p", {}, t("note.gone"))];
  if (view.stage !== "complete" || !job) return [];
  // A number alone, without AWS's words for it, tells nobody anything.
  const warnings = job.warnings.flatMap(({ code, message }) => (message ? [`${code} ${message}`] : []));
  return [
    ...(job.output?.playback_url ? [] : [h("p", {}, t("note.noPlayback"))]),
    ...(warnings.length > 0 ? [details(t("note.warnings"), warnings)] : []),
  ];
}

/** The API's own code; what the page found itself has none. */
function codeOf(upload: Upload | null): string | null {
  const code = upload?.problem ?? null;
  return code === "empty" || code === "duplicate" || code === "network" ? null : code;
}

function problem(text: TextKey, code: string | null): HTMLElement {
  return h(
    "p",
    { class: "problem" },
    t(text),
    code === null ? null : h("span", { class: "code" }, t("code", { code })),
  );
}

function details(summary: string, lines: string[]): HTMLElement {
  return h("details", {}, h("summary", {}, summary), ...lines.map((line) => h("p", {}, line)));
}
