import type { StoppedBy } from '../run/engine.js';
import type { Operation, RowCounts } from '../schemas/hospital/changes.js';
import type { EventType } from '../schemas/hospital/events/index.js';

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
