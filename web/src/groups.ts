/** Which files and jobs one connection follows. Pure. */

/** A file or a job, as the API's query names it. */
export interface Followed {
  id: string;
  parameter: "input_file" | "job_id";
  value: string;
}

/** What the API follows on one connection. */
export const MOST_PER_STREAM = 50;
/** A browser opens six connections to a host over HTTP/1.1, and uploads and buttons need some. */
export const MOST_STREAMS = 2;

/** The groups to follow now, one a stream; the rest has its turn when one of these is over. */
export function groupsOf(followed: readonly Followed[]): Followed[][] {
  const groups: Followed[][] = [];
  for (let first = 0; first < followed.length && groups.length < MOST_STREAMS; first += MOST_PER_STREAM) {
    groups.push(followed.slice(first, first + MOST_PER_STREAM));
  }
  return groups;
}

/** The query of a group. */
export function queryOf(group: readonly Followed[]): string {
  return new URLSearchParams(group.map((each) => [each.parameter, each.value])).toString();
}

/** Seconds before the next try: 1, 2, 4 … 30, spread by half so that a server's stop sends no herd to the next one. */
export function backoffMs(failures: number, random: number): number {
  return Math.min(30_000, 1_000 * 2 ** Math.max(0, failures - 1)) * (0.75 + random / 2);
}
