import { type HazardTimes, listHazards } from '../hazards/times.js';
import { type Histogram, merge, QUANTILE_NAMES } from '../lib/histogram.js';
import { round } from '../lib/numbers.js';
import type { Curve } from '../load/curve.js';
import type { StoppedBy } from '../run/engine.js';
import type { Counter, WorkerStats } from '../run/worker-stats.js';
import type { Quantiles, RunSummary, TypeFigures } from '../runs/summary.js';
import { noRows, OPERATIONS, type Operation, type RowCounts } from '../schema/changes.js';
import type { EventType } from '../schema/event.js';
import type { Schema } from '../schema/schema.js';
import type { Tables } from '../schema/tables.js';
import type { SeriesStats } from './series-stats.js';
import { judge, type Threshold } from './thresholds.js';

/** The plan of a run, as far as the summary needs it. */
export interface RunFacts {
  readonly schema: Pick<Schema, 'tables' | 'eventTypes'>;
  readonly runId: string;
  readonly rng: number;
  readonly batchSize: number;
  /** Events per second, when there is one rate. */
  readonly rate: number | 'max' | null;
  /** The load over time; null in the cycle and for `max`. */
  readonly curve: Curve | null;
  /** When the load ends, in active milliseconds; null for no end. */
  readonly endMs: number | null;
  /** Events that were not sent when they were due are shed, so no backlog waits (`--on-lag shed`). */
  readonly sheds: boolean;
}

/** The end of a run. */
export interface Ending {
  readonly stoppedBy: StoppedBy;
  readonly seconds: number;
  readonly activeSeconds: number;
  /** The server was lost, and the backlog was not sent. */
  readonly lost: boolean;
  /** Workers waited for a lock or a standby when the run was to end. */
  readonly waited?: boolean;
  /** Batches that were rolled back because they waited for a lock then. */
  readonly givenUp?: number;
  /** Some workers got no answer until they were cut off. */
  readonly cutOff?: boolean;
  /** Hazards that were asked for; with 0 if they never happened; left out: none. */
  readonly hazards?: HazardTimes;
}

/** Adds up the workers' counters, and judges the thresholds by the sums. */
export function summarize(
  facts: RunFacts,
  ending: Ending,
  workerStats: readonly WorkerStats[],
  seriesStats: SeriesStats,
  thresholds: readonly Threshold[] = [],
): RunSummary {
  const sum = (counter: Counter) =>
    workerStats.reduce((total, stats) => total + stats.get(counter), 0);
  const events = workerStats.reduce((total, stats) => total + stats.events, 0);
  const { seconds, activeSeconds, hazards = {} } = ending;
  const { curve } = facts;
  // A run may end a moment after its plan, when no more events are due.
  const loadSeconds = Math.min(activeSeconds, (facts.endMs ?? Number.POSITIVE_INFINITY) / 1000);
  const offered = curve === null ? null : curve.eventsBy(loadSeconds * 1000);
  const due =
    offered !== null
      ? Math.round(offered)
      : facts.rate === 'max'
        ? null
        : workerStats.reduce((total, stats) => total + stats.due, 0);
  const unsent = due === null ? null : Math.max(0, due - sum('attempted'));
  // For `max` there is always something due.
  const serverLost = ending.lost && !facts.sheds && unsent !== 0;
  const summary: RunSummary = {
    run_id: facts.runId,
    rng: facts.rng,
    workers: workerStats.length,
    batch_size: facts.batchSize,
    target_rate:
      typeof facts.rate === 'number'
        ? facts.rate
        : offered === null
          ? null
          : round(offered / Math.max(loadSeconds, Number.EPSILON), 3),
    achieved_rate: round(activeSeconds > 0 ? events / activeSeconds : 0, 2),
    offered: offered === null ? null : Math.round(offered),
    shed: sum('shed'),
    unsent,
    server_lost: serverLost,
    held_up: !serverLost && isShort(facts, ending, unsent),
    given_up: ending.givenUp ?? 0,
    seconds: round(seconds, 3),
    paused_seconds: round(Math.max(0, seconds - activeSeconds), 3),
    events,
    transactions: {
      committed: sum('committed'),
      rolled_back: sum('rolledBack'),
      in_doubt: sum('unknown'),
      settled: sum('settled'),
    },
    rows: sumRows(facts.schema.tables, workerStats),
    rejected: sumRejected(workerStats),
    retries: sum('retries'),
    reconnects: sum('reconnects'),
    latency_ms: {
      response: quantiles(merge(workerStats.map((stats) => stats.response))),
      service: quantiles(merge(workerStats.map((stats) => stats.service))),
      lag: quantiles(merge(workerStats.map((stats) => stats.lag))),
    },
    by_type: figuresByType(facts.schema.eventTypes, workerStats),
    generator: seriesStats.generator(
      curve === null ? null : merge(workerStats.map((stats) => stats.late)).quantile(0.99),
    ),
    slots: seriesStats.slots(),
    ...(listHazards(hazards).length === 0 ? {} : { hazards }),
    thresholds: [],
    stopped_by: ending.stoppedBy,
  };
  return { ...summary, thresholds: thresholds.map((threshold) => judge(threshold, summary)) };
}

/**
 * Was the run held up, and did it do less than planned? A run that a signal or a threshold ends may leave due events
 * unsent, but not batches in flight.
 */
function isShort(
  { sheds }: RunFacts,
  { stoppedBy, waited = false, givenUp = 0, cutOff = false }: Ending,
  unsent: number | null,
): boolean {
  const unfinished = givenUp > 0 || cutOff;
  if (stoppedBy === 'signal' || stoppedBy === 'threshold') return unfinished;
  return !sheds && (unfinished || (waited && (unsent ?? 0) > 0));
}

function figuresByType(
  types: readonly EventType[],
  workerStats: readonly WorkerStats[],
): RunSummary['by_type'] {
  const byType: Partial<Record<EventType, Partial<Record<Operation, TypeFigures>>>> = {};
  for (const type of types) {
    for (const operation of OPERATIONS) {
      const latencies = workerStats.map((stats) => stats.latencyOf(type, operation));
      const response = merge(latencies.map((latency) => latency.response));
      const events = response.count;
      if (events === 0) continue;
      const service = quantiles(merge(latencies.map((latency) => latency.service)));
      const figures = { events, response: quantiles(response), service };
      byType[type] = { ...byType[type], [operation]: figures };
    }
  }
  return byType;
}

function quantiles(histogram: Histogram): Quantiles {
  return histogram.quantiles(...QUANTILE_NAMES);
}

function sumRows(tables: Tables, workerStats: readonly WorkerStats[]): RowCounts {
  const rows = noRows(tables);
  for (const [table, counts] of Object.entries(rows)) {
    for (const operation of OPERATIONS) {
      for (const stats of workerStats) counts[operation] += stats.rows(table, operation);
    }
  }
  return rows;
}

function sumRejected(workerStats: readonly WorkerStats[]): Record<string, number> {
  const rejected: Record<string, number> = {};
  for (const stats of workerStats) {
    for (const [sqlstate, count] of Object.entries(stats.rejected())) {
      rejected[sqlstate] = (rejected[sqlstate] ?? 0) + count;
    }
  }
  return rejected;
}
