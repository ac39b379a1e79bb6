import { monotonicMs } from '../lib/clock.js';

/** So many lines of a kind are written one by one; further ones are summed. */
const SINGLE = 3;
/** The sums of a kind come in spans that grow from a second to a minute: a flood that lasts must not fill the log. */
const FIRST_SPAN_MS = 1_000;
const LONGEST_SPAN_MS = 60_000;
/** After so long without a line, a kind begins anew. */
const FORGET_MS = 10_000;

/** Writes a line; `count`: lines of this kind since the last one that was written, itself included. */
type Write = (count: number) => void;

interface Kind {
  written: number;
  /** Lines that wait for the next sum, and the latest of them. */
  waiting: number;
  write: Write;
  spanMs: number;
  dueAt: number;
  lastAt: number;
}

/** Keeps lines that repeat themselves few: the first ones of a kind are written at once, the others as sums. */
export class RepeatedLines {
  readonly #kinds = new Map<string, Kind>();
  readonly #now: () => number;

  /** `now`: milliseconds on a monotonic clock. */
  constructor(now: () => number = monotonicMs) {
    this.#now = now;
  }

  add(name: string, write: Write): void {
    const now = this.#now();
    const kind = this.#kinds.get(name) ?? begin(now, write);
    this.#kinds.set(name, kind);
    kind.lastAt = now;
    kind.write = write;
    if (kind.written < SINGLE) {
      kind.written++;
      write(1);
      return;
    }
    if (kind.waiting === 0) kind.dueAt = Math.max(kind.dueAt, now + FIRST_SPAN_MS);
    kind.waiting++;
  }

  /** Writes the sums that are due. To be called every second. */
  flush(): void {
    const now = this.#now();
    for (const [name, kind] of this.#kinds) {
      if (kind.waiting > 0 && now >= kind.dueAt) {
        writeSum(kind);
        kind.spanMs = Math.min(2 * kind.spanMs, LONGEST_SPAN_MS);
        kind.dueAt = now + kind.spanMs;
      } else if (kind.waiting === 0 && now - kind.lastAt > Math.max(FORGET_MS, kind.spanMs)) {
        this.#kinds.delete(name);
      }
    }
  }

  /** Writes all sums. */
  end(): void {
    for (const kind of this.#kinds.values()) if (kind.waiting > 0) writeSum(kind);
    this.#kinds.clear();
  }
}

function begin(now: number, write: Write): Kind {
  return { written: 0, waiting: 0, write, spanMs: FIRST_SPAN_MS, dueAt: 0, lastAt: now };
}

function writeSum(kind: Kind): void {
  const { waiting } = kind;
  kind.waiting = 0;
  kind.write(waiting);
}
