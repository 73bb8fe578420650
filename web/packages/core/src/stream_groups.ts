/** Divides the followed files and jobs into groups, one for each connection. Pure. */

/** A file or a job to follow, under its query parameter of `GET /events`. */
export interface FollowTarget {
  /** The id of the list's item. */
  id: string;
  parameter: "input_file" | "job_id";
  value: string;
}

/** The API accepts 50 in one `GET /events`, but CloudFront accepts URLs of 8,192 bytes only, and a key may have 152. */
export const MAX_PER_STREAM = 45;
/** A browser opens six connections to a host over HTTP/1.1; uploads and buttons need the others. */
export const MAX_STREAMS = 2;

/** Return the groups to follow now. Targets beyond the last group get their turn when others are finished. */
export function groupByStream(targets: readonly FollowTarget[]): FollowTarget[][] {
  const groups: FollowTarget[][] = [];
  for (let first = 0; first < targets.length && groups.length < MAX_STREAMS; first += MAX_PER_STREAM) {
    groups.push(targets.slice(first, first + MAX_PER_STREAM));
  }
  return groups;
}

/** Return a group's query string for `GET /events`. */
export function streamQuery(group: readonly FollowTarget[]): string {
  return new URLSearchParams(group.map((target) => [target.parameter, target.value])).toString();
}
