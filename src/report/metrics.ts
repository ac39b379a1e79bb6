import { OPERATIONS } from '../legacy/changes.js';
import { EVENT_TYPES } from '../legacy/events/index.js';
import { TABLE_NAMES } from '../legacy/tables.js';
import { QUANTILE_NAMES } from '../lib/histogram.js';
import { findNearest } from '../lib/nearest.js';
import type { Dimension } from '../lib/units.js';
import { rejectedTotal } from '../run/worker-stats.js';
import type { Quantiles, RunSummary } from '../runs/summary.js';

/** A named figure of a summary. */
export interface Metric {
  readonly name: string;
  readonly dimension: Dimension;
  /** The figure, in the unit of its dimension (shares from 0 to 1); null when not measured. */
  readonly read: (summary: RunSummary) => number | null;
}

const LATENCIES = ['response', 'service', 'lag'] as const;
const TYPE_LATENCIES = ['response', 'service'] as const;

/** Metrics whose names have one part. */
const SINGLE: readonly Metric[] = [
  { name: 'achieved_rate', dimension: 'rate', read: (summary) => summary.achieved_rate },
  { name: 'target_rate', dimension: 'rate', read: (summary) => summary.target_rate },
  { name: 'rate_error', dimension: 'ratio', read: rateError },
  { name: 'offered', dimension: 'count', read: (summary) => summary.offered },
  { name: 'shed', dimension: 'count', read: (summary) => summary.shed },
  { name: 'unsent', dimension: 'count', read: (summary) => summary.unsent },
  { name: 'rejected', dimension: 'count', read: ({ rejected }) => rejectedTotal(rejected) },
  { name: 'events', dimension: 'count', read: (summary) => summary.events },
  { name: 'seconds', dimension: 'seconds', read: (summary) => summary.seconds },
  { name: 'paused_seconds', dimension: 'seconds', read: (summary) => summary.paused_seconds },
  { name: 'committed', dimension: 'count', read: (summary) => summary.transactions.committed },
  { name: 'rolled_back', dimension: 'count', read: (summary) => summary.transactions.rolled_back },
  { name: 'in_doubt', dimension: 'count', read: (summary) => summary.transactions.in_doubt },
  { name: 'settled', dimension: 'count', read: (summary) => summary.transactions.settled },
  { name: 'retries', dimension: 'count', read: (summary) => summary.retries },
  { name: 'reconnects', dimension: 'count', read: (summary) => summary.reconnects },
  { name: 'rss_growth', dimension: 'bytes', read: (summary) => summary.generator.rss_growth_bytes },
  { name: 'rss_peak', dimension: 'bytes', read: (summary) => summary.generator.rss_peak_bytes },
  {
    name: 'open_files_growth',
    dimension: 'count',
    read: (summary) => summary.generator.open_files_growth,
  },
  {
    name: 'response_growth',
    dimension: 'ratio',
    read: (summary) => summary.generator.response_growth,
  },
  { name: 'cpu_cores', dimension: 'cores', read: (summary) => summary.generator.cpu_cores },
  { name: 'late', dimension: 'ms', read: (summary) => summary.generator.late_ms },
];

/** Distance of the rate from its target, as a share of the target; never negative. */
function rateError({ achieved_rate: achieved, target_rate: target }: RunSummary): number | null {
  return target === null || target === 0 ? null : Math.abs(achieved - target) / target;
}

const FIXED: readonly Metric[] = [
  ...LATENCIES.flatMap((latency) => quantilesOf(latency, (summary) => summary.latency_ms[latency])),
  ...SINGLE,
  ...EVENT_TYPES.flatMap((type) =>
    OPERATIONS.flatMap((operation) => [
      ...TYPE_LATENCIES.flatMap((latency) =>
        quantilesOf(
          `${type}.${operation}.${latency}`,
          (summary) => summary.by_type[type]?.[operation]?.[latency],
        ),
      ),
      // The summary leaves a type without events out: its count is 0, its latencies are unmeasured.
      counted(
        `${type}.${operation}.events`,
        (summary) => summary.by_type[type]?.[operation]?.events ?? 0,
      ),
    ]),
  ),
  ...TABLE_NAMES.flatMap((table) =>
    OPERATIONS.map((operation) =>
      counted(`rows.${table}.${operation}`, (summary) => summary.rows[table][operation]),
    ),
  ),
];

