import { monotonicMs, sleep } from '../src/lib/clock.js';

/** Timers of Node.js may be late by this. */
const TIMER_SLACK_MS = 3;
/** The shortest timer. */
const POLL_MS = 1;
/** Never notified: `Atomics.wait` on it always waits for its timeout. */
const NEVER_NOTIFIED = new Int32Array(new SharedArrayBuffer(4));

/** The workers of this thread. */
let workers = 0;
/** The ends of the waits of those that have nothing else to do, on the clock of `monotonicMs`. */
const waits = new Set<{ readonly end: number }>();

/** Counts a worker among those of this thread until its work is over. */
export async function amongWorkers<T>(work: () => Promise<T>): Promise<T> {
  workers++;
  try {
    return await work();
  } finally {
    workers--;
  }
}

/**
 * Waits `ms` milliseconds: for a worker that has nothing else to do. Where no other worker of the thread waits for an
 * answer either, precise to a fraction of one, because the end of the wait blocks the thread; else to one.
 */
export async function waitExactly(ms: number): Promise<void> {
  const wait = { end: monotonicMs() + ms };
  waits.add(wait);
  try {
    if (ms > TIMER_SLACK_MS) await sleep(ms - TIMER_SLACK_MS);
    while (wait.end > monotonicMs()) {
      if (waits.size === workers) block(earliest() - monotonicMs());
      // Another worker of the thread has something to do, or its wait is over.
      if (wait.end > monotonicMs()) await sleep(POLL_MS);
    }
  } finally {
    waits.delete(wait);
  }
}

function earliest(): number {
  let first = Number.POSITIVE_INFINITY;
  for (const { end } of waits) first = Math.min(first, end);
  return first;
}

function block(ms: number): void {
  if (ms > 0) Atomics.wait(NEVER_NOTIFIED, 0, 0, ms);
}
