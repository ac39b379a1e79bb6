import { RNG_PURPOSE, Rng } from '../random/rng.js';
import { Curve, type Segment } from './curve.js';

/** The state of a worker that asks for its next batch. Times in active milliseconds. */
export interface Progress {
  /** Events of the worker that are over or scheduled. */
  readonly attempted: number;
  /** Due time of its last batch; null before the first. */
  readonly previousDue: number | null;
  readonly now: number;
}

/** A worker's next batch. */
interface Due {
  /** In active milliseconds; Infinity when no batch is left. */
  readonly at: number;
  /** Size of the batch at most; Infinity: a whole batch. */
  readonly events: number;
}

/** Decides when a worker's next batch is due. */
export type Pacer = (progress: Progress) => Due;

/**
 * The treatment of batches that could not be sent when they were due. `queue`: they are sent late, and
 * their response latency shows it. `shed`: they are not sent, and count as shed.
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
  /** End of the load, in milliseconds; Infinity for none. */
  readonly end: number;
  /** Each worker's share, between 0 and 1; they sum to 1. */
  readonly shares: readonly number[];
  /** Position of this worker among the shares. */
  readonly worker: number;
  readonly batchSize: number;
  readonly arrivals: Arrivals;
  /** Seed number of random arrivals: the same for all workers. */
  readonly rng: number;
}

/** A pacer as plain data, which crosses threads. */
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
 * Open loop: the schedule depends on the curve alone, never on the speed of the server. There is
 * one sequence of batches for all workers, each batch due together with the event before its first one; every worker
 * knows the whole sequence, and its own batches in it. So with any number of workers the events due by a moment are
 * the integral of the curve, to a batch.
 */
function curvePacer({ segments, end, shares, worker, batchSize, arrivals, rng }: CurvePace): Pacer {
  const curve = new Curve(segments);
  const random = arrivals === 'poisson' ? poissonArrivals(rng) : null;
  // The number of random arrivals is random, too.
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
 * The order in which workers take turns: as often as their shares say, and spread as evenly as possible
 * ("smooth weighted round robin").
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
 * Arrivals of events that are independent of each other, as in a queue of patients: the times between
 * them are exponential. Times count in events, so that the curve stretches them: event `index` comes once
 * the curve has made the returned number due. Call it with ascending indices.
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
 * delays the cycle; no batches follow it to catch up.
 */
function cyclePacer(intervalMs: number, jitterMs: number, random: () => number): Pacer {
  const events = Number.POSITIVE_INFINITY;
  return ({ previousDue, now }) => {
    if (previousDue === null) return { at: random() * Math.min(jitterMs, intervalMs), events };
    const next = previousDue + intervalMs + (2 * random() - 1) * jitterMs;
    return { at: Math.max(now, next), events };
  };
}
