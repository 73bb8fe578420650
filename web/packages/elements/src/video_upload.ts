import { ACCEPT, createVideos, ENDED, type Video, type Videos } from "@mediaconvert-status/core";
import { filesOf } from "./dropped_files.ts";
import { create, setText, VideoElement } from "./video_element.ts";

const CSS = `
:host { display: block; }
:host([hidden]) { display: none; }
.zone {
  display: grid;
  justify-items: center;
  gap: 0.5em;
  padding: 1.5em;
  border: 1.5px dashed var(--video-line, light-dark(#8d8f98, #6b707b));
  border-radius: var(--video-radius, 14px);
  text-align: center;
}
.over { border-color: var(--video-accent, light-dark(#3b5bdb, #8aa0ff)); }
button {
  min-height: 44px;
  padding: 0.5em 1.125em;
  border: 0;
  border-radius: var(--video-radius, 10px);
  background: var(--video-accent, light-dark(#3b5bdb, #8aa0ff));
  color: var(--video-on-accent, light-dark(#ffffff, #10131f));
  font: inherit;
  cursor: pointer;
}
button:disabled { opacity: 0.5; cursor: default; }
button:focus-visible { outline: 2px solid currentColor; outline-offset: 2px; }
input { display: none; }
@media (hover: none) and (pointer: coarse) { .drop { display: none; } }
`;

/**
 * Chooses files, and uploads them. In a form its value is the input file of each uploaded file.
 *
 * Files can be dropped too; of a dropped folder, the videos are uploaded.
 *
 * The element is invalid while it uploads, so that a form isn't sent too early.
 *
 * @attr {string} name - The name of the value in its form.
 * @attr {boolean} multiple - Accept several files.
 * @attr {boolean} required - Invalid without an uploaded file.
 * @attr {boolean} disabled
 * @attr {string} profile - One of the deployment's profiles, which decides what is made of the files.
 * @attr {string} accept - What the file dialog offers; by default videos, and with a profile also audio files.
 * @attr {string} api-base-url - The service's URL, without `videos`.
 * @slot - The content of the button.
 * @csspart zone
 * @csspart button
 * @csspart drop
 * @fires uploaded
 * @fires progress
 * @fires complete
 * @fires error
 */
export class VideoUpload extends VideoElement<Videos> {
  static readonly formAssociated = true;
  static override readonly observedAttributes = [
    "accept",
    "api-base-url",
    "disabled",
    "multiple",
    "profile",
    "required",
  ];
  readonly #button = create("button", { type: "button", part: "button" });
  readonly #caption = create("slot");
  readonly #drop = create("span", { class: "drop", part: "drop" });
  readonly #input = create("input", { type: "file", tabindex: "-1" });
  readonly #zone: HTMLElement;
  #ids: readonly string[] = [];

  constructor() {
    super(CSS);
    this.#button.append(this.#caption);
    this.#zone = create("div", { class: "zone", part: "zone" }, this.#button, this.#drop, this.#input);
    this._root.append(this.#zone);
  }

  /** The ids of the videos that this element added. */
  get videoIds(): readonly string[] {
    return this.#ids;
  }

  /** The input files of the uploaded videos. */
  get value(): readonly string[] {
    return this.#videos().flatMap((video) => (isUploaded(video) && video.inputFile ? [video.inputFile] : []));
  }

  get form(): HTMLFormElement | null {
    return this._internals.form;
  }

  /** Upload these files, as if the user had chosen them. */
  add(files: Iterable<File>): readonly string[] {
    const all = [...files];
    const profile = this.getAttribute("profile") ?? undefined;
    const added = this._source?.add(this.hasAttribute("multiple") ? all : all.slice(0, 1), { profile }) ?? [];
    this.#ids = this.hasAttribute("multiple") ? [...new Set([...this.#ids, ...added])] : added;
    if (this._source) this._draw();
    return added;
  }

  formResetCallback(): void {
    this.#ids = [];
    if (this._source) this._draw();
  }

  formDisabledCallback(isDisabled: boolean): void {
    this.#button.disabled = isDisabled;
  }

  protected override _create(apiBaseUrl: string): Videos {
    return createVideos({ apiBaseUrl });
  }

  protected override _concerns(video: Video): boolean {
    return this.#ids.includes(video.id);
  }

  protected override _open(_: Videos, signal: AbortSignal): void {
    const on = (target: EventTarget, name: string, listener: (event: never) => void): void =>
      target.addEventListener(name, listener as EventListener, { signal });
    on(this.#button, "click", () => this.#input.click());
    on(this.#input, "change", () => {
      this.add(this.#input.files ?? []);
      this.#input.value = "";
    });
    on(this.#zone, "dragover", (event: DragEvent) => this.#onDrag(event, true));
    on(this.#zone, "dragleave", (event: DragEvent) => this.#onDrag(event, false));
    on(this.#zone, "drop", (event: DragEvent) => {
      this.#onDrag(event, false);
      if (!this.#button.disabled) void this.#addDropped(event.dataTransfer);
    });
  }

  protected override _draw(): void {
    setText(this.#caption, this._text("choose"));
    setText(this.#drop, this._text("drop"));
    const isOfProfile = this.hasAttribute("profile");
    this.#input.accept = this.getAttribute("accept") ?? (isOfProfile ? `${ACCEPT},audio/*` : ACCEPT);
    this.#input.multiple = this.hasAttribute("multiple");
    this.#button.disabled = this.hasAttribute("disabled");
    this.#updateForm();
  }

  async #addDropped(transfer: DataTransfer | null): Promise<void> {
    this.add((await filesOf(transfer, this.hasAttribute("profile"))).files);
  }

  #onDrag(event: DragEvent, isOver: boolean): void {
    event.preventDefault();
    this.#zone.classList.toggle("over", isOver);
  }

  #videos(): readonly Video[] {
    return this.#ids.flatMap((id) => this._source?.get(id) ?? []);
  }

  #updateForm(): void {
    const name = this.getAttribute("name");
    const data = new FormData();
    for (const inputFile of this.value) if (name) data.append(name, inputFile);
    this._internals.setFormValue(data);
    const waiting = this.#videos().find((video) => !isUploaded(video) && !ENDED.has(video.view.stage));
    const isMissing = this.hasAttribute("required") && this.value.length === 0;
    this._setState(waiting ? "uploading" : null);
    if (waiting) this._internals.setValidity({ customError: true }, waiting.view.words, this.#button);
    else if (isMissing) this._internals.setValidity({ valueMissing: true }, this._text("choose"), this.#button);
    else this._internals.setValidity({});
  }
}

function isUploaded({ view }: Video): boolean {
  return view.uploadPercent === 100;
}
