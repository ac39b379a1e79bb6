import { Curve, type Segment } from '../load/curve.js';
import type { Arrivals, OnLag, PaceSpec } from '../load/pacer.js';
import { shareWorkers, splitExactly, type WorkerShare } from '../load/shares.js';
import type { Stage } from '../load/stages.js';
import type { EventType } from '../schema/event.js';
import type { Schema } from '../schema/schema.js';
import type { ProducerTask } from './protocol.js';

/** The settings that shape the load. */
export interface LoadSettings {
  /** The run's seed number. */
  readonly rng: number;
  readonly workers: number;
  /** Events per second over all workers; `max`: as fast as the server; null: cycle mode. */
  readonly rate: number | 'max' | null;
  /** Replace the rate, one after the other; empty: the rate holds. */
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

/** The load of a run, shared out over its workers. */
export interface LoadPlan {
  /** The rate of all workers over time; null in the cycle and for `max`. */
  readonly curve: Curve | null;
  /** When the load ends, in active milliseconds; null for no end. */
  readonly endMs: number | null;
  /** True: events that could not be sent when they were due are shed. */
  readonly sheds: boolean;
  readonly workers: readonly WorkerPlan[];
}

/**
 * Shares the load out over the workers; `maxEvents` is split exactly. Throws a RangeError when no event type has a
 * weight above 0.
 */
export function planLoad(load: LoadSettings, { eventTypes }: Pick<Schema, 'eventTypes'>): LoadPlan {
  const chosen = load.only.length > 0 ? load.only : eventTypes;
  const weights = Object.fromEntries(chosen.map((type) => [type, load.weights[type] ?? 0]));
  const owners = shareWorkers(weights, load.workers);
  const shares = owners.map(({ share }) => share);
  const segments = segmentsOf(load);
  const curve = segments === null ? null : new Curve(segments);
  const end = Math.min(
    curve?.endMs ?? Number.POSITIVE_INFINITY,
    (load.durationSeconds ?? Number.POSITIVE_INFINITY) * 1000,
  );
  const endMs = Number.isFinite(end) ? end : null;
  const sheds = curve !== null && load.onLag === 'shed';
  const limits = load.maxEvents === null ? null : splitExactly(load.maxEvents, shares);
  const workers = owners.map((share, worker) => ({
    worker,
    share,
    siblings: siblingsOf(owners, worker),
    pace: paceOf(load, segments, shares, worker, end),
    shed: sheds,
    commitLimit: limits?.[worker] ?? null,
    endMs,
  }));
  return { curve, endMs, sheds, workers };
}

/** The load over time, of all workers; null in the cycle and for `max`. */
function segmentsOf({ rate, stages }: LoadSettings): readonly Segment[] | null {
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
