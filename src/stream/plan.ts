import type { Settings } from '../config/settings.js';
import { EVENT_TYPES, type EventType } from '../hospital/events/index.js';
import { shareWorkers, splitExactly, type WorkerShare } from '../pacing/mix.js';
import { Curve, type Segment } from '../pacing/curve.js';
import type { PaceSpec } from '../pacing/pacer.js';
import type { ProducerTask } from '../threads/protocol.js';

/** What of the settings shapes the load. */
export type LoadSettings = Pick<
  Settings['stream'],
  | 'workers'
  | 'rate'
  | 'stages'
  | 'arrivals'
  | 'onLag'
  | 'intervalSeconds'
  | 'maxJitterMs'
  | 'batchSize'
  | 'durationSeconds'
  | 'maxEvents'
  | 'only'
  | 'weights'
>;

/** One worker's part of the load. */
export type WorkerPlan = Pick<
  ProducerTask,
  'worker' | 'share' | 'siblings' | 'pace' | 'shed' | 'attemptLimit' | 'commitLimit' | 'endMs'
>;

/**
 * Shares the load out over the workers. In the open loop the events of the whole run are split
 * exactly; `maxEvents` is, always. Throws a RangeError when no event type has a weight above 0.
 */
export function planLoad(load: LoadSettings): WorkerPlan[] {
  const chosen = load.only.length > 0 ? load.only : EVENT_TYPES;
  const weights = Object.fromEntries(chosen.map((type) => [type, load.weights[type]]));
  const owners = shareWorkers(weights, load.workers);
  const shares = owners.map(({ share }) => share);
  const segments = segmentsOf(load);
  const curve = segments === null ? null : new Curve(segments);
  const last = Math.min(curve?.endMs ?? Number.POSITIVE_INFINITY, (load.durationSeconds ?? Number.POSITIVE_INFINITY) * 1000);
  const endMs = Number.isFinite(last) ? last : null;

  // Arrivals at random are as many as they happen to be.
  const offered =
    curve !== null && endMs !== null && load.arrivals === 'even'
      ? splitExactly(Math.round(curve.eventsBy(endMs)), shares)
      : null;
  const wanted = load.maxEvents === null ? null : splitExactly(load.maxEvents, shares);

  return owners.map((share, worker) => ({
    worker,
    share,
    siblings: siblingsOf(owners, worker),
    pace: paceOf(load, segments, share, worker, owners.length, endMs),
    shed: curve !== null && load.onLag === 'shed',
    attemptLimit: offered?.[worker] ?? null,
    commitLimit: wanted?.[worker] ?? null,
    endMs,
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
  { rate, batchSize, intervalSeconds, maxJitterMs, arrivals }: LoadSettings,
  segments: readonly Segment[] | null,
  { share }: WorkerShare,
  worker: number,
  workers: number,
  endMs: number | null,
): PaceSpec {
  if (segments === null) {
    return rate === 'max'
      ? { kind: 'max' }
      : { kind: 'cycle', intervalMs: intervalSeconds * 1000, jitterMs: maxJitterMs };
  }
  const lead = (batchSize * worker) / workers;
  const end = endMs ?? Number.POSITIVE_INFINITY;
  return { kind: 'curve', segments, share, lead, end, arrivals };
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
