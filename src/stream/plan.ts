import type { Settings } from '../config/settings.js';
import { EVENT_TYPES, type EventType } from '../hospital/events/index.js';
import { shareWorkers, splitExactly, type WorkerShare } from '../pacing/mix.js';
import type { PaceSpec } from '../pacing/pacer.js';
import type { ProducerTask } from '../threads/protocol.js';

/** What of the settings shapes the load. */
export type LoadSettings = Pick<
  Settings['stream'],
  | 'workers'
  | 'rate'
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
  'worker' | 'share' | 'siblings' | 'pace' | 'attemptLimit' | 'commitLimit' | 'endMs'
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
  const endMs = load.durationSeconds === null ? null : load.durationSeconds * 1000;

  const offered =
    typeof load.rate === 'number' && load.durationSeconds !== null
      ? splitExactly(Math.round(load.rate * load.durationSeconds), shares)
      : null;
  const wanted = load.maxEvents === null ? null : splitExactly(load.maxEvents, shares);

  return owners.map((share, worker) => ({
    worker,
    share,
    siblings: siblingsOf(owners, worker),
    pace: paceOf(load, share, worker, owners.length, endMs),
    attemptLimit: offered?.[worker] ?? null,
    commitLimit: wanted?.[worker] ?? null,
    endMs,
  }));
}

function paceOf(
  { rate, batchSize, intervalSeconds, maxJitterMs }: LoadSettings,
  { share }: WorkerShare,
  worker: number,
  workers: number,
  endMs: number | null,
): PaceSpec {
  if (rate === 'max') return { kind: 'max' };
  if (rate === null) {
    return { kind: 'cycle', intervalMs: intervalSeconds * 1000, jitterMs: maxJitterMs };
  }
  const lead = (batchSize * worker) / workers;
  return { kind: 'rate', rate: rate * share, lead, end: endMs ?? Number.POSITIVE_INFINITY };
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
