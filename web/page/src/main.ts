/** The page's entry point: creates its parts and connects their events. */

import "./style.css";
import { Api, ApiProblem, interceptUppyRequests } from "./api";
import type { Action } from "./card";
import { CardList } from "./card_list";
import { apiBaseUrl, config } from "./config";
import { JobFollower } from "./job_follower";
import { language, t } from "./language";
import { type ListItem, shouldFollow, viewOf, withJob, withProgress } from "./list_item";
import { OtherTabs } from "./other_tabs";
import { buildPage } from "./page";
import { SignIn } from "./sign_in";
import { openStorage, parseStorageEvent, type StoredFile, StoredFiles } from "./stored_files";
import { UploadQueue } from "./upload_queue";
import { followTarget, isFinished, isShared, isVisible, parseJobId, sharedItemId } from "./views";

document.documentElement.lang = language;

const signIn = new SignIn(config, showConnection);
const api = new Api(apiBaseUrl, signIn.accessToken);
interceptUppyRequests(api);

const storedFiles = new StoredFiles(openStorage());
const page = buildPage({
  onFiles: addFiles,
  onClear: removeFinished,
  ...(signIn.hasProvider ? { onSignOut: () => void signIn.signOut() } : {}),
});
const list = new CardList({
  element: page.list,
  onAction: runAction,
  // The response of `GET /jobs/{job_id}` sets the cookies. If it fails, the player shows that it can't play.
  authorizePlayback: async (jobId) => {
    await api.getJob(jobId).catch(() => undefined);
    return signIn.accessToken.current !== null;
  },
  onDrawn: updateView,
  onStage: (item, stage) => page.announce(t("announce", { file: item.fileName ?? "", stage })),
});

const uploads = new UploadQueue(apiBaseUrl, {
  onState(id, upload) {
    list.update(id, { upload, isInOtherTab: false });
    const inputFile = list.get(id)?.inputFile;
    if (inputFile) otherTabs.publish(inputFile, upload);
  },
  onKey(id, inputFile, uploadId, file) {
    const item = list.get(id);
    if (item?.inputFile && item.inputFile !== inputFile) storedFiles.remove(item.inputFile);
    list.update(id, { inputFile });
    const { name: fileName, size: sizeBytes, lastModified } = file;
    const addedMs = item?.addedMs ?? Date.now();
    storedFiles.put({ inputFile, fileName, sizeBytes, addedMs, lastModified, uploadId, isUploaded: false });
  },
  onUploaded(id, inputFile) {
    list.update(id, { inputFile, isUploaded: true, upload: null });
    const stored = storedFiles.get(inputFile);
    if (stored) storedFiles.put({ ...stored, isUploaded: true });
  },
});

const otherTabs = new OtherTabs((inputFile, upload) => {
  const item = list.find((each) => each.inputFile === inputFile);
  if (!item || uploads.has(item.id)) return;
  list.update(item.id, { upload, isInOtherTab: upload !== null });
});

let isConnected = true;
const follower = new JobFollower(api, {
  onJob: ({ id }, job) => list.update(id, (item) => withJob(item, job)),
  onProgress: ({ id }, progress) => list.update(id, (item) => withProgress(item, progress)),
  onNotFound: ({ id }) => list.update(id, { isNotFound: true }),
  onConnection(isUp) {
    if (isUp === isConnected) return;
    isConnected = isUp;
    showConnection();
  },
});

// --- add files

function addFiles(files: File[]): void {
  signIn.allowPrompt();
  location.hash = "";
  const nowMs = Date.now();
  for (const [index, file] of files.entries()) addFile(file, nowMs + files.length - index);
}

function addFile(file: File, addedMs: number): void {
  const running = list.find(
    ({ id, fileName, sizeBytes }) => uploads.has(id) && fileName === file.name && sizeBytes === file.size,
  );
  if (running && !["failed", "canceled"].includes(running.upload?.phase ?? "")) {
    list.card(running.id)?.focus();
    page.showToast(t("uploadError.duplicate"));
    return;
  }
  const interrupted = storedFiles.findInterrupted(file);
  const item = interrupted && list.find((each) => each.inputFile === interrupted.inputFile);
  if (interrupted && item && !item.isInOtherTab && viewOf(item).stage === "interrupted") {
    uploads.add(item.id, file, interrupted);
    return;
  }
  const { id } = list.add({ id: `sent-${addedMs}`, fileName: file.name, sizeBytes: file.size, addedMs });
  if (file.size > 0) uploads.add(id, file);
  else list.update(id, { upload: { phase: "failed", sentBytes: 0, bytesPerS: null, problem: "empty" } });
}

function addStoredFile(file: StoredFile): void {
  if (list.find((item) => item.inputFile === file.inputFile)) return;
  const { inputFile, fileName, sizeBytes, addedMs, isUploaded } = file;
  list.add({ id: `file-${inputFile}`, inputFile, fileName, sizeBytes, addedMs, isUploaded });
}

// --- the buttons of a card

function runAction(item: ListItem, action: Action): void {
  ({ pause, resume, retry, cancel, remove, copy })[action](item);
}

