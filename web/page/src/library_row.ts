/** A row of the library: one video that the service keeps, its name as a link, and its buttons. */

import { formatDuration, type TextKey } from "@mediaconvert-status/core";
import { h, setText, setVisible } from "./dom";
import { language, t } from "./language";
import { type KeptVideo, nameOf } from "./library_list";

export interface LibraryRowOptions {
  /** Rename the video; rejects with the reason if that fails. */
  onRename: (name: string) => Promise<void>;
  onDelete: () => void;
  onUndo: () => void;
  /** Request the cookies that a job's files need; return whether the API requires them. */
  authorizePlayback: (jobId: string) => Promise<boolean>;
}

const STATUS_TEXTS: Record<KeptVideo["status"], TextKey | "library.notUploaded"> = {
  AWAITING_UPLOAD: "library.notUploaded",
  QUEUED: "stage.waiting",
  SUBMITTED: "stage.waiting",
  PROGRESSING: "stage.transcoding",
  COMPLETE: "stage.complete",
  ERROR: "stage.failed",
  CANCELED: "stage.canceled",
};
/** The longest name that the API accepts. */
const MAX_NAME_LENGTH = 1024;

let rowCount = 0;

export class LibraryRow {
  readonly element: HTMLLIElement;
  readonly #options: LibraryRowOptions;
  readonly #name: HTMLElement;
  readonly #facts = h("p", { class: "meta" });
  readonly #problem = h("p", { class: "problem", role: "alert", hidden: true });
  readonly #picture = h("img", { class: "picture", alt: "", loading: "lazy", hidden: true });
  readonly #rename: HTMLButtonElement;
  readonly #delete: HTMLButtonElement;
  readonly #undo: HTMLButtonElement;
  readonly #title: HTMLElement;
  readonly #deleted: HTMLElement;
  readonly #actions: HTMLElement;
  readonly #undoActions: HTMLElement;
  #video: KeptVideo;
  #words: string | null = null;
  #pictureUrl: string | null = null;
  #triedPictureUrl: string | null = null;
  #form: HTMLFormElement | null = null;
  #isDeleting = false;

