import { monotonicMs } from './clock.js';

/** Signals within this count as one: Ctrl+C may arrive from the terminal and again from a parent such as npm. */
export const SAME_SIGNAL_MS = 250;

/** Makes a listener of signals that calls `onSignal` with their count: 1, 2, 3… */
export function countSignals(onSignal: (times: number) => void): () => void {
  let times = 0;
  let last = Number.NEGATIVE_INFINITY;
  return () => {
    const now = monotonicMs();
    if (now - last < SAME_SIGNAL_MS) return;
    last = now;
    times++;
    onSignal(times);
  };
}

/**
 * Starts `work` and resolves with its result. Rejects with the signal's reason as soon as the signal is aborted, and
 * abandons the work. Does not start it if the signal is aborted already.
 */
export async function unlessAborted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  let release = () => {};
  const aborted = new Promise<never>((_, reject) => {
    release = onAbort(signal, () => reject(signal.reason));
  });
  try {
    return await Promise.race([work(), aborted]);
  } finally {
    release();
  }
}

/** Limit for an orderly end after a signal: Ctrl+C must end every command within two seconds. */
const ORDERLY_MS = 700;

/** Waits for `work`; after the signal is aborted no longer than `ORDERLY_MS`, then abandons it. */
export async function unlessStuck(signal: AbortSignal, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let release = () => {};
  const stuck = new Promise<void>((resolve) => {
    release = onAbort(signal, () => {
      timer = setTimeout(resolve, ORDERLY_MS);
    });
  });
  try {
    await Promise.race([work, stuck]);
  } finally {
    release();
    clearTimeout(timer);
  }
}

/** Calls `listener` once, when the signal is aborted, or at once if it is. Returns a function that removes it. */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  if (signal.aborted) listener();
  else signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
}
