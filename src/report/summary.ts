import { type Histogram, merge } from '../lib/histogram.js';
import { round } from '../lib/round.js';
import type { Curve } from '../load/curve.js';
import type { StoppedBy } from '../run/coordinator.js';
import {
  type Counter,
  noRows,
  OPERATIONS,
  type Operation,
  type RowCounts,
  type WorkerStats,
} from '../run/worker-stats.js';
import { EVENT_TYPES, type EventType } from '../schemas/hospital/events/index.js';
import { TABLE_NAMES } from '../schemas/hospital/tables.js';
import type { SeriesDigest } from './series-stats.js';
import { judge, type Threshold } from './thresholds.js';

/** Milliseconds; null where nothing was measured. */
export interface Quantiles {
  readonly p50: number | null;
  readonly p90: number | null;
  readonly p99: number | null;
  readonly p999: number | null;
  readonly max: number | null;
}

/** What `stream --json` prints, as programs rely on it. */
export interface RunSummary {
  readonly run_id: string;
  readonly rng: number;
  readonly workers: number;
  readonly batch_size: number;
  /** Events per second, on average where stages change it; null in cycle mode and for `max`. */
  readonly target_rate: number | null;
  /** Events per second of the time that was not spent paused. */
  readonly achieved_rate: number;
  /** Events that were due by the plan; null in the cycle and for `max`. */
  readonly offered: number | null;
  /** Events that were due and not sent (`--on-lag shed`). */
  readonly shed: number;
  /** Events that were due and still waiting to be sent when the run ended; null for `max`. */
  readonly unsent: number | null;
  /** True: some of them were unsent because the server was lost (never with `--on-lag shed`). */
  readonly server_lost: boolean;
  /** True: some of them, or of the batches in flight, were unsent because somebody or something held the server up. */
  readonly held_up: boolean;
  /** Batches in flight that waited for a lock when the run ended, and were rolled back. */
  readonly given_up: number;
  readonly seconds: number;
  readonly paused_seconds: number;
  readonly events: number;
  readonly transactions: {
    readonly committed: number;
    readonly rolled_back: number;
    /** COMMITs without an answer whose fate could not be found out. */
    readonly in_doubt: number;
    /** COMMITs without an answer that were settled by asking the server. */
    readonly settled: number;
  };
  readonly rows: RowCounts;
  /** Rows left out, by SQLSTATE. */
  readonly rejected: Readonly<Record<string, number>>;
  readonly retries: number;
  readonly reconnects: number;
  readonly latency_ms: {
    readonly response: Quantiles;
    readonly service: Quantiles;
    /** From due to sent: the part of the response that is not the server's. */
    readonly lag: Quantiles;
  };
  /** By event type and operation, for those that were committed. */
  readonly by_type: Readonly<Partial<Record<EventType, Partial<Record<Operation, TypeFigures>>>>>;
  readonly generator: GeneratorFigures;
  /** Every slot that was seen, by name: the most that it kept, and lagged by. */
  readonly slots: Readonly<Record<string, SlotFigures>>;
  /** What was held against the figures, in the order given. */
  readonly thresholds: readonly ThresholdResult[];
  readonly stopped_by: StoppedBy;
}

export interface TypeFigures {
  readonly events: number;
  /** Of the batches that held such events, each counted once an event. */
  readonly response: Quantiles;
  readonly service: Quantiles;
}

/** How the program itself did: whether it, and not the server, was what was slow. */
export interface GeneratorFigures {
  /** Processor time, in cores, on average. */
  readonly cpu_cores: number;
  readonly rss_peak_bytes: number;
  /** Resident memory at the end less that after the first minute (or at the start of shorter runs). */
  readonly rss_growth_bytes: number;
  /** Open file handles, likewise; null where the system does not tell. */
  readonly open_files_growth: number | null;
  /**
   * Median response latency of the last minute by that of the minute after the first; null where a
   * run was too short to tell, or measured none.
   */
  readonly response_growth: number | null;
  /** How much later than it could have a free worker sent, in milliseconds, 99th percentile. */
  readonly late_ms: number | null;
  /** What held the run up that is none of the server's doing; null when nothing did. */
  readonly bottleneck: 'cpu' | 'event-loop' | null;
}

