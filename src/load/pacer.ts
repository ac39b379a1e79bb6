import { RNG_PURPOSE, Rng } from '../random/rng.js';
import { Curve, type Segment } from './curve.js';

/** Where a worker stands when it asks for its next batch. All times in active milliseconds. */
export interface Progress {
  /** Events of the worker that are over or ordered. */
  readonly attempted: number;
  /** When its last batch was due; null before the first. */
  readonly previousDue: number | null;
  readonly now: number;
}

/** A worker's next batch. */
export interface Due {
  /** In active milliseconds; Infinity when nothing is due any more. */
  readonly at: number;
  /** Events that are due then, at most; Infinity: a whole batch. */
  readonly events: number;
}

/** Says when a worker's next batch is due. Pure but for `random`. */
export type Pacer = (progress: Progress) => Due;

/**
 * What becomes of batches that could not be sent when they were due. `queue`: they are sent late, and
 * their response latency says so. `shed`: they are not sent, and counted as shed.
 */
export const ON_LAG = ['queue', 'shed'] as const;
export type OnLag = (typeof ON_LAG)[number];

/** `even`: the events of a curve come at even distances; `poisson`: at random. */
export const ARRIVALS = ['even', 'poisson'] as const;
export type Arrivals = (typeof ARRIVALS)[number];

/** The open loop: a curve that all workers share. */
export interface CurvePace {
  readonly kind: 'curve';
  /** The load of all workers. */
  readonly segments: readonly Segment[];
  /** When the load ends, in milliseconds; Infinity for never. */
  readonly end: number;
  /** Each worker's part, between 0 and 1; they sum to 1. */
  readonly shares: readonly number[];
  /** Which of them this worker is. */
  readonly worker: number;
  readonly batchSize: number;
  readonly arrivals: Arrivals;
  /** Seed number of random arrivals: the same for all workers. */
  readonly rng: number;
}

/** Plain data that a pacer is made of; it crosses threads. */
export type PaceSpec =
  | CurvePace
  | { readonly kind: 'cycle'; readonly intervalMs: number; readonly jitterMs: number }
  | { readonly kind: 'max' };

/** Makes the pacer of a worker. `random`: uniform in [0, 1). */
export function makePacer(spec: PaceSpec, random: () => number): Pacer {
  switch (spec.kind) {
    case 'curve':
      return curvePacer(spec);
    case 'cycle':
      return cyclePacer(spec.intervalMs, spec.jitterMs, random);
    case 'max':
      return ({ now }) => ({ at: now, events: Number.POSITIVE_INFINITY });
  }
}

/**
 * Open loop: the schedule depends on the curve alone, never on how fast the server answers. There is
 * one row of batches for all workers, each due when the event before its first one is; every worker
 * knows the whole row, and which batches of it are its own. So the events due by any moment are the
 * integral of the curve, to a batch, however many workers there are.
 */
function curvePacer({ segments, end, shares, worker, batchSize, arrivals, rng }: CurvePace): Pacer {
  const curve = new Curve(segments);
  const random = arrivals === 'poisson' ? poissonArrivals(rng) : null;
  // Arrivals at random are as many as they happen to be.
  const total = random === null ? Math.round(curve.eventsBy(end)) : Number.POSITIVE_INFINITY;
  const turns = new Turns(shares);
  let batch = -1;
  const advance = () => {
    do batch++;
    while (turns.next() !== worker && batch * batchSize < total);
  };
  advance();
  let before = 0;
  return ({ attempted }) => {
    const sizeOf = (index: number) => Math.min(batchSize, Math.max(0, total - index * batchSize));
    while (before < attempted && sizeOf(batch) > 0) {
      before += sizeOf(batch);
      advance();
    }
    const events = sizeOf(batch);
    if (events === 0) return { at: Number.POSITIVE_INFINITY, events };
    const first = batch * batchSize;
    return { at: curve.timeOf(random === null ? first : random(first)), events };
  };
}

/**
 * Whose turn it is: workers take turns as often as their shares say, and as evenly as they can be
 * spread ("smooth weighted round robin").
 */
class Turns {
  readonly #shares: readonly number[];
  readonly #credits: number[];

  constructor(shares: readonly number[]) {
    this.#shares = shares;
    this.#credits = shares.map(() => 0);
  }

  next(): number {
    let richest = 0;
    for (let i = 0; i < this.#shares.length; i++) {
      this.#credits[i]! += this.#shares[i]!;
      if (this.#credits[i]! > this.#credits[richest]!) richest = i;
    }
    this.#credits[richest]! -= 1;
    return richest;
  }
}

/**
 * When events come that are independent of each other, as in a queue of patients: the times between
 * them are exponential. Counted in events, so that the curve stretches them: event `index` comes when
 * the curve has made this many due. To be asked for ascending indices.
 */
function poissonArrivals(seed: number): (index: number) => number {
  const rng = new Rng(seed).at(RNG_PURPOSE.arrivals, 0);
  let arrived = -1;
  let at = 0;
  return (index) => {
    for (; arrived < index; arrived++) at -= Math.log(1 - rng.unit());
    return at;
  };
}

/**
 * The closed cycle: one batch every interval ± jitter. A batch that took longer than the interval
 * moves the cycle on; it is not followed by others to catch up.
 */
function cyclePacer(intervalMs: number, jitterMs: number, random: () => number): Pacer {
  const events = Number.POSITIVE_INFINITY;
  return ({ previousDue, now }) => {
    if (previousDue === null) return { at: random() * Math.min(jitterMs, intervalMs), events };
    const next = previousDue + intervalMs + (2 * random() - 1) * jitterMs;
    return { at: Math.max(now, next), events };
  };
}
