/** The page, put together: files in, uploads out, news merged, cards drawn. */

import "./style.css";
import { Access } from "./access";
import { Api, ApiProblem, lendToUppy } from "./api";
import { isFinal } from "./api_types";
import type { Action } from "./card";
import { apiBaseUrl, config, type OidcConfig } from "./config";
import { Follower } from "./follower";
import type { Followed } from "./groups";
import { type Item, isFollowed, viewOf, withJob, withProgress } from "./item";
import { language, t } from "./language";
import { List } from "./list";
import type { Oidc } from "./oidc";
import { OtherTabs } from "./other_tabs";
import { buildPage } from "./page";
import { changedElsewhere, type Remembered, RememberedFiles, shelf } from "./remembered";
import { askForToken } from "./sign_in";
import { Uploads } from "./uploads";

document.documentElement.lang = language;

let hasDeclined = false;
const provider = config.oidc && !config.getToken ? openProvider(config.oidc) : null;
const access = new Access(
  async (isRefused) => (hasDeclined ? null : declinedIfNull(await askForToken(isRefused))),
  provider ? async (asked) => declinedIfNull(await (await provider).token(asked)) : config.getToken,
);
const api = new Api(apiBaseUrl, access);
lendToUppy(api);

const remembered = new RememberedFiles(shelf());
const page = buildPage({
  files: takeFiles,
  clear: removeFinished,
  ...(provider ? { signOut: async () => (await provider).signOut() } : {}),
});
const list = new List({
  element: page.list,
  onAction: act,
  // The answer sets the cookies. Without them the player says that it can't play.
  admit: async (jobId) => {
    await api.job(jobId).catch(() => undefined);
    return access.current !== null;
  },
  onDrawn: afterDrawing,
  onStage: (item, stage) => page.announce(t("announce", { file: item.fileName ?? "", stage })),
});

const uploads = new Uploads(apiBaseUrl, {
  onUpload(id, upload) {
    list.change(id, { upload, isElsewhere: false });
    const inputFile = list.get(id)?.inputFile;
    if (inputFile) otherTabs.tell(inputFile, upload);
  },
  onKey(id, inputFile, uploadId, file) {
    const item = list.get(id);
    if (item?.inputFile && item.inputFile !== inputFile) remembered.forget(item.inputFile);
    list.change(id, { inputFile });
    const { name: fileName, size: sizeBytes, lastModified } = file;
    const addedMs = item?.addedMs ?? Date.now();
    remembered.put({ inputFile, fileName, sizeBytes, addedMs, lastModified, uploadId, isUploaded: false });
  },
  onSent(id, inputFile) {
    list.change(id, { inputFile, isUploaded: true, upload: null });
    const known = remembered.get(inputFile);
    if (known) remembered.put({ ...known, isUploaded: true });
  },
});

const otherTabs = new OtherTabs((inputFile, upload) => {
  const item = list.find((each) => each.inputFile === inputFile);
  if (!item || uploads.has(item.id)) return;
  list.change(item.id, { upload, isElsewhere: upload !== null });
});

let isConnected = true;
const follower = new Follower(api, {
  onJob: ({ id }, job) => list.change(id, (item) => withJob(item, job)),
  onProgress: ({ id }, progress) => list.change(id, (item) => withProgress(item, progress)),
  onGone: ({ id }) => list.change(id, { isGone: true }),
  onConnected(is) {
    if (is !== isConnected) {
      isConnected = is;
      showConnection();
    }
  },
});

// --- signing in

/** Its code is loaded only where it is used. */
async function openProvider(options: OidcConfig): Promise<Oidc> {
  const { Oidc } = await import("./oidc");
  return new Oidc(options);
}

function declinedIfNull(token: string | null): string | null {
  hasDeclined = token === null;
  showConnection();
  return token;
}

async function signIn(): Promise<void> {
  hasDeclined = false;
  if (provider) access.take(declinedIfNull(await (await provider).signIn().catch(() => null)));
  else await access.another(null);
  follower.wake();
}

// --- files in

function takeFiles(files: File[]): void {
  hasDeclined = false;
  location.hash = "";
  const nowMs = Date.now();
  for (const [index, file] of files.entries()) takeFile(file, nowMs + files.length - index);
}

function takeFile(file: File, addedMs: number): void {
  const running = list.find(
    ({ id, fileName, sizeBytes }) => uploads.has(id) && fileName === file.name && sizeBytes === file.size,
  );
  if (running && !["failed", "canceled"].includes(running.upload?.phase ?? "")) {
    list.card(running.id)?.focus();
    page.toast(t("uploadError.duplicate"));
    return;
  }
  const broken = remembered.unfinished(file);
  const item = broken && list.find((each) => each.inputFile === broken.inputFile);
  if (broken && item && !item.isElsewhere && viewOf(item).stage === "interrupted") {
    uploads.add(item.id, file, broken);
    return;
  }
  const { id } = list.add({ id: `sent-${addedMs}`, fileName: file.name, sizeBytes: file.size, addedMs });
  if (file.size > 0) uploads.add(id, file);
  else list.change(id, { upload: { phase: "failed", sentBytes: 0, bytesPerS: null, problem: "empty" } });
}

function recall(file: Remembered): void {
  if (list.find((item) => item.inputFile === file.inputFile)) return;
  const { inputFile, fileName, sizeBytes, addedMs, isUploaded } = file;
  list.add({ id: `file-${inputFile}`, inputFile, fileName, sizeBytes, addedMs, isUploaded });
}

// --- what buttons do

function act(item: Item, action: Action): void {
  ({ pause, resume, retry, cancel, remove, copy })[action](item);
}

function pause({ id }: Item): void {
  uploads.pause(id);
}

