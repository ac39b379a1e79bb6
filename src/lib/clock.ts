/**
 * Milliseconds on a clock that never goes back and that all threads of the process share (unlike
 * `performance.now()`, which starts anew in each thread). Only differences mean something.
 */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/**
 * Microseconds since 1970 by this machine's clock as it was when the process began, going on without
 * jumps: never backward, whoever sets the clock meanwhile.
 */
export function machineMicros(): number {
  return (performance.timeOrigin + performance.now()) * 1000;
}

/** Waits `ms` milliseconds (at least 0). */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}

/** Waits for `work`, but no longer than `ms`; leaves no timer behind that keeps the process alive. */
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

/** Timers of Node.js are late by up to this; what is left of a wait is waited out exactly. */
const TIMER_SLACK_MS = 3;
/** A word that nobody ever wakes anybody by. */
const NOBODY = new Int32Array(new SharedArrayBuffer(4));

/**
 * Waits `ms` milliseconds to a fraction of one: by a timer for the most part, then by stopping the
 * thread. For worker threads that have nothing else to do meanwhile.
 */
export async function sleepExactly(ms: number): Promise<void> {
  const end = monotonicMs() + ms;
  if (ms > TIMER_SLACK_MS) await sleep(ms - TIMER_SLACK_MS);
  const left = end - monotonicMs();
  if (left > 0) Atomics.wait(NOBODY, 0, 0, left);
}
