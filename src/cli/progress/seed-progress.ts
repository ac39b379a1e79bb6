import { monotonicMs } from '../../lib/clock.js';
import { round } from '../../lib/numbers.js';
import type { LivePart } from '../../log/live-line.js';
import type { Messages } from '../../messages/index.js';
import { clockText } from './clock-text.js';
import type { ProgressView } from './progress.js';

const BAR_WIDTH = 20;

/** The worth of each form of the live line, from the one that is given up first. */
const WORTH = { bar: 0, rate: 1, done: 2, left: 3, percent: 4 } as const;

/** The work of a seed so far. */
export interface SeedFigures {
  /** Rows written. */
  readonly rows: number;
  /** Rows to write. 0: not known yet, or nothing to do. */
  readonly of: number;
  /** The work of writing them, by which the time left is estimated; `of` is 0 while it is not known. */
  readonly work: Amount;
  /** Indexes and keys that are built; null: not begun. */
  readonly indexes: Amount | null;
}

type Step = 'rows' | 'indexes';

/** Something that is done in part. */
interface Amount {
  readonly done: number;
  readonly of: number;
}

/** Shows a seed: first the rows that it writes, then the indexes and keys that it builds. */
export class SeedProgress {
  readonly #messages: Messages;
  readonly #look: () => SeedFigures;
  readonly #now: () => number;
  readonly #startedAt: number;
  /** When each step was first seen, and how much of it was done then. */
  readonly #began = new Map<
    Step,
    { readonly at: number; readonly done: number; readonly worked: number }
  >();

  /** `now`: milliseconds on a monotonic clock. */
  constructor(messages: Messages, look: () => SeedFigures, now: () => number = monotonicMs) {
    this.#messages = messages;
    this.#look = look;
    this.#now = now;
    this.#startedAt = now();
  }

  /** The moment of the seed; null: there is nothing to show yet. */
  view(): ProgressView | null {
    const { rows, of, work, indexes } = this.#look();
    if (indexes !== null) return this.#viewOf('indexes', indexes, indexes);
    return of === 0 ? null : this.#viewOf('rows', { done: rows, of }, work);
  }

  /** `work`: the counts, weighed where some cost more than others. */
  #viewOf(step: Step, { done, of }: Amount, work: Amount): ProgressView {
    const now = this.#now();
    const began = this.#began.get(step) ?? { at: now, done, worked: work.done };
    this.#began.set(step, began);
    const share = work.of === 0 ? Number(of === 0) : Math.min(1, work.done / work.of);
    const per = (amount: number) => (now === began.at ? 0 : amount / (now - began.at));
    const perMs = per(done - began.done);
    const workPerMs = per(work.done - began.worked);
    const leftMs = workPerMs === 0 ? null : (work.of - work.done) / workPerMs;
    return {
      parts: this.#parts(step, { done, of }, share, perMs * 1000, leftMs),
      record: {
        phase: 'seed',
        step,
        done,
        of,
        percent: Math.floor(share * 100),
        rate: step === 'rows' ? Math.round(perMs * 1000) : null,
        elapsed_seconds: round((now - this.#startedAt) / 1000, 1),
        left_seconds: leftMs === null ? null : round(leftMs / 1000, 1),
      },
    };
  }

  #parts(
    step: Step,
    counts: Amount,
    share: number,
    perSecond: number,
    leftMs: number | null,
  ): LivePart[] {
    const { seed: m } = this.#messages;
    const percent = `${Math.floor(share * 100)}%`;
    return [
      [
        { text: `${bar(share)} ${percent.padStart(4)}`, worth: WORTH.bar, isDrawing: true },
        { text: percent, worth: WORTH.percent },
      ],
      ...(step === 'rows'
        ? [
            [{ text: m.rows(counts), worth: WORTH.done }],
            // Nothing has been measured yet: 0 would look like a seed that stands still.
            ...(perSecond === 0
              ? []
              : [[{ text: m.perSecond(Math.round(perSecond)), worth: WORTH.rate }]]),
          ]
        : [
            [
              { text: m.indexes(counts), worth: WORTH.rate },
              { text: m.shortIndexes(counts), worth: WORTH.done },
            ],
          ]),
      ...(leftMs === null ? [] : [[{ text: m.left(clockText(leftMs)), worth: WORTH.left }]]),
    ];
  }
}

/** [████████████░░░░░░░░] */
function bar(share: number): string {
  const filled = Math.round(share * BAR_WIDTH);
  return `[${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)}]`;
}
