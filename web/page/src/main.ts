/** The page's entry point: creates its parts and connects their events. */

import "./style.css";
import { createVideos, isVideoError, type Video } from "@mediaconvert-status/core";
import { isEnded } from "./card";
import { type Action, actionText, questionBefore } from "./card_content";
import { CardList } from "./card_list";
import { apiBaseUrl, config } from "./config";
import { confirmInDialog } from "./confirm_dialog";
import { readDurationMs } from "./duration";
import { coreLanguage, language, t } from "./language";
import type { Library } from "./library";
import { LocalFrames } from "./local_frames";
import { buildPage, UNDO_MS } from "./page";
import { Removals } from "./removals";
import { SignIn } from "./sign_in";
import { summarize } from "./summary";
import { parseJobId } from "./views";

document.documentElement.lang = language;

const signIn = new SignIn(config, showConnection);
const videos = createVideos({
  apiBaseUrl,
  language: coreLanguage,
  readDurationMs,
  ...(config.profile ? { profile: config.profile } : {}),
  getToken: async (request) => {
    const token = await signIn.getToken(request);
    if (token !== null) void openLibrary();
    return token;
  },
});
const page = buildPage({
  onFiles: addFiles,
  onClear: () => removeLater(videos.getSnapshot().filter(isEnded)),
  onPauseAll: () => actOnAll("pause", summarize(videos.getSnapshot()).pausable),
  onResumeAll: () => actOnAll("resume", summarize(videos.getSnapshot()).resumable),
  ...(signIn.hasProvider ? { onSignOut: () => void signIn.signOut() } : {}),
});
const list = new CardList({
  element: page.list,
  onAction: (video, action) => void showFailure(runAction(video, action)),
  authorizePlayback: videos.authorizePlayback,
  pictureOf: (video) => video.job?.output?.poster_url ?? frames.of(video.id),
  onStage: (video) => page.announce(t("announce", { file: video.fileName ?? "", stage: video.view.stageWords })),
});
const frames = new LocalFrames(draw);
const removals = new Removals({
  undoMs: UNDO_MS,
  onDue: (ids) => actOnAll("remove", ids),
  onChange: draw,
});

// --- add files

function addFiles(files: File[]): void {
  signIn.allowPrompt();
  location.hash = "";
  const known = new Set(videos.getSnapshot().map(({ id }) => id));
  const ids = videos.add(files);
  for (const [index, file] of files.entries()) frames.add(ids[index] ?? "", file);
  const [id] = ids.filter((each) => known.has(each) && videos.get(each)?.view.stage !== "queued");
  if (id === undefined || videos.get(id)?.view.stage === "interrupted") return;
  list.card(id)?.focus();
  if (files.length === 1) page.showToast(t("duplicate"));
}

/** Continue an interrupted upload with the chosen file; another file becomes a new upload only if the user says so. */
async function resumeWith({ id, fileName }: Video, file: File): Promise<void> {
  try {
    videos.resumeWith(id, file);
    frames.add(id, file);
  } catch (error) {
    if (!(isVideoError(error) && error.code === "different_file")) throw error;
    const text = t("confirm.differentFile", { file: fileName ?? "" });
    const question = { text, yes: t("confirm.uploadNew"), no: t("confirm.chooseAgain") };
    if (await confirmInDialog(question)) addFiles([file]);
  }
}

// --- the buttons of a card

async function runAction(video: Video, action: Exclude<Action, "play">): Promise<void> {
  const text = questionBefore(action, video);
  const yes = actionText("cancel", video);
  if (text !== null && !(await confirmInDialog({ text, yes, no: t("confirm.keep") }))) return;
  if (action === "copy") copyLink(video);
  else if (action === "remove") removeLater([video]);
  else if (action === "chooseFile") page.chooseFile((file) => void showFailure(resumeWith(video, file)));
  else {
    if (action === "retry") signIn.allowPrompt();
    await videos.act(video.id, action);
  }
}

function actOnAll(action: "pause" | "resume" | "remove", ids: readonly string[]): void {
  // An action that isn't available any more has nothing left to do.
  for (const id of ids) void videos.act(id, action).catch(() => undefined);
}

function removeLater(removed: readonly Video[]): void {
  if (removed.length === 0) return;
  removals.add(removed.map(({ id }) => id));
  if (location.hash) location.hash = "";
  const file = removed[0]?.fileName ?? "";
  const text =
    removed.length === 1 ? t("action.removed", { file }) : t("action.removedMany", { count: removed.length });
  page.showToast(text, { text: t("action.undo"), onClick: () => removals.undo() });
}

