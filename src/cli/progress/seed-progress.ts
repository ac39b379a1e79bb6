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
  /** Indexes and keys that are built; null: not begun. */
  readonly indexes: { readonly done: number; readonly of: number } | null;
}

type Step = 'rows' | 'indexes';

/** Shows a seed: first the rows that it writes, then the indexes and keys that it builds. */
export class SeedProgress {
  readonly #messages: Messages;
  readonly #look: () => SeedFigures;
  readonly #now: () => number;
  readonly #startedAt: number;
  /** When each step was first seen, and how much of it was done then. */
  readonly #began = new Map<Step, { readonly at: number; readonly done: number }>();

  /** `now`: milliseconds on a monotonic clock. */
  constructor(messages: Messages, look: () => SeedFigures, now: () => number = monotonicMs) {
    this.#messages = messages;
    this.#look = look;
    this.#now = now;
    this.#startedAt = now();
  }

  /** The moment of the seed; null: there is nothing to show yet. */
  view(): ProgressView | null {
    const { rows, of, indexes } = this.#look();
    if (indexes !== null) return this.#viewOf('indexes', indexes.done, indexes.of);
    return of === 0 ? null : this.#viewOf('rows', rows, of);
  }

  #viewOf(step: Step, done: number, of: number): ProgressView {
    const now = this.#now();
    const began = this.#began.get(step) ?? { at: now, done };
    this.#began.set(step, began);
    const share = Math.min(1, of === 0 ? 1 : done / of);
    const perMs = now === began.at ? 0 : (done - began.done) / (now - began.at);
    const leftMs = perMs === 0 ? null : (of - done) / perMs;
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
    counts: { done: number; of: number },
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
