/** The ways in which files come to the page: file dialogs, drops and pastes. */

import { ACCEPT } from "@mediaconvert-status/core";
import { filesOf, type TakenFiles, videosOf } from "@mediaconvert-status/elements";
import { config } from "./config";
import { h } from "./dom";

/** A profile may accept audio files; without one the page uploads videos. */
const acceptsAudio = config.profile !== undefined;

export type OnTaken = (taken: TakenFiles) => void;

/** The file dialog of the main button, which a card can use for one file. */
export class FileInput {
  readonly element: HTMLInputElement;
  #onFile: ((file: File) => void) | null = null;

  constructor(onTaken: OnTaken) {
    const accept = acceptsAudio ? `${ACCEPT},audio/*` : ACCEPT;
    this.element = h("input", { type: "file", id: "files", multiple: true, accept });
    this.element.addEventListener("change", () => {
      const files = [...(this.element.files ?? [])];
      this.element.value = "";
      const onFile = this.#onFile;
      this.#onFile = null;
      if (onFile && files[0]) onFile(files[0]);
      else onTaken({ files, leftOut: 0 });
    });
    this.element.addEventListener("cancel", () => {
      this.#onFile = null;
    });
    // Every button reacts to Enter, but some browsers open a file input with the space bar only. Other browsers click
    // by themselves on Enter: preventDefault stops that, because a second click would close the dialog of the first.
    this.element.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      this.element.click();
    });
    this.element.addEventListener("click", (event) => {
      if (event.isTrusted) this.#onFile = null; // the user clicked the main button, not a card's
    });
  }

  chooseFile(onFile: (file: File) => void): void {
    this.#onFile = onFile;
    this.element.click();
  }
}

/** Return the input for a folder, which a button opens. */
export function folderInput(onTaken: OnTaken): HTMLInputElement {
  const input = h("input", { type: "file", id: "folder", hidden: true, multiple: true, webkitdirectory: true });
  input.addEventListener("change", () => {
    const files = [...(input.files ?? [])];
    input.value = "";
    onTaken(videosOf(files, acceptsAudio));
  });
  return input;
}

/** Accept files and folders that are dropped anywhere on the page, and pasted files. */
export function acceptDrops(onTaken: OnTaken): void {
  let depth = 0; // dragenter and dragleave also fire for every element within the page
  const changeDepth = (change: number): void => {
    depth = Math.max(0, depth + change);
    document.body.classList.toggle("is-dropping", depth > 0);
  };
  const add = async (transfer: DataTransfer | null): Promise<void> => {
    const taken = await filesOf(transfer, acceptsAudio);
    if (taken.files.length + taken.leftOut > 0) onTaken(taken);
  };
  const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") ?? false;
  window.addEventListener("dragenter", (event) => hasFiles(event) && changeDepth(1));
  window.addEventListener("dragleave", (event) => hasFiles(event) && changeDepth(-1));
  // WebKitGTK doesn't name the files before the drop. Unless every drag is accepted, it opens them in place of the page.
  window.addEventListener("dragover", (event) => event.preventDefault());
  window.addEventListener("drop", (event) => {
    event.preventDefault();
    changeDepth(-depth);
    void add(event.dataTransfer);
  });
  window.addEventListener("paste", (event) => void add(event.clipboardData));
}
