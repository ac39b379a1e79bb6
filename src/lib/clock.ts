/**
 * Milliseconds on a monotonic clock that all threads of the process share (unlike `performance.now()`, which starts
 * at 0 in each thread). Only differences have a meaning.
 */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/**
 * Microseconds since 1970: this machine's clock at the start of the process, continued monotonically. A clock that is
 * set later has no effect.
 */
export function machineMicros(): number {
  return (performance.timeOrigin + performance.now()) * 1000;
}

/** Waits `ms` milliseconds (at least 0). */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}

/** Waits for `work`, but no longer than `ms`. Its timer does not keep the process alive afterwards. */
export async function within(work: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  try {
    await Promise.race([work, patience]);
  } finally {
    clearTimeout(timer);
  }
}
