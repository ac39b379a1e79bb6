import type { HazardTimes } from '../hazards/times.js';
import type { StoppedBy } from '../run/engine.js';
import type { Operation, RowCounts } from '../schema/changes.js';
import type { EventType } from '../schema/event.js';

/** Milliseconds; null where nothing was measured. */
export interface Quantiles {
  readonly p50: number | null;
  readonly p90: number | null;
  readonly p99: number | null;
  readonly p999: number | null;
  readonly max: number | null;
}

/** The document that `stream --json` prints. Programs rely on its members. */
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
  /** True: due events were unsent because the server was lost (never with `--on-lag shed`). */
  readonly server_lost: boolean;
  /** True: due events or batches in flight were unsent because locks, a standby or a silent server held workers up. */
  readonly held_up: boolean;
  /** Batches in flight that waited for a lock when the run ended, and were rolled back. */
  readonly given_up: number;
  readonly seconds: number;
  readonly paused_seconds: number;
  readonly events: number;
  readonly transactions: {
    readonly committed: number;
    /** Without those that a hazard rolled back on purpose. */
    readonly rolled_back: number;
    /** COMMITs without an answer whose fate stayed unknown. */
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
    /** From due to sent: the generator's part of the response. */
    readonly lag: Quantiles;
  };
  /** Committed events by event type and operation. */
  readonly by_type: Readonly<Partial<Record<EventType, Partial<Record<Operation, TypeFigures>>>>>;
  readonly generator: GeneratorFigures;
  /** Every slot that was sampled, by name: the most that it retained, and lagged by. */
  readonly slots: Readonly<Record<string, SlotFigures>>;
  /** Every hazard that was asked for, with 0 if it never happened; left out of runs without any. */
  readonly hazards?: HazardTimes;
  /** Outcomes of the thresholds, in the order given. */
  readonly thresholds: readonly ThresholdResult[];
  readonly stopped_by: StoppedBy;
  /** Why the run did less than planned, in the operator's language; left out if it did not, or only the log says why. */
  readonly cause?: string;
}

export interface TypeFigures {
  readonly events: number;
  /** Latencies of the batches with such events; a batch counts once for each of its events. */
  readonly response: Quantiles;
  readonly service: Quantiles;
}

/** Figures of the program itself. They show whether it, and not the server, was slow. */
export interface GeneratorFigures {
  /** Processor time, in cores, on average. */
  readonly cpu_cores: number;
  readonly rss_peak_bytes: number;
  /** Resident memory at the end minus that after the first minute (or at the start of shorter runs). */
  readonly rss_growth_bytes: number;
  /** Open file handles, likewise; null where the system does not count them, and for runs of less than a minute. */
  readonly open_files_growth: number | null;
  /**
   * Median response latency of the last minute divided by that of the minute after the first; null for a run that
   * was too short, or measured no latency.
   */
  readonly response_growth: number | null;
  /** p99 of how late an idle worker sent a due batch, in milliseconds. */
  readonly late_ms: number | null;
  /** The generator's own bottleneck; null without one. */
  readonly bottleneck: 'cpu' | 'event-loop' | null;
}

export interface SlotFigures {
  readonly retained_bytes: number | null;
  readonly lag_bytes: number | null;
}

export interface ThresholdResult {
  /** The operator's text. */
  readonly threshold: string;
  readonly held: boolean;
  /** The figure, in the unit of the threshold; null when nothing was measured. */
  readonly value: number | null;
  /** True when it ended the run. */
  readonly aborted: boolean;
}
