/**
 * Milliseconds on a clock that never goes back and that all threads of the process share (unlike
 * `performance.now()`, which starts anew in each thread). Only differences mean something.
 */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Waits `ms` milliseconds (at least 0). */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}
