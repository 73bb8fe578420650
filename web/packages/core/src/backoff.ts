/** The delay before a retry, and the wait for it. */

import type { Clock } from "./host.ts";

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

/** Wait for this time, or until the signal aborts. */
export function wait(delayMs: number, clock: Clock, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const stop = (): void => {
      clock.clearTimeout(timer);
      signal.removeEventListener("abort", stop);
      resolve();
    };
    const timer = clock.setTimeout(stop, delayMs);
    signal.addEventListener("abort", stop);
  });
}