function copyLink({ jobId }: Video): void {
  const link = new URL(`#/job/${jobId}`, location.href).href;
  const copied = navigator.clipboard?.writeText(link) ?? Promise.reject(new Error("no clipboard"));
  copied.then(
    () => page.showToast(t("action.copied")),
    () => window.prompt(t("action.copyThis"), link),
  );
}

/** Wait for an action, and show its error as a toast. */
async function showFailure(action: Promise<void>): Promise<void> {
  try {
    await action;
  } catch (error) {
    if (isVideoError(error) && error.code === "action_unavailable") return; // the state changed before the click
    page.showToast(t("action.failed", { reason: error instanceof Error ? error.message : String(error) }));
  }
}

// --- the videos that the service keeps

/** A caller has a list only where the API knows callers by their tokens. */
let library: Promise<Library> | null = null;
let openedLibrary: Library | null = null;

/** Load the list for the first token; for later ones, read it again if that failed before. */
async function openLibrary(): Promise<void> {
  openedLibrary?.retry();
  if (library) return;
  try {
    library = import("./library").then(({ Library }) => new Library(libraryOptions));
    openedLibrary = await library;
  } catch (error) {
    library = null; // the next token tries again
    console.warn("the list of videos can't be loaded:", error);
    return;
  }
  page.addSection(openedLibrary.element);
  draw();
}

const libraryOptions = {
  videos,
  undoMs: UNDO_MS,
  announce: page.announce,
  onDeleted: (inputFile: string) => {
    const cards = videos.getSnapshot().filter((video) => video.inputFile === inputFile);
    actOnAll(
      "remove",
      cards.map(({ id }) => id),
    );
  },
};

// --- views

/** Jobs whose player the page has opened by itself. The page does so once, so that a closed player stays closed. */
const autoOpenedJobIds = new Set<string>();
/** The job of a link, which may not be in this browser's list. */
let watched: { id: string; stop: () => void } | null = null;

/** Number of videos from which each is a row. */
const COMPACT_FROM = 6;

function openView(): void {
  const jobId = parseJobId(location.hash);
  watched?.stop();
  watched = jobId === null ? null : videos.watch({ jobId });
  draw();
  window.scrollTo(0, 0);
}

function draw(): void {
  const jobId = parseJobId(location.hash);
  const listed = videos.getSnapshot().filter(({ id }) => !removals.has(id));
  const linked = watched && videos.get(watched.id);
  const shown = linked && !linked.isListed ? [linked, ...listed] : listed;
  const isVisible = ({ id, isListed }: Video): boolean => (jobId === null ? isListed : id === linked?.id);
  list.draw(shown, isVisible, jobId !== null);
  const visible = shown.filter(isVisible);
  // A link that another user opened: the page is about that video, and has none of an uploader's controls.
  document.body.dataset.view = jobId === null ? "list" : linked?.isListed ? "job" : "viewer";
  document.body.classList.toggle("is-compact", visible.length >= COMPACT_FROM);
  const viewTitle = jobId === null ? null : (linked?.fileName ?? null);
  page.setSummary(summarize(listed), viewTitle);
  page.setHeading(viewTitle);
  if (visible[0] && (jobId !== null || visible.length === 1)) autoOpenPlayer(visible[0]);
  openedLibrary?.update();
  showConnection();
}

function autoOpenPlayer({ id, jobId, job }: Video): void {
  if (!job?.output?.playback_url || autoOpenedJobIds.has(jobId ?? "")) return;
  autoOpenedJobIds.add(jobId ?? "");
  list.card(id)?.openPlayer(false);
}

function showConnection(): void {
  const state = navigator.onLine ? videos.getConnection() : "offline";
  if (signIn.isDeclined) {
    const onClick = (): void => void showFailure(signInAgain());
    page.setBanner(t("signIn.needed"), { text: t("signIn.submit"), onClick });
  } else if (state === "up") page.setBanner(null);
  else page.setBanner(t(state === "offline" ? "net.offline" : "net.lost"));
}

async function signInAgain(): Promise<void> {
  await signIn.signIn();
  await videos.renewToken();
  videos.restart();
}

// --- start

videos.subscribe(draw);
openView();
window.addEventListener("hashchange", openView);
window.addEventListener("online", showConnection);
window.addEventListener("offline", showConnection);
window.addEventListener("pagehide", () => {
  removals.commit();
  openedLibrary?.commitDeletions();
});
window.addEventListener("beforeunload", (event) => {
  if (videos.isUploading()) event.preventDefault();
});
// Now, because the list needs the token, and a redirect to the provider later would interrupt an upload.
void videos.renewToken().catch(() => undefined); // the first request fails with the reason
