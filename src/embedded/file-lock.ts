import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { monotonicMs, sleep } from '../lib/clock.js';
import { isRunning, ownStamp } from './process-stamp.js';

const POLL_MS = 25;
let taken = 0;

export interface FileLockOptions {
  /** Milliseconds to wait for the holder. */
  readonly patienceMs: number;
  /** Called once when somebody else holds the lock. */
  readonly onWait: () => void;
  /** What to throw when the patience is over. */
  readonly tooLong: () => Error;
}

/**
 * Runs `body` while a file holds this process's stamp; one process (and one caller) at a time. A
 * lock whose process has died counts as free.
 */
export async function withFileLock<T>(
  file: string,
  options: FileLockOptions,
  body: () => Promise<T>,
): Promise<T> {
  const own = `${file}.${process.pid}-${++taken}`;
  writeFileSync(own, ownStamp());
  try {
    await acquire(own, file, options);
  } finally {
    rmSync(own, { force: true });
  }
  try {
    return await body();
  } finally {
    rmSync(file, { force: true });
  }
}

async function acquire(own: string, file: string, options: FileLockOptions): Promise<void> {
  const deadline = monotonicMs() + options.patienceMs;
  for (let waiting = false; !linked(own, file); ) {
    const holder = read(file);
    if (holder === null) continue;
    if (!isRunning(holder)) {
      takeAway(file, `${own}.stale`);
      continue;
    }
    if (!waiting) options.onWait();
    waiting = true;
    if (monotonicMs() > deadline) throw options.tooLong();
    await sleep(POLL_MS);
  }
}

/** A link appears with its content at once: nobody ever reads a lock that is still empty. */
function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Two may find the same stale lock: the slower one must not remove what the faster one put there. */
function takeAway(file: string, aside: string): void {
  try {
    renameSync(file, aside);
  } catch {
    return;
  }
  if (isRunning(read(aside) ?? '')) linked(aside, file);
  rmSync(aside, { force: true });
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
