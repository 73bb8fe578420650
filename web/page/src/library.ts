/** The library: all videos that the service keeps for the caller, below the files of this browser. Loaded with a token. */

import "./library.css";
import { deleteUpload, ENDED, isVideoError, listUploads, updateUpload, type Videos } from "@mediaconvert-status/core";
import { DelayedDeletions } from "./delayed_deletions";
import { h, setText, setVisible } from "./dom";
import { t } from "./language";
import {
  type KeptVideo,
  type LibraryList,
  nameOf,
  search,
  withChanged,
  withFirstPage,
  withNextPage,
  without,
} from "./library_list";
import { LibraryRows } from "./library_rows";
import { LiveWords } from "./live_words";

export interface LibraryOptions {
  videos: Videos;
  undoMs: number;
  /** Announce a text to screen readers only. */
  announce: (text: string) => void;
  /** A video was deleted. */
  onDeleted: (inputFile: string) => void;
}

/** The time without a key after which the API is searched. */
const SEARCH_MS = 300;
/** The longest external id. */
const MAX_SEARCH_LENGTH = 255;

export class Library {
  readonly element: HTMLElement;
  readonly #options: LibraryOptions;
  readonly #message = h("p", { class: "library-message", role: "status" });
  readonly #retry = h("button", { type: "button", class: "button", hidden: true }, t("action.retry"));
  readonly #more = h("button", { type: "button", class: "button", hidden: true }, t("library.more"));
  readonly #search = h("input", {
    type: "search",
    placeholder: t("library.search"),
    "aria-label": t("library.search"),
  });
  readonly #searchRow: HTMLElement;
  readonly #rows: LibraryRows;
  readonly #deletions: DelayedDeletions;
  readonly #words: LiveWords;
  #loaded: LibraryList | null = null;
  #found: { text: string; videos: readonly KeptVideo[] } = { text: "", videos: [] };
  #problem: string | null = null;
  #isLoading = false;
  #searchTimer: ReturnType<typeof setTimeout> | undefined;
  /** The files of the cards above to which something still happens: their cards show them. */
  #active: ReadonlySet<string> = new Set();
  readonly #deleted = new Set<string>();

  constructor(options: LibraryOptions) {
    this.#options = options;
    this.#words = new LiveWords(options.videos);
    this.#deletions = new DelayedDeletions({
      undoMs: options.undoMs,
      onDue: (inputFile) => void this.#delete(inputFile),
    });
    this.#rows = new LibraryRows({
      onRename: (inputFile, name) => this.#rename(inputFile, name),
      onDelete: (inputFile) => this.#deleteLater(inputFile),
      onUndo: (inputFile) => this.#undo(inputFile),
      isDeleting: (inputFile) => this.#deletions.has(inputFile),
      wordsOf: (video) => this.#words.of(video),
      authorizePlayback: options.videos.authorizePlayback,
      onEmpty: () => this.element.querySelector("h2")?.focus(),
    });
    this.#search.maxLength = MAX_SEARCH_LENGTH;
    this.#search.addEventListener("input", () => this.#onSearch());
    this.#retry.addEventListener("click", () => void this.#readAgain());
    this.#more.addEventListener("click", () => void this.#showMore());
    this.#searchRow = h("search", { class: "library-search", hidden: true }, this.#search);
    const title = h("h2", { id: "library-title", tabindex: "-1" }, t("library.title"));
    const head = h("div", { class: "library-head" }, title, this.#searchRow);
    const foot = h("div", { class: "library-foot" }, this.#message, this.#retry, this.#more);
    this.element = h("section", { class: "library", "aria-labelledby": title.id }, head, this.#rows.element, foot);
    void this.refresh();
  }

  /** Read the newest videos, for example because one was uploaded. */
  async refresh(): Promise<void> {
    await this.#load(async () => {
      const page = await listUploads(this.#options.videos);
      this.#loaded = withFirstPage(this.#loaded ?? { videos: [], cursor: null }, page);
    });
  }

  /** Read the list if that failed before, for example because the user has signed in now. */
  retry(): void {
    if (this.#problem !== null) void this.refresh();
  }

  async #readAgain(): Promise<void> {
    await this.refresh();
    if (this.#retry.hidden) this.element.querySelector("h2")?.focus(); // the button had the focus
  }

  /** Follow the cards above: a video whose card has ended is shown here too. */
  update(): void {
    const listed = this.#options.videos.getSnapshot();
    const files = listed.filter(({ view }) => !ENDED.has(view.stage)).map(({ inputFile }) => inputFile ?? "");
    const active = new Set(files);
    const hasEnded = [...this.#active].some((each) => !active.has(each));
    this.#active = active;
    if (hasEnded) void this.refresh();
    this.#draw();
  }

  /** Delete now what the user can still undo, because the page is closed. */
  commitDeletions(): void {
    this.#deletions.commitAll();
  }

  async #load(read: () => Promise<void>): Promise<void> {
    if (this.#isLoading) return;
    this.#isLoading = true;
    this.#problem = null;
    this.#draw();
    try {
      await read();
    } catch (error) {
      this.#problem = reasonOf(error);
    }
    this.#isLoading = false;
    this.#draw();
  }

  async #showMore(): Promise<void> {
    const known = this.#rows.files();
    await this.#load(async () => {
      const list = this.#loaded;
      if (list?.cursor)
        this.#loaded = withNextPage(list, await listUploads(this.#options.videos, { cursor: list.cursor }));
    });
    // The button is gone after the last page; the first new video follows it.
    if (this.#more.hidden) this.#rows.focusFirstExcept(known);
  }

  #onSearch(): void {
    clearTimeout(this.#searchTimer);
    this.#searchTimer = setTimeout(() => void this.#findByExternalId(), SEARCH_MS);
    this.#draw();
  }

  /** The API finds an external id that isn't loaded; if it refuses the text, it is none. */
  async #findByExternalId(): Promise<void> {
    const text = this.#search.value.trim();
    if (text === "" || text === this.#found.text) return;
    const page = await listUploads(this.#options.videos, { externalId: text }).catch(() => null);
    if (text !== this.#search.value.trim()) return;
    this.#found = { text, videos: page ? withNextPage({ videos: [], cursor: null }, page).videos : [] };
    this.#draw();
  }

  async #rename(inputFile: string, name: string): Promise<void> {
    try {
      const job = await updateUpload(this.#options.videos, inputFile, { file_name: name });
      this.#change((list) => withChanged(list, { ...job, input_file: inputFile }));
    } catch (error) {
      throw new Error(t("library.renameFailed", { reason: reasonOf(error) }), { cause: error });
    }
  }

  #deleteLater(inputFile: string): void {
    const row = this.#rows.row(inputFile);
    if (!row) return;
    this.#deletions.add(inputFile);
    row.setDeleting(true);
    this.#options.announce(t("library.deleted", { file: nameOf(row.video) }));
  }

  #undo(inputFile: string): void {
    this.#deletions.undo(inputFile);
    this.#rows.row(inputFile)?.setDeleting(false);
  }

  async #delete(inputFile: string): Promise<void> {
    try {
      await deleteUpload(this.#options.videos, inputFile);
    } catch (error) {
      if (!(isVideoError(error) && error.code === "upload_not_found")) return this.#onDeleteFailed(inputFile, error);
    }
    this.#deleted.add(inputFile);
    this.#change((list) => without(list, inputFile));
    this.#options.onDeleted(inputFile);
  }

  #onDeleteFailed(inputFile: string, error: unknown): void {
    const row = this.#rows.row(inputFile);
    row?.setDeleting(false);
    row?.showProblem(t("library.deleteFailed", { reason: reasonOf(error) }));
  }

  #change(change: (list: LibraryList) => LibraryList): void {
    if (this.#loaded) this.#loaded = change(this.#loaded);
    const found = change({ videos: this.#found.videos, cursor: null }).videos;
    this.#found = { ...this.#found, videos: found };
    this.#draw();
  }

  #draw(): void {
    for (const job of this.#words.ended()) this.#loaded = this.#loaded && withChanged(this.#loaded, job);
    const list = this.#loaded ?? { videos: [], cursor: null };
    const text = this.#search.value.trim();
    const found = this.#found.text === text ? this.#found.videos : [];
    const shown = search(list, text, found).filter(({ input_file }) => !this.#hidden(input_file));
    this.#words.follow(list.videos);
    this.#rows.draw(shown);
    this.element.toggleAttribute("aria-busy", this.#isLoading);
    setText(this.#message, this.#problem ?? this.#messageOf(list, shown.length, text));
    setVisible(this.#searchRow, list.videos.length > 1 || text !== "");
    setVisible(this.#retry, this.#problem !== null && list.cursor === null);
    setVisible(this.#more, list.cursor !== null);
  }

  /** Hide what a card above shows, and what was deleted: the service's index may list that for a moment. */
  #hidden(inputFile: string): boolean {
    return this.#active.has(inputFile) || this.#deleted.has(inputFile);
  }

  #messageOf({ videos, cursor }: LibraryList, shown: number, text: string): string {
    if (this.#isLoading) return shown === 0 && text === "" ? t("library.loading") : "";
    if (text !== "") {
      const among = cursor === null ? "" : t("library.searchedLoaded", { count: videos.length });
      return [shown === 0 ? t("library.none") : "", among].filter(Boolean).join(" ");
    }
    return shown === 0 && this.#active.size === 0 ? t("library.empty") : "";
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (code === "network") return t("library.unreachable");
  if (code === "delete_not_configured") return t("library.cannotDelete");
  if (isVideoError(error) && error.status === 401) return t("signIn.needed");
  return String(message ?? error);
}
