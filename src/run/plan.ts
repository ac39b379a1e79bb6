import { Curve, type Segment } from '../load/curve.js';
import type { Arrivals, OnLag, PaceSpec } from '../load/pacer.js';
import { shareWorkers, splitExactly, type WorkerShare } from '../load/shares.js';
import type { Stage } from '../load/stages.js';
import { EVENT_TYPES, type EventType } from '../schemas/hospital/events/index.js';
import type { ProducerTask } from './protocol.js';

/** The settings that shape the load. */
export interface LoadSettings {
  /** The run's seed number. */
  readonly rng: number;
  readonly workers: number;
  /** Events per second over all workers; `max`: as fast as the server; null: cycle mode. */
  readonly rate: number | 'max' | null;
  /** One after the other, in the place of a rate; none: the rate. */
  readonly stages: readonly Stage[];
  readonly arrivals: Arrivals;
  readonly onLag: OnLag;
  readonly intervalSeconds: number;
  readonly maxJitterMs: number;
  readonly batchSize: number;
  /** null: until stopped. */
  readonly durationSeconds: number | null;
  /** null: no limit. */
  readonly maxEvents: number | null;
  readonly only: readonly EventType[];
  readonly weights: Readonly<Record<EventType, number>>;
}

/** One worker's part of the load. */
export type WorkerPlan = Pick<
  ProducerTask,
  'worker' | 'share' | 'siblings' | 'pace' | 'shed' | 'commitLimit' | 'endMs'
>;

/**
 * Shares the load out over the workers; `maxEvents` is split exactly. Throws a RangeError when no event type has a weight above 0.
 */
export function planLoad(load: LoadSettings): WorkerPlan[] {
  const chosen = load.only.length > 0 ? load.only : EVENT_TYPES;
  const weights = Object.fromEntries(chosen.map((type) => [type, load.weights[type]]));
  const owners = shareWorkers(weights, load.workers);
  const shares = owners.map(({ share }) => share);
  const segments = segmentsOf(load);
  const endMs = Math.min(
    segments === null ? Number.POSITIVE_INFINITY : new Curve(segments).endMs,
    (load.durationSeconds ?? Number.POSITIVE_INFINITY) * 1000,
  );
  const wanted = load.maxEvents === null ? null : splitExactly(load.maxEvents, shares);

  return owners.map((share, worker) => ({
    worker,
    share,
    siblings: siblingsOf(owners, worker),
    pace: paceOf(load, segments, shares, worker, endMs),
    shed: segments !== null && load.onLag === 'shed',
    commitLimit: wanted?.[worker] ?? null,
    endMs: Number.isFinite(endMs) ? endMs : null,
  }));
}

/** The load over time, of all workers; null in the cycle and for `max`. */
export function segmentsOf({
  rate,
  stages,
}: Pick<LoadSettings, 'rate' | 'stages'>): readonly Segment[] | null {
  if (stages.length > 0) return stages.flatMap(({ segments }) => segments);
  return typeof rate === 'number' ? [{ ms: Number.POSITIVE_INFINITY, from: rate, to: rate }] : null;
}

function paceOf(
  { rate, batchSize, intervalSeconds, maxJitterMs, arrivals, rng }: LoadSettings,
  segments: readonly Segment[] | null,
  shares: readonly number[],
  worker: number,
  end: number,
): PaceSpec {
  if (segments === null) {
    return rate === 'max'
      ? { kind: 'max' }
      : { kind: 'cycle', intervalMs: intervalSeconds * 1000, jitterMs: maxJitterMs };
  }
  return { kind: 'curve', segments, end, shares, worker, batchSize, arrivals, rng };
}

/** For each event type of a worker: its position among the workers of that type. */
function siblingsOf(owners: readonly WorkerShare[], worker: number): WorkerPlan['siblings'] {
  const owns = (owner: WorkerShare, type: EventType) =>
    owner.events.some((event) => event.type === type);
  return Object.fromEntries(
    (owners[worker]?.events ?? []).map(({ type }) => [
      type,
      {
        index: owners.slice(0, worker).filter((owner) => owns(owner, type)).length,
        of: owners.filter((owner) => owns(owner, type)).length,
      },
    ]),
  );
}