function resume({ id }: Item): void {
  if (uploads.has(id)) uploads.resume(id);
  else page.choose();
}

function retry(item: Item): void {
  hasDeclined = false;
  if (uploads.has(item.id)) uploads.retry(item.id);
  else if (item.inputFile) void doing(retryJob(item, item.inputFile));
}

async function retryJob(item: Item, inputFile: string): Promise<void> {
  const job = await api.retryJob(inputFile);
  list.change(item.id, (each) => withJob(each, job));
}

function cancel(item: Item): void {
  if (uploads.has(item.id)) {
    uploads.cancel(item.id);
    if (item.inputFile) remembered.forget(item.inputFile);
  } else if (item.jobId) {
    list.change(item.id, { isCanceling: true });
    void doing(cancelJob(item.id, item.jobId));
  } else if (item.inputFile) {
    void doing(abandon(item, item.inputFile));
  }
}

async function cancelJob(id: string, jobId: string): Promise<void> {
  try {
    await api.cancelJob(jobId);
  } catch (error) {
    list.change(id, { isCanceling: false });
    // It ended of itself meanwhile; how, is on its way.
    if (!(error instanceof ApiProblem && error.status === 409)) throw error;
  }
}

/** Throw away what S3 has of an upload that broke off. */
async function abandon(item: Item, inputFile: string): Promise<void> {
  const uploadId = remembered.get(inputFile)?.uploadId;
  const path = `/s3/multipart/${encodeURIComponent(uploadId ?? "")}?${new URLSearchParams({ key: inputFile })}`;
  const answer = uploadId ? await api.fetch(path, { method: "DELETE" }) : null;
  if (answer && !answer.ok && answer.status !== 404) throw new Error(answer.statusText);
  remove(item);
}

function remove({ id, inputFile }: Item): void {
  uploads.forget(id);
  if (inputFile) remembered.forget(inputFile);
  list.remove(id);
  if (location.hash) location.hash = "";
}

function copy({ jobId }: Item): void {
  const link = new URL(`#/job/${jobId}`, location.href).href;
  const copied = navigator.clipboard?.writeText(link) ?? Promise.reject(new Error("no clipboard"));
  copied.then(
    () => page.toast(t("action.copied")),
    () => window.prompt(t("action.copyThis"), link),
  );
}

async function doing(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    page.toast(t("action.failed", { reason: error instanceof Error ? error.message : String(error) }));
  }
}

function removeFinished(): void {
  for (const item of list.items) {
    if (isOver(item)) remove(item);
  }
}

function isOver(item: Item): boolean {
  return item.isGone || (item.job !== null && isFinal(item.job.status));
}

// --- views

/** The job that the address names: `#/job/<id>`. */
function shownJob(): string | null {
  return /^#\/job\/([A-Za-z0-9-]+)$/.exec(location.hash)?.[1] ?? null;
}

function route(): void {
  const jobId = shownJob();
  if (jobId !== null && !list.find((item) => item.jobId === jobId)) list.add({ id: `job-${jobId}`, jobId });
  else afterDrawing(list.items);
  window.scrollTo(0, 0);
}

function afterDrawing(items: readonly Item[]): void {
  const jobId = shownJob();
  document.body.dataset.view = jobId === null ? "list" : "job";
  const listed = items.filter((item) => !isShared(item));
  for (const item of items) {
    const card = list.card(item.id);
    if (card)
      card.element.hidden = jobId === null ? isShared(item) : item.jobId !== jobId && item.id !== `job-${jobId}`;
  }
  const ready = listed.filter((item) => item.job?.status === "COMPLETE").length;
  page.summary(listed.length, ready, listed.filter(isOver).length);
  const only =
    jobId === null
      ? listed.length === 1
        ? listed[0]
        : undefined
      : items.find((item) => item.jobId === jobId || item.id === `job-${jobId}`);
  if (only && !shownOnce.has(only.jobId ?? "") && only.job?.output?.playback_url) {
    shownOnce.add(only.jobId ?? "");
    list.card(only.id)?.openPlayer(false);
  }
  follower.follow(items.filter(isFollowed).map(followedOf));
}

/** Jobs whose player was opened without being asked for: closed by hand, it stays closed. */
const shownOnce = new Set<string>();

/** Whether it came by a link, and isn't one of this browser's own. */
function isShared(item: Item): boolean {
  return item.id.startsWith("job-");
}

function followedOf(item: Item): Followed {
  return item.inputFile === null || (isShared(item) && item.jobId !== null)
    ? { id: item.id, parameter: "job_id", value: item.jobId ?? "" }
    : { id: item.id, parameter: "input_file", value: item.inputFile };
}

function showConnection(): void {
  if (hasDeclined) {
    page.banner(t("signIn.needed"), { words: t("signIn.submit"), onClick: () => void signIn() });
  } else if (!navigator.onLine) page.banner(t("net.offline"));
  else page.banner(isConnected ? null : t("net.lost"));
}

// --- start

for (const file of remembered.all()) recall(file);
route();
window.addEventListener("hashchange", route);
window.addEventListener("online", showConnection);
window.addEventListener("offline", showConnection);
window.addEventListener("storage", (event) => {
  const change = changedElsewhere(event);
  if (!change) return;
  const item = list.find((each) => each.inputFile === change.inputFile);
  if (change.file === null) {
    if (item && !uploads.has(item.id)) list.remove(item.id);
  } else if (!item) recall(change.file);
  else if (change.file.isUploaded && !uploads.has(item.id)) {
    list.change(item.id, { isUploaded: true, upload: null, isElsewhere: false });
  }
});
window.addEventListener("beforeunload", (event) => {
  if (uploads.isBusy) event.preventDefault();
});
showConnection();
if (provider) void access.token(); // at once: later would interrupt an upload
