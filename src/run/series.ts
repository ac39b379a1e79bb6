import type { HazardTimes } from '../hazards/times.js';

/** Latency, in milliseconds, of the batches that were answered in one second; null if there were none. */
export interface SecondLatency {
  readonly p50: number | null;
  readonly p99: number | null;
  readonly max: number | null;
}

/** A replication slot as `pg_replication_slots` shows it. */
export interface SlotState {
  readonly name: string;
  readonly active: boolean;
  /** WAL that the server keeps for it, in bytes; null if it keeps none. */
  readonly retained_bytes: number | null;
  /** WAL that its consumer has not confirmed, in bytes; null for a physical slot. */
  readonly lag_bytes: number | null;
  readonly wal_status: string | null;
}

/** One line of `series.ndjson`: one second of a run. */
export interface SeriesPoint {
  /** The end of the second: ISO 8601, UTC. */
  readonly at: string;
  /** Seconds since the start of the run, pauses included, at the end of the second. */
  readonly second: number;
  /** Events a second that the plan asks for at this moment; null in the cycle and for `max`. */
  readonly target: number | null;
  /** Events that were due in this second; null in the cycle and for `max`. */
  readonly offered: number | null;
  readonly committed: number;
  /** Events that were due and not sent, because the server had not kept up. */
  readonly shed: number;
  readonly rejected: number;
  readonly response_ms: SecondLatency;
  readonly service_ms: SecondLatency;
  readonly reconnects: number;
  /** Workers without a connection at the end of the second, because they lost it. */
  readonly disconnected: number;
  readonly paused: boolean;
  /** Resident memory of the process, in bytes. */
  readonly rss_bytes: number;
  /** Processor time that the process took, in cores. */
  readonly cpu_cores: number;
  /** Open file handles of the process; null where the system has no list of them. */
  readonly open_files: number | null;
  /** WAL that the server wrote, in bytes a second; null if the role may not see it. */
  readonly wal_bytes: number | null;
  /** Null if the role may not see them. */
  readonly slots: readonly SlotState[] | null;
  /** How often each hazard happened in this second; left out if none did. */
  readonly hazards?: HazardTimes;
}