function pause({ id }: ListItem): void {
  uploads.pause(id);
}

function resume({ id }: ListItem): void {
  if (uploads.has(id)) uploads.resume(id);
  else page.openFileDialog();
}

function retry(item: ListItem): void {
  signIn.allowPrompt();
  if (uploads.has(item.id)) uploads.retry(item.id);
  else if (item.inputFile) void showFailure(retryJob(item.id, item.inputFile));
}

async function retryJob(id: string, inputFile: string): Promise<void> {
  const job = await api.retryJob(inputFile);
  list.update(id, (item) => withJob(item, job));
}

function cancel(item: ListItem): void {
  if (uploads.has(item.id)) {
    uploads.cancel(item.id);
    if (item.inputFile) storedFiles.remove(item.inputFile);
  } else if (item.jobId) {
    list.update(item.id, { isCanceling: true });
    void showFailure(cancelJob(item.id, item.jobId));
  } else if (item.inputFile) {
    void showFailure(abortInterruptedUpload(item, item.inputFile));
  }
}

async function cancelJob(id: string, jobId: string): Promise<void> {
  try {
    await api.cancelJob(jobId);
  } catch (error) {
    list.update(id, { isCanceling: false });
    // 409: the job ended before the request; the follower receives its final status.
    if (!(error instanceof ApiProblem && error.status === 409)) throw error;
  }
}

/** Delete the parts of an interrupted upload from S3, and remove the item. */
async function abortInterruptedUpload(item: ListItem, inputFile: string): Promise<void> {
  const uploadId = storedFiles.get(inputFile)?.uploadId;
  const path = `/s3/multipart/${encodeURIComponent(uploadId ?? "")}?${new URLSearchParams({ key: inputFile })}`;
  const response = uploadId ? await api.fetch(path, { method: "DELETE" }) : null;
  if (response && !response.ok && response.status !== 404) throw new Error(response.statusText);
  remove(item);
}

function remove({ id, inputFile }: ListItem): void {
  uploads.remove(id);
  if (inputFile) storedFiles.remove(inputFile);
  list.remove(id);
  if (location.hash) location.hash = "";
}

function copy({ jobId }: ListItem): void {
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
    page.showToast(t("action.failed", { reason: error instanceof Error ? error.message : String(error) }));
  }
}

function removeFinished(): void {
  for (const item of list.items) {
    if (isFinished(item)) remove(item);
  }
}

// --- views

/** Jobs whose player the page has opened by itself. The page does so once, so that a closed player stays closed. */
const autoOpenedJobIds = new Set<string>();

function openView(): void {
  const jobId = parseJobId(location.hash);
  if (jobId !== null && !list.find((item) => item.jobId === jobId)) list.add({ id: sharedItemId(jobId), jobId });
  else updateView(list.items);
  window.scrollTo(0, 0);
}

function updateView(items: readonly ListItem[]): void {
  const jobId = parseJobId(location.hash);
  document.body.dataset.view = jobId === null ? "list" : "job";
  for (const item of items) {
    const card = list.card(item.id);
    if (card) card.element.hidden = !isVisible(item, jobId);
  }
  const listed = items.filter((item) => !isShared(item));
  const ready = listed.filter((item) => item.job?.status === "COMPLETE").length;
  page.setCounts(listed.length, ready, listed.filter(isFinished).length);
  const visible = items.filter((item) => isVisible(item, jobId));
  if (visible[0] && (jobId !== null || visible.length === 1)) autoOpenPlayer(visible[0]);
  follower.follow(items.filter(shouldFollow).map(followTarget));
}

function autoOpenPlayer(item: ListItem): void {
  if (!item.job?.output?.playback_url || autoOpenedJobIds.has(item.jobId ?? "")) return;
  autoOpenedJobIds.add(item.jobId ?? "");
  list.card(item.id)?.openPlayer(false);
}

function showConnection(): void {
  if (signIn.isDeclined) {
    const onClick = (): void => void signIn.signIn().then(() => follower.restart());
    page.setBanner(t("signIn.needed"), { text: t("signIn.submit"), onClick });
  } else if (!navigator.onLine) page.setBanner(t("net.offline"));
  else page.setBanner(isConnected ? null : t("net.lost"));
}

// --- start

for (const file of storedFiles.all()) addStoredFile(file);
openView();
window.addEventListener("hashchange", openView);
window.addEventListener("online", showConnection);
window.addEventListener("offline", showConnection);
window.addEventListener("storage", (event) => {
  const change = parseStorageEvent(event);
  if (!change) return;
  const item = list.find((each) => each.inputFile === change.inputFile);
  if (change.file === null) {
    if (item && !uploads.has(item.id)) list.remove(item.id);
  } else if (!item) addStoredFile(change.file);
  else if (change.file.isUploaded && !uploads.has(item.id)) {
    list.update(item.id, { isUploaded: true, upload: null, isInOtherTab: false });
  }
});
window.addEventListener("beforeunload", (event) => {
  if (uploads.isBusy) event.preventDefault();
});
showConnection();
if (signIn.hasProvider) void signIn.accessToken.get(); // now, because a redirect later would interrupt an upload
