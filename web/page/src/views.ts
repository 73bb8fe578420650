/** Chooses what the page shows: the list, or the one job that the address names (`#/job/<id>`). Pure. */

import { isFinal } from "./api_types";
import type { ListItem } from "./list_item";
import type { FollowTarget } from "./stream_groups";

const SHARED_PREFIX = "job-";

/** Return the job id in the address's hash; null for the list. */
export function parseJobId(hash: string): string | null {
  return /^#\/job\/([A-Za-z0-9-]+)$/.exec(hash)?.[1] ?? null;
}

/** Return the item id of a job that was opened by its link. */
export function sharedItemId(jobId: string): string {
  return SHARED_PREFIX + jobId;
}

/** Return whether the item was opened by a link, and so isn't in the list of this browser's files. */
export function isShared(item: ListItem): boolean {
  return item.id.startsWith(SHARED_PREFIX);
}

/** Return whether the view shows the item; `jobId` is null for the list. */
export function isVisible(item: ListItem, jobId: string | null): boolean {
  return jobId === null ? !isShared(item) : item.jobId === jobId || item.id === sharedItemId(jobId);
}

/** Return whether nothing more will happen to the item, so that "Remove finished" removes it. */
export function isFinished(item: ListItem): boolean {
  return item.isNotFound || (item.job !== null && isFinal(item.job.status));
}

/** Return the item's parameter for `GET /events`. */
export function followTarget(item: ListItem): FollowTarget {
  return item.inputFile === null || (isShared(item) && item.jobId !== null)
    ? { id: item.id, parameter: "job_id", value: item.jobId ?? "" }
    : { id: item.id, parameter: "input_file", value: item.inputFile };
}
