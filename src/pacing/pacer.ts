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
  | { readonly kind: 'rate'; readonly rate: number; readonly lead: number; readonly end: number }
  | { readonly kind: 'cycle'; readonly intervalMs: number; readonly jitterMs: number }
  | { readonly kind: 'max' };

/** Makes the pacer of a worker. `random`: uniform in [0, 1). */
export function makePacer(spec: PaceSpec, random: () => number): Pacer {
  switch (spec.kind) {
    case 'rate':
      return ratePacer(spec.rate, spec.lead, spec.end);
    case 'cycle':
      return cyclePacer(spec.intervalMs, spec.jitterMs, random);
    case 'max':
      return ({ now }) => now;
  }
}

/**
 * Open loop: the schedule depends on the rate alone, never on how fast the server answers. A batch
 * is due when the event before its first one is, `lead` events later: workers that share a rate get
 * different leads, so that their batches interleave instead of arriving together. What is left at
 * the `end` (milliseconds, Infinity for none) is due then.
 */
function ratePacer(rate: number, lead: number, end: number): Pacer {
  return ({ attempted }) => Math.min(((attempted + lead) / rate) * 1000, end);
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
