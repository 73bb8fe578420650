/** The address of one job's view (`#/job/<id>`). Pure. */

/** Return the job id in the address's hash; null for the list. */
export function parseJobId(hash: string): string | null {
  return /^#\/job\/([A-Za-z0-9-]+)$/.exec(hash)?.[1] ?? null;
}