  constructor(video: KeptVideo, options: LibraryRowOptions) {
    this.#options = options;
    this.#video = video;
    rowCount += 1;
    const button = (text: string, onclick: () => void): HTMLButtonElement =>
      h("button", { type: "button", class: "button quiet", onclick }, text);
    this.#name = h("h3", { id: `kept-${rowCount}`, class: "name", dir: "auto" });
    this.#deleted = h("p", { class: "deleted", dir: "auto", hidden: true });
    this.#rename = button(t("library.rename"), () => this.#openForm());
    this.#delete = button(t("library.delete"), options.onDelete);
    this.#undo = button(t("action.undo"), options.onUndo);
    this.#title = h("div", { class: "title" }, this.#name, this.#facts, this.#deleted);
    this.#actions = h("div", { class: "actions" }, this.#rename, this.#delete);
    this.#undoActions = h("div", { class: "actions", hidden: true }, this.#undo);
    this.#picture.addEventListener("error", () => void this.#onPictureError());
    const frame = h("div", { class: "kept-picture" }, this.#picture);
    const head = h("div", { class: "kept-head" }, frame, this.#title, this.#actions, this.#undoActions);
    this.element = h("li", { class: "kept", "aria-labelledby": this.#name.id }, head, this.#problem);
    this.update(video, null);
  }

  get video(): KeptVideo {
    return this.#video;
  }

  /** Show the video; `words` is what is known of its progress, if that is newer than the list. */
  update(video: KeptVideo, words: string | null): void {
    const isSame = video === this.#video && words === this.#words;
    if (isSame && this.#name.hasChildNodes()) return;
    this.#video = video;
    this.#words = words;
    const name = nameOf(video);
    const link = this.#name.firstElementChild;
    const href = video.job_id === null ? null : `#/job/${video.job_id}`;
    if (link?.getAttribute("href") === href && link) setText(link, name);
    else this.#name.replaceChildren(href === null ? h("span", {}, name) : h("a", { href }, name));
    this.#name.title = name;
    setText(this.#facts, factsOf(video, words));
    setText(this.#deleted, t("library.deleted", { file: name }));
    for (const [button, text] of [
      [this.#rename, "library.rename"],
      [this.#delete, "library.delete"],
      [this.#undo, "action.undo"],
    ] as const) {
      button.setAttribute("aria-label", t("action.of", { action: t(text), file: name }));
    }
    this.#showPicture(video.output?.poster_url ?? null);
  }

  /** Show that the video will be deleted, with a button to undo that, or the video again. */
  setDeleting(isDeleting: boolean): void {
    if (this.#isDeleting === isDeleting) return;
    const hadFocus = this.element.contains(document.activeElement);
    this.#isDeleting = isDeleting;
    this.element.classList.toggle("is-deleting", isDeleting);
    for (const each of [this.#name, this.#facts, this.#actions]) setVisible(each, !isDeleting);
    for (const each of [this.#deleted, this.#undoActions]) setVisible(each, isDeleting);
    if (isDeleting) this.showProblem(null);
    if (hadFocus) (isDeleting ? this.#undo : this.#delete).focus();
  }

  showProblem(text: string | null): void {
    setText(this.#problem, text ?? "");
    setVisible(this.#problem, text !== null);
  }

  focus(): void {
    (this.#isDeleting ? this.#undo : (this.#name.querySelector("a") ?? this.#rename)).focus();
  }

  #openForm(): void {
    const label = t("library.newName", { file: nameOf(this.#video) });
    const input = h("input", { type: "text", "aria-label": label, maxlength: String(MAX_NAME_LENGTH), dir: "auto" });
    input.value = nameOf(this.#video);
    const cancel = h("button", { type: "button", class: "button quiet" }, t("library.cancel"));
    const save = h("button", { class: "button" }, t("library.save"));
    const form = h("form", { class: "rename" }, input, save, cancel);
    cancel.addEventListener("click", () => this.#closeForm());
    form.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.#closeForm();
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#save(input);
    });
    this.#form = form;
    for (const each of [this.#title, this.#actions]) setVisible(each, false);
    this.#title.after(form);
    input.focus();
    // The suffix usually stays.
    const end = input.value.lastIndexOf(".");
    input.setSelectionRange(0, end > 0 ? end : input.value.length);
  }

  async #save(input: HTMLInputElement): Promise<void> {
    const name = input.value.trim();
    if (input.readOnly) return; // it is being saved
    if (name === "" || name === nameOf(this.#video)) return this.#closeForm();
    input.readOnly = true;
    try {
      await this.#options.onRename(name);
      this.#closeForm();
    } catch (error) {
      input.readOnly = false;
      this.showProblem(error instanceof Error ? error.message : String(error));
    }
  }

  #closeForm(): void {
    const hadFocus = this.#form?.contains(document.activeElement) ?? false;
    this.#form?.remove();
    this.#form = null;
    this.showProblem(null);
    for (const each of [this.#title, this.#actions]) setVisible(each, true);
    if (hadFocus) this.#rename.focus();
  }

  #showPicture(url: string | null): void {
    if (url === this.#pictureUrl) return;
    this.#pictureUrl = url;
    setVisible(this.#picture, url !== null);
    if (url !== null) this.#picture.src = url;
  }

  /** A guarded picture needs the cookies of its job; request them once. */
  async #onPictureError(): Promise<void> {
    const [url, jobId] = [this.#pictureUrl, this.#video.job_id];
    setVisible(this.#picture, false);
    if (url === null || url === this.#triedPictureUrl || jobId === null) return;
    this.#triedPictureUrl = url;
    if (!(await this.#options.authorizePlayback(jobId)) || this.#pictureUrl !== url) return;
    this.#picture.src = url;
    setVisible(this.#picture, true);
  }
}

const dates = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });

function factsOf({ submitted_at, output, external_id, status }: KeptVideo, words: string | null): string {
  const facts = [
    words ?? t(STATUS_TEXTS[status]),
    submitted_at === null ? null : dates.format(new Date(submitted_at)),
    output?.duration_ms ? formatDuration(output.duration_ms) : null,
    external_id,
  ];
  return facts.filter(Boolean).join(" · ");
}
