/** The measured rate of an upload. Pure. */

export interface RateMeter {
  /** Time and size at the last measurement; time 0 means that there is none. */
  measuredMs: number;
  measuredBytes: number;
  bytesPerS: number | null;
}

const INTERVAL_MS = 500;

export function newRateMeter(): RateMeter {
  return { measuredMs: 0, measuredBytes: 0, bytesPerS: null };
}

/** Return the meter after a measurement; the rate is a moving average, in bytes per second. */
export function measureRate(meter: RateMeter, sentBytes: number, nowMs: number): RateMeter {
  const elapsedMs = nowMs - meter.measuredMs;
  if (meter.measuredMs !== 0 && elapsedMs < INTERVAL_MS) return meter;
  const measured = { measuredMs: nowMs, measuredBytes: sentBytes };
  if (meter.measuredMs === 0) return { ...meter, ...measured };
  const bytesPerS = Math.max(0, ((sentBytes - meter.measuredBytes) / elapsedMs) * 1_000);
  return { ...measured, bytesPerS: smoothRate(meter.bytesPerS, bytesPerS) };
}

/** Return the moving average of an upload's rate: the newest measurement has a weight of 0.3. */
export function smoothRate(previous: number | null, measured: number): number {
  return previous === null ? measured : previous * 0.7 + measured * 0.3;
}
