import { mkdirSync, type Stats, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { createStream, type RotatingFileStream } from 'rotating-file-stream';
import { localTime } from '../lib/local-time.js';

export interface Rotation {
  readonly when: 'midnight' | 'never';
  /** How many rotated files are kept; 0: all of them. */
  readonly keep: number;
}

/** The file is looked for at its place this often. */
const WATCH_MS = 1000;

/** Attempts to write: another program's rotation may spoil one or two; a further failure is the disk's. */
const ATTEMPTS = 3;

/**
 * One log file, rotated at local midnight: `app.log` becomes `app.log.2026-11-23.<pid>`. The
 * process id keeps two programs that rotate in the same millisecond from overwriting each other's
 * day; and a file that another program moved away is made again at its place.
 */
export class LogFile {
  readonly #path: string;
  readonly #rotation: Rotation;
  readonly #onGivenUp: (path: string, reason: string) => void;
  #stream: RotatingFileStream | null;
  #inode: number | undefined;
  #watchedAt = 0;
  readonly #unfinished = new Set<Promise<void>>();

  /** `onGivenUp`: called once, when the file cannot be written and is left out from then on. */
  constructor(path: string, rotation: Rotation, onGivenUp: (path: string, reason: string) => void) {
    this.#path = path;
    this.#rotation = rotation;
    this.#onGivenUp = onGivenUp;
    this.#stream = this.#open();
  }

  /** Appends whole lines, in the background. Never throws. */
  write(lines: string): void {
    if (this.#stream === null) return;
    this.#watch();
    const writing = this.#append(lines).finally(() => this.#unfinished.delete(writing));
    this.#unfinished.add(writing);
  }

  /** Resolves when all lines so far are written, or the file is given up. */
  async flush(): Promise<void> {
    await Promise.all(this.#unfinished);
  }

  /** Writes the lines that are under way, and closes the file. */
  async close(): Promise<void> {
    await this.flush();
    this.#retire();
    await this.flush();
  }

  async #append(lines: string): Promise<void> {
    for (let attempt = 1; this.#stream !== null; attempt++) {
      const stream = this.#stream;
      const error = await new Promise<unknown>((resolve) => stream.write(lines, resolve));
      if (!error) return;
      // Another line's failure has opened the file anew meanwhile.
      if (stream !== this.#stream) continue;
      if (attempt < ATTEMPTS) this.#stream = this.#open();
      else this.#giveUp(error);
    }
  }

  #giveUp(error: unknown): void {
    this.#stream = null;
    this.#onGivenUp(this.#path, error instanceof Error ? error.message : String(error));
  }

  #open(): RotatingFileStream | null {
    try {
      makeFolder(dirname(this.#path));
    } catch (error) {
      // Later: the log that hears of it may not be open yet.
      queueMicrotask(() => this.#giveUp(error));
      return null;
    }
    const { when, keep } = this.#rotation;
    const name = basename(this.#path);
    const stream = createStream((time, index) => (time ? rotatedName(name, time, index) : name), {
      path: dirname(this.#path),
      ...(when === 'midnight'
        ? { interval: '1d', intervalBoundary: true, initialRotation: true }
        : {}),
      ...(keep > 0 ? { maxFiles: keep, history: `.${name}.history` } : {}),
    });
    // Failures are handled in #append; an event without a listener would end the program.
    stream.on('error', () => {});
    stream.on('open', () => {
      this.#inode = statOf(this.#path)?.ino;
    });
    return stream;
  }

  #watch(): void {
    const now = Date.now();
    if (now - this.#watchedAt < WATCH_MS) return;
    this.#watchedAt = now;
    if (this.#inode === undefined || statOf(this.#path)?.ino === this.#inode) return;
    this.#retire();
    this.#inode = undefined;
    this.#stream = this.#open();
  }

  #retire(): void {
    const stream = this.#stream;
    this.#stream = null;
    if (stream === null || stream.destroyed) return;
    const closing = new Promise<void>((resolve) => {
      stream.once('close', resolve);
      stream.end();
    }).finally(() => this.#unfinished.delete(closing));
    this.#unfinished.add(closing);
  }
}

/**
 * Makes a folder, level by level: in Node.js, a recursive mkdir never returns where the file
 * system answers ENOENT for a folder whose parent exists, as /proc does.
 */
function makeFolder(folder: string): void {
  if (statOf(folder)?.isDirectory() === true) return;
  makeFolder(dirname(folder));
  try {
    mkdirSync(folder);
  } catch (error) {
    if (statOf(folder)?.isDirectory() !== true) throw error;
  }
}

/** `index` counts from 1 while the name before it is taken. */
function rotatedName(name: string, time: number | Date, index = 1): string {
  const day = localTime(time).slice(0, 'YYYY-MM-DD'.length);
  return `${name}.${day}.${process.pid}${index > 1 ? `.${index}` : ''}`;
}

function statOf(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}
