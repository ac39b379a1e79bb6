import type { EventType } from '../schema/event.js';

/** The part of the load that one worker owns: its event types, and its share of all events. */
export interface WorkerShare {
  readonly events: readonly { readonly type: EventType; readonly weight: number }[];
  /** Between 0 and 1; the shares of all workers sum to 1. */
  readonly share: number;
}

/**
 * Shares workers out over the event types by weight. With at least as many workers as types, each
 * worker owns one type, each type has a worker, and further workers go to the type with the most weight a worker
 * (highest averages). With fewer workers, each owns several types, packed so that the loads are even.
 * Types of weight 0 get no worker. Throws a RangeError when no weight is above 0.
 */
export function shareWorkers(
  weights: Readonly<Record<EventType, number>>,
  workers: number,
): WorkerShare[] {
  const types = Object.entries(weights)
    .filter(([, weight]) => weight > 0)
    .sort(([, a], [, b]) => b - a);
  const total = types.reduce((sum, [, weight]) => sum + weight, 0);
  if (total === 0) throw new RangeError('no event type has a weight above 0');

  if (workers < types.length) {
    const loads = Array.from({ length: workers }, () => ({ load: 0, owned: [] as typeof types }));
    for (const entry of types) {
      const lightest = loads.reduce((a, b) => (b.load < a.load ? b : a));
      lightest.owned.push(entry);
      lightest.load += entry[1];
    }
    return loads.map(({ load, owned }) => ({
      events: owned.map(([type, weight]) => ({ type, weight })),
      share: load / total,
    }));
  }

  const counts = types.map(() => 1);
  const carried = (i: number) => (types[i]?.[1] ?? 0) / (counts[i] ?? 1);
  for (let i = types.length; i < workers; i++) {
    const neediest = types.reduce((best, _, j) => (carried(j) > carried(best) ? j : best), 0);
    counts[neediest] = (counts[neediest] ?? 0) + 1;
  }
  return types.flatMap(([type, weight], i) => {
    const count = counts[i] ?? 1;
    return Array.from({ length: count }, () => ({
      events: [{ type, weight }],
      share: weight / total / count,
    }));
  });
}

/**
 * Splits `total` (a whole number) over the shares so that the parts are whole and sum to exactly
 * `total`; the remainder goes to the largest fractions.
 */
export function splitExactly(total: number, shares: readonly number[]): number[] {
  const sum = shares.reduce((a, b) => a + b, 0);
  const exact = shares.map((share) => (total * share) / sum);
  const parts = exact.map(Math.floor);
  const missing = total - parts.reduce((a, b) => a + b, 0);
  const byRemainder = exact
    .map((value, i) => ({ i, remainder: value - Math.floor(value) }))
    .sort((a, b) => b.remainder - a.remainder || a.i - b.i);
  for (const { i } of byRemainder.slice(0, missing)) parts[i] = (parts[i] ?? 0) + 1;
  return parts;
}

/**
 * Chooses the event type of a worker's next batch: the type that is furthest behind its weight. Deterministic, and
 * exact in the long run. `done`: events so far of each type.
 */
export function nextType(share: WorkerShare, done: ReadonlyMap<EventType, number>): EventType {
  const furthest = share.events.reduce((best, event) => {
    const progress = (e: typeof event) => (done.get(e.type) ?? 0) / e.weight;
    return progress(event) < progress(best) ? event : best;
  });
  return furthest.type;
}
