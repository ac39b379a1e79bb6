import { monotonicMs } from './clock.js';

/**
 * One Ctrl+C may arrive twice: from the terminal, and from a parent such as npm that passes it on.
 * Nobody means two by what comes within this.
 */
export const SAME_WISH_MS = 250;

/** A listener of signals that calls `onWish` with 1, 2, 3… as the operator asks again and again for the end. */
export function countWishes(onWish: (times: number) => void): () => void {
  let times = 0;
  let last = Number.NEGATIVE_INFINITY;
  return () => {
    const now = monotonicMs();
    if (now - last < SAME_WISH_MS) return;
    last = now;
    times++;
    onWish(times);
  };
}

/**
 * Resolves as `work` does, or rejects with the signal's reason as soon as that is aborted; then the
 * work is left to itself. It is not begun when the signal was aborted before.
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

/** How long an orderly end may take after a signal: Ctrl+C ends everything within two seconds. */
const ORDERLY_MS = 700;

/** Waits for what ends in order; once the signal is aborted no longer than that, and the rest is left to itself. */
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

/** Calls `listener` once, when the signal is aborted or at once when it was. Returns what undoes it. */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  if (signal.aborted) listener();
  else signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
}
