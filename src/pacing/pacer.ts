import { Curve, type Segment } from './curve.js';

/** `even`: the events of a curve come at even distances; `poisson`: at random. */
export const ARRIVALS = ['even', 'poisson'] as const;
export type Arrivals = (typeof ARRIVALS)[number];

/** Where a worker stands when it asks for its next batch. All times in active milliseconds. */
export interface Progress {
  /** Events of the worker's share that are over. */
  readonly attempted: number;
  /** When its last batch was due; null before the first. */
  readonly previousDue: number | null;
  readonly now: number;
}

/** Says when a worker's next batch is due, in active milliseconds. Pure but for `random`. */
export type Pacer = (progress: Progress) => number;

/** Plain data that a pacer is made of; it crosses threads. Rates are events per second. */
export type PaceSpec =
  | {
      readonly kind: 'curve';
      /** The load of all workers. */
      readonly segments: readonly Segment[];
      /** This worker's part of it, between 0 and 1. */
      readonly share: number;
      readonly lead: number;
      readonly end: number;
      readonly arrivals: Arrivals;
    }
  | { readonly kind: 'cycle'; readonly intervalMs: number; readonly jitterMs: number }
  | { readonly kind: 'max' };

/** Makes the pacer of a worker. `random`: uniform in [0, 1). */
export function makePacer(spec: PaceSpec, random: () => number): Pacer {
  switch (spec.kind) {
    case 'curve': {
      const curve = new Curve(spec.segments);
      return spec.arrivals === 'poisson'
        ? poissonPacer(curve, spec.share, random)
        : evenPacer(curve, spec.share, spec.lead, spec.end);
    }
    case 'cycle':
      return cyclePacer(spec.intervalMs, spec.jitterMs, random);
    case 'max':
      return ({ now }) => now;
  }
}

/**
 * Open loop: the schedule depends on the curve alone, never on how fast the server answers. A batch
 * is due when the event before its first one is, `lead` events later: workers that share a curve get
 * different leads, so that their batches interleave instead of arriving together. What is left at
 * the `end` (milliseconds, Infinity for none) is due then.
 */
function evenPacer(curve: Curve, share: number, lead: number, end: number): Pacer {
  return ({ attempted }) => Math.min(curve.timeOf((attempted + lead) / share), end);
}

/**
 * Open loop with arrivals as in a queue of patients: events come at random moments, independent of each
 * other, as many as the curve says on average. A batch is due when its first event arrives.
 */
function poissonPacer(curve: Curve, share: number, random: () => number): Pacer {
  let arrived = -1;
  let at = 0;
  return ({ attempted }) => {
    // The time between arrivals at one event a second is exponential; the curve stretches it.
    for (; arrived < attempted; arrived++) at -= Math.log(1 - random());
    return curve.timeOf(at / share);
  };
}

/**
 * The closed cycle: one batch every interval ± jitter. A batch that took longer than the interval
 * moves the cycle on; it is not followed by others to catch up.
 */
function cyclePacer(intervalMs: number, jitterMs: number, random: () => number): Pacer {
  return ({ previousDue, now }) => {
    if (previousDue === null) return random() * Math.min(jitterMs, intervalMs);
    return Math.max(now, previousDue + intervalMs + (2 * random() - 1) * jitterMs);
  };
}