const BY_NAME: ReadonlyMap<string, Metric> = new Map(FIXED.map((metric) => [metric.name, metric]));

/** Five digits or capital letters, as in the SQL standard. */
const REJECTED = /^rejected\.([0-9A-Z]{5})$/;
/** PostgreSQL allows only lower-case letters, digits and underscores in a slot's name. */
const SLOT = /^slot\.([a-z0-9_]+)\.(retained|lag)$/;
/** The beginning of a slot's metric, also with the wrong case or another end. */
const SLOT_LIKE = /^slot\.(\w+)\./i;

/** All metrics; the names of those that depend on the run are patterns: `slot.<name>.retained`. */
export const METRICS: readonly Pick<Metric, 'name' | 'dimension'>[] = [
  ...FIXED,
  { name: 'rejected.<SQLSTATE>', dimension: 'count' },
  ...slotNames('<name>').map((name) => ({ name, dimension: 'bytes' as const })),
];

/** All metrics in short, for a reader; `|` separates alternatives in a name. */
export const METRIC_FORMS: readonly Pick<Metric, 'name' | 'dimension'>[] = [
  { name: `${LATENCIES.join('|')}.${QUANTILE_NAMES.join('|')}`, dimension: 'ms' },
  ...SINGLE,
  { name: 'rejected.<SQLSTATE>', dimension: 'count' },
  {
    name: `${EVENT_TYPES.join('|')}.${OPERATIONS.join('|')}.${TYPE_LATENCIES.join('|')}.${QUANTILE_NAMES.join('|')}`,
    dimension: 'ms',
  },
  { name: `${EVENT_TYPES.join('|')}.${OPERATIONS.join('|')}.events`, dimension: 'count' },
  { name: `rows.<table>.${OPERATIONS.join('|')}`, dimension: 'count' },
  { name: 'slot.<name>.retained|lag', dimension: 'bytes' },
];

/** The metric of this name; case matters. */
export function findMetric(name: string): Metric | undefined {
  return BY_NAME.get(name) ?? rejectedMetric(name) ?? slotMetric(name);
}

/** The most similar name to an unknown one; for a metric of a slot, the similar metric of the same slot. */
export function nearestMetric(name: string): string | undefined {
  const [, slot] = SLOT_LIKE.exec(name) ?? [];
  return findNearest(
    name,
    slot === undefined ? METRICS.map((metric) => metric.name) : slotNames(slot.toLowerCase()),
  );
}

function rejectedMetric(name: string): Metric | undefined {
  const [, sqlstate] = REJECTED.exec(name) ?? [];
  return sqlstate === undefined
    ? undefined
    : counted(name, (summary) => summary.rejected[sqlstate] ?? 0);
}

function slotMetric(name: string): Metric | undefined {
  const [, slot, figure] = SLOT.exec(name) ?? [];
  if (slot === undefined) return undefined;
  const key = figure === 'lag' ? 'lag_bytes' : 'retained_bytes';
  return { name, dimension: 'bytes', read: ({ slots }) => slots[slot]?.[key] ?? null };
}

function slotNames(slot: string): string[] {
  return [`slot.${slot}.retained`, `slot.${slot}.lag`];
}

function quantilesOf(
  prefix: string,
  read: (summary: RunSummary) => Quantiles | undefined,
): Metric[] {
  return QUANTILE_NAMES.map((quantile) => ({
    name: `${prefix}.${quantile}`,
    dimension: 'ms',
    read: (summary) => read(summary)?.[quantile] ?? null,
  }));
}

function counted(name: string, read: (summary: RunSummary) => number): Metric {
  return { name, dimension: 'count', read };
}
