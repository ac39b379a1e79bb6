import { TIMED_HAZARDS, type TimedHazard } from '../hazards/hazards.js';
import { splitHazard } from '../hazards/parse.js';
import { addHazards, type HazardTimes } from '../hazards/times.js';
import { round } from '../lib/numbers.js';
import type { HazardReport } from '../run/protocol.js';
import type { SeriesPoint } from '../run/series.js';
import { listOf, type RecordedSettings } from './recorded-settings.js';
import type { RunSummary } from './summary.js';

/** One line of `hazards.ndjson`: a timed hazard that happened. */
export interface HazardOccurrence {
  /** The time at which it was over: ISO 8601, UTC. */
  readonly at: string;
  readonly name: TimedHazard;
  /** How long it took, in milliseconds. */
  readonly length_ms: number;
  /** Rows that it wrote. */
  readonly rows: number;
  /** An LSN within it, as PostgreSQL prints it; null: unknown. */
  readonly lsn: string | null;
  /** The change of the schema; null: it made none. `stays`: nothing undoes it. */
  readonly change: {
    readonly name: string;
    readonly table: string;
    readonly stays: boolean;
  } | null;
}

/** A timed hazard that is over, for the run's folder. */
export function occurrenceOf(report: HazardReport, now: Date): HazardOccurrence {
  const { name, lengthMs, rows, lsn, detail } = report;
  const change =
    detail === null ? null : { name: detail.change, table: detail.table, stays: detail.stays };
  return { at: now.toISOString(), name, length_ms: round(lengthMs, 1), rows, lsn, change };
}

export function isTimed(name: string): name is TimedHazard {
  return (TIMED_HAZARDS as readonly string[]).includes(name);
}

/**
 * How often each hazard of a run happened. A run without a summary has those of its series, and 0 for the others that
 * its settings name.
 */
export function hazardTimes({
  summary,
  series,
  settings,
}: {
  readonly summary: RunSummary | null;
  readonly series: readonly SeriesPoint[];
  readonly settings: RecordedSettings;
}): HazardTimes {
  if (summary !== null) return summary.hazards ?? {};
  const asked = listOf(settings, 'hazards').map((text) => [splitHazard(text).name, 0]);
  const zeros: HazardTimes = Object.fromEntries(asked);
  return addHazards([zeros, ...series.map((point) => point.hazards ?? {})]);
}
