/** The uploads that the service keeps for the caller: list, rename, label and delete them. */

import type { Job, JobStatus, UploadChanges, UploadList } from "./api_types.ts";

/** Sends a request with the caller's token, as the `request` of `createVideos` does. */
export interface Requester {
  request(path: string, init?: RequestInit): Promise<Response>;
}

/** The uploads to list; without a filter, all of the caller's. */
export interface UploadQuery {
  status?: JobStatus;
  /** Your own id of the video, exactly. */
  externalId?: string;
  /** Only uploads that were announced after this second. */
  createdAfter?: Date;
  /** The most uploads of a page, 1 to 100; the service's default is 25. */
  limit?: number;
  /** The `next_cursor` of the page before, with the same filters. */
  cursor?: string | null;
}

/** Return a page of the caller's uploads, newest first. */
export async function listUploads(requester: Requester, query: UploadQuery = {}): Promise<UploadList> {
  const { status, externalId, createdAfter, limit, cursor } = query;
  const values = {
    status,
    external_id: externalId,
    created_after: createdAfter?.toISOString(),
    limit: limit?.toString(),
    cursor,
  };
  const given = Object.entries(values).filter((entry): entry is [string, string] => entry[1] != null);
  const search = new URLSearchParams(given).toString();
  return (await requester.request(search ? `/uploads?${search}` : "/uploads")).json();
}

/** Change an upload's name and labels; what is missing stays. Return its job, or what is known before it has one. */
export async function updateUpload(requester: Requester, inputFile: string, changes: UploadChanges): Promise<Job> {
  const headers = { "Content-Type": "application/json" };
  return (
    await requester.request(pathOf(inputFile), { method: "PATCH", headers, body: JSON.stringify(changes) })
  ).json();
}

/**
 * Delete an upload with its file, its jobs and its videos. This can't be undone.
 *
 * The browser sends the request also if the page is closed meanwhile.
 */
export async function deleteUpload(requester: Requester, inputFile: string): Promise<void> {
  await requester.request(pathOf(inputFile), { method: "DELETE", keepalive: true });
}

function pathOf(inputFile: string): string {
  return `/uploads?${new URLSearchParams({ input_file: inputFile })}`;
}
