import { execFileSync } from 'node:child_process';
import { fstatSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monotonicMs } from '../lib/clock.js';
import { isRunning, ownStamp } from '../lib/process-stamp.js';
import type { TerminalTurn } from './status-line.js';

/** How long a look at the other programs counts, so that a log line costs no reading of a folder. */
const LOOK_MS = 1_000;
/** `stty` answers in milliseconds. */
const STTY_PATIENCE_MS = 1_000;

/** Indexes of the own and of the terminal's foreground process group in `/proc/self/stat`, after the name. */
const GROUP_FIELD = 2;
const FOREGROUND_FIELD = 5;

/** A program in the queue of a terminal. */
interface Entry {
  readonly file: string;
  /** When it came, on the monotonic clock that all processes share. */
  readonly since: number;
  readonly stamp: string;
}

/**
 * The turns of programs at the terminal of a file descriptor. Each that wants to draw leaves an empty file in `folder`
 * with its place in the queue in its *name*: no content has to be read, or written over, of other accounts' files. The
 * first program that runs may draw; one in the background gives its place up. A killed program's place does not count.
 */
export class SharedTerminal implements TerminalTurn {
  readonly #fd: number;
  readonly #folder: string;
  readonly #prefix: string;
  #own: Entry | null = null;
  #others: { readonly at: number; readonly entries: readonly Entry[] } | null = null;
  #wasForeground = true;
  #isWritable = true;

  constructor(fd: number, folder: string = tmpdir()) {
    this.#fd = fd;
    this.#folder = folder;
    this.#prefix = `oltp-simulator-tty-${fstatSync(fd).rdev}-`;
    process.once('exit', () => this.#leave());
  }

  takes(): boolean {
    if (!this.#isForeground()) {
      this.#leave();
      return false;
    }
    this.#own ??= this.#enter();
    return !this.isTaken();
  }

  isTaken(): boolean {
    const own = this.#own;
    return this.#lookAtOthers().some((other) => own === null || isBefore(other, own));
  }

  isWritable(): boolean {
    return this.#isForeground() || this.#isWritable;
  }

  /** Enters the queue. Where no file can be made, others do not see this program, and it goes on. */
  #enter(): Entry {
    const since = Math.floor(monotonicMs());
    const stamp = ownStamp();
    const file = `${this.#prefix}${since}-${stamp.replace(' ', '.')}`;
    try {
      writeFileSync(join(this.#folder, file), '', { flag: 'wx' });
    } catch {
      // A temporary folder that cannot be written: no reason not to run.
    }
    this.#others = null;
    return { file, since, stamp };
  }

  #leave(): void {
    if (this.#own !== null) this.#remove(this.#own.file);
    this.#own = null;
  }

  /** The running programs in the queue, without this one. */
  #lookAtOthers(): readonly Entry[] {
    const now = monotonicMs();
    if (this.#others === null || now - this.#others.at > LOOK_MS) {
      this.#others = { at: now, entries: this.#readOthers() };
    }
    return this.#others.entries;
  }

  #readOthers(): Entry[] {
    const own = ownStamp();
    try {
      return readdirSync(this.#folder).flatMap((file) => {
        const entry = file.startsWith(this.#prefix) ? this.#parse(file) : null;
        if (entry === null || entry.stamp === own) return [];
        if (isRunning(entry.stamp)) return [entry];
        this.#remove(file);
        return [];
      });
    } catch {
      return [];
    }
  }

  #parse(file: string): Entry | null {
    const [, since, stamp] = /^(\d+)-(\d+(?:\.\d+)?)$/.exec(file.slice(this.#prefix.length)) ?? [];
    if (since === undefined || stamp === undefined) return null;
    return { file, since: Number(since), stamp: stamp.replace('.', ' ') };
  }

  #remove(file: string): void {
    try {
      rmSync(join(this.#folder, file), { force: true });
    } catch {
      // Another account's: it does not count, since its program does not run.
    }
  }

  /** Looks for job control, and once in the background, whether the terminal stops programs that write there. */
  #isForeground(): boolean {
    const isForeground = isInForeground();
    if (!isForeground && this.#wasForeground) this.#isWritable = !stopsWriters(this.#fd);
    this.#wasForeground = isForeground;
    return isForeground;
  }
}

function isBefore(one: Entry, other: Entry): boolean {
  return one.since < other.since || (one.since === other.since && one.stamp < other.stamp);
}

/** Whether the terminal's job control has this program in the foreground; true where that is unknown. */
function isInForeground(): boolean {
  try {
    const stat = readFileSync('/proc/self/stat', 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const foreground = Number(fields[FOREGROUND_FIELD]);
    return foreground <= 0 || foreground === Number(fields[GROUP_FIELD]);
  } catch {
    return true;
  }
}

/** Whether the terminal stops programs in the background that write to it (SIGTTOU). */
function stopsWriters(fd: number): boolean {
  try {
    const settings = execFileSync('stty', ['-a'], {
      stdio: [fd, 'pipe', 'ignore'],
      encoding: 'utf8',
      timeout: STTY_PATIENCE_MS,
    });
    return / tostop\b/.test(settings);
  } catch {
    return false;
  }
}
