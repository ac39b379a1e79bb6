import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { monotonicMs, sleep } from '../lib/clock.js';
import { isRunning, ownStamp } from '../lib/process-stamp.js';

const POLL_MS = 25;
let taken = 0;

export interface FileLockOptions {
  /** Milliseconds to wait for the holder. */
  readonly patienceMs: number;
  /** Called once if another process or caller holds the lock. */
  readonly onWait: () => void;
  /** The error to throw after `patienceMs`. */
  readonly tooLong: () => Error;
}

/**
 * Runs `body` under a lock that excludes other processes and other callers. The lock is a file with the stamp of its
 * process; the lock of a dead process counts as free.
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
      removeStale(file, `${own}.stale`);
      continue;
    }
    if (!waiting) options.onWait();
    waiting = true;
    if (monotonicMs() > deadline) throw options.tooLong();
    await sleep(POLL_MS);
  }
}

/** Makes a hard link, so that the lock never exists without its content. False if the lock exists. */
function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Removes a stale lock, but not a new one that a faster process has put in its place. */
function removeStale(file: string, moved: string): void {
  try {
    renameSync(file, moved);
  } catch {
    return;
  }
  if (isRunning(read(moved) ?? '')) linked(moved, file);
  rmSync(moved, { force: true });
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