export interface SlotFigures {
  readonly retained_bytes: number | null;
  readonly lag_bytes: number | null;
}

export interface ThresholdResult {
  /** As it was given. */
  readonly threshold: string;
  readonly held: boolean;
  /** The figure, in the unit of the threshold; null when nothing was measured. */
  readonly value: number | null;
  /** True when it ended the run. */
  readonly aborted: boolean;
}

export interface RunFacts {
  readonly runId: string;
  readonly rng: number;
  readonly batchSize: number;
  /** Events per second, when there is one rate. */
  readonly rate: number | 'max' | null;
  /** The load over time; null in the cycle and for `max`. */
  readonly curve: Curve | null;
  /** When the load ends, in active milliseconds; null for no end. */
  readonly endMs: number | null;
  /** Events that were not sent when they were due are shed: none of them waits. */
  readonly sheds: boolean;
}

export interface Ending {
  readonly stoppedBy: StoppedBy;
  readonly seconds: number;
  readonly activeSeconds: number;
  /** The server was lost, and the backlog not worked off. */
  readonly lost: boolean;
  /** Workers waited for a lock or a standby when the run was to end. */
  readonly waited?: boolean;
  /** Batches that were rolled back because they waited for a lock then. */
  readonly givenUp?: number;
  /** Some workers got no answer until they were cut off. */
  readonly cutOff?: boolean;
}

/** Adds up what the workers did. */
export function summarize(
  facts: RunFacts,
  ending: Ending,
  workerStats: readonly WorkerStats[],
  digest: SeriesDigest,
  thresholds: readonly Threshold[] = [],
): RunSummary {
  const sum = (counter: Counter) =>
    workerStats.reduce((total, stats) => total + stats.get(counter), 0);
  const events = workerStats.reduce((total, stats) => total + stats.events, 0);
  const { seconds, activeSeconds } = ending;
  const { curve } = facts;
  // A run may end a moment after its plan.
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
    rows: sumRows(workerStats),
    rejected: sumRejected(workerStats),
    retries: sum('retries'),
    reconnects: sum('reconnects'),
    latency_ms: {
      response: quantiles(merge(workerStats.map((stats) => stats.response))),
      service: quantiles(merge(workerStats.map((stats) => stats.service))),
      lag: quantiles(merge(workerStats.map((stats) => stats.lag))),
    },
    by_type: figuresByType(workerStats),
    generator: digest.generator(
      curve === null ? null : merge(workerStats.map((stats) => stats.late)).quantile(0.99),
    ),
    slots: digest.slots(),
    thresholds: [],
    stopped_by: ending.stoppedBy,
  };
  return { ...summary, thresholds: thresholds.map((threshold) => judge(threshold, summary)) };
}

/**
 * A run that was held up and did less than it was to. After a signal, due events may be left unsent, but not
 * batches in flight.
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

function figuresByType(workerStats: readonly WorkerStats[]): RunSummary['by_type'] {
  const byType: Partial<Record<EventType, Partial<Record<Operation, TypeFigures>>>> = {};
  for (const type of EVENT_TYPES) {
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
  return {
    p50: histogram.quantile(0.5),
    p90: histogram.quantile(0.9),
    p99: histogram.quantile(0.99),
    p999: histogram.quantile(0.999),
    max: histogram.quantile(1),
  };
}

function sumRows(workerStats: readonly WorkerStats[]): RowCounts {
  const rows = noRows();
  for (const table of TABLE_NAMES) {
    for (const operation of OPERATIONS) {
      for (const stats of workerStats) rows[table][operation] += stats.rows(table, operation);
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
