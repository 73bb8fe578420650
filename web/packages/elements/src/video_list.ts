import { type Action, createVideos, type Stage, type Video, type Videos } from "@mediaconvert-status/core";
import { BAR_CSS, ProgressBar } from "./progress_bar.ts";
import { create, setText, VideoElement } from "./video_element.ts";

const CSS = `${BAR_CSS}
ul { display: grid; grid-template-columns: minmax(0, 1fr); gap: var(--video-gap, 12px); margin: 0; padding: 0; list-style: none; }
li { padding: 12px 14px; border: 1px solid var(--video-line, light-dark(#e3e3df, #2d3036)); border-radius: var(--video-radius, 14px); }
.head { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 12px; margin-block-end: 8px; }
.name { flex: 1; min-width: min(100%, 12em); font-weight: 600; overflow-wrap: anywhere; }
button {
  min-height: 36px; padding: 4px 10px; border: 0; border-radius: 8px; background: none; color: inherit; font: inherit;
  cursor: pointer; text-decoration: underline; text-underline-offset: 3px;
}
button:focus-visible, .name:focus-visible { outline: 2px solid var(--video-accent, light-dark(#3b5bdb, #8aa0ff)); }
.error { margin: 6px 0 0; color: var(--video-danger, light-dark(#b3261e, #ffb4ab)); overflow-wrap: anywhere; }
.error:empty { display: none; }
.status { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
`;

const ANNOUNCED: readonly Stage[] = ["complete", "failed", "canceled", "uploadFailed", "paused", "transcoding"];
/** `chooseFile` needs a file dialog: <video-upload> continues an interrupted upload if its file is chosen again. */
const ACTIONS: readonly Action[] = ["pause", "resume", "retry", "cancel", "remove"];

/**
 * The list of videos: name, progress, and a button for each action that is possible now.
 *
 * @attr {string} api-base-url - The service's URL, without `videos`.
 * @csspart list
 * @csspart item
 * @csspart name
 * @csspart button
 * @csspart error
 * @csspart bar
 * @csspart track
 * @csspart fill
 * @csspart words
 * @fires uploaded
 * @fires progress
 * @fires complete
 * @fires error
 */
export class VideoList extends VideoElement<Videos> {
  readonly #list = create("ul", { part: "list" });
  /** It is there before its text, or screen readers don't announce the first one. */
  readonly #status = create("div", { class: "status", role: "status" });
  readonly #rows = new Map<string, Row>();

  constructor() {
    super(CSS);
    this._root.append(this.#list, this.#status);
  }

  protected override _create(apiBaseUrl: string): Videos {
    return createVideos({ apiBaseUrl });
  }

  protected override _concerns(video: Video): boolean {
    return video.isListed;
  }

  protected override _draw(source: Videos): void {
    const videos = source.getSnapshot();
    this.#list.setAttribute("aria-label", this._text("list"));
    const ids = new Set(videos.map(({ id }) => id));
    for (const [id, row] of this.#rows) if (!ids.has(id)) this.#remove(id, row);
    for (const [index, video] of videos.entries()) {
      const row = this.#rows.get(video.id) ?? this.#add(video.id, source);
      if (this.#list.children[index] !== row.element) {
        this.#list.insertBefore(row.element, this.#list.children[index] ?? null);
      }
      if (row.update(video, (key, values) => this._text(key, values))) this.#announce(video);
    }
  }

  #announce({ fileName, view }: Video): void {
    if (ANNOUNCED.includes(view.stage)) setText(this.#status, `${fileName ?? ""}: ${view.stageWords}`);
  }

  #add(id: string, source: Videos): Row {
    // The view may have changed before the click; then there is nothing left to do.
    const row = new Row((action) => void source.act(id, action).catch(() => undefined));
    this.#rows.set(id, row);
    return row;
  }

  /** Remove a row; the focus moves from it to its neighbour. */
  #remove(id: string, row: Row): void {
    const hadFocus = row.element.contains(this._root.activeElement);
    const neighbour = row.element.nextElementSibling ?? row.element.previousElementSibling;
    row.element.remove();
    this.#rows.delete(id);
    if (hadFocus) neighbour?.querySelector<HTMLElement>(".name")?.focus();
  }
}

type Text = (key: string, values?: Readonly<Record<string, string>>) => string;

class Row {
  readonly element: HTMLLIElement;
  readonly #name = create("span", { class: "name", part: "name", dir: "auto", tabindex: "-1" });
  readonly #bar = new ProgressBar();
  readonly #error = create("p", { class: "error", part: "error" });
  readonly #buttons: ReadonlyMap<Action, HTMLButtonElement>;
  #video: Video | null = null;

  constructor(onAction: (action: Action) => void) {
    this.#buttons = new Map(
      ACTIONS.map((action) => {
        const button = create("button", { type: "button", part: "button", "data-action": action });
        button.addEventListener("click", () => onAction(action));
        return [action, button];
      }),
    );
    const head = create("div", { class: "head" }, this.#name, ...this.#buttons.values());
    this.element = create("li", { part: "item" }, head, this.#bar.element, this.#error);
  }

  /** Show the video; return whether its stage changed. */
  update(video: Video, text: Text): boolean {
    const previous = this.#video;
    if (previous === video) return false;
    this.#video = video;
    const file = video.fileName ?? video.jobId ?? "";
    setText(this.#name, file);
    this.#bar.update(video, text("bar.label", { file }));
    setText(this.#error, video.view.error?.message ?? "");
    for (const [action, button] of this.#buttons) {
      const words = text(`action.${action}`);
      const hadFocus = button.matches(":focus");
      setText(button, words);
      button.setAttribute("aria-label", text("action.of", { action: words, file }));
      button.hidden = !video.view.actions.includes(action);
      if (hadFocus && button.hidden) this.#name.focus();
    }
    return previous !== null && previous.view.stage !== video.view.stage && previous.view.stage !== "loading";
  }
}
