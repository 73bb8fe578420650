/** The delay before a retry. Pure. */

/**
 * Return the delay before the next attempt: 1 s, 2 s, 4 s … 30 s, each varied by up to a quarter.
 *
 * The variation spreads the clients of a stopped server, so that they don't all reach the next one at the same moment.
 *
 * @param random a number from 0 to 1
 */
export function backoffMs(failures: number, random: number): number {
  return Math.min(30_000, 1_000 * 2 ** Math.max(0, failures - 1)) * (0.75 + random / 2);
}
