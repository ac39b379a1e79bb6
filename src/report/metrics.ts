import { HAZARD_NAMES } from '../hazards/hazards.js';
import { QUANTILE_NAMES } from '../lib/histogram.js';
import { findNearest } from '../lib/nearest.js';
import type { Dimension } from '../lib/units.js';
import { rejectedTotal } from '../run/worker-stats.js';
import type { Quantiles, RunSummary } from '../runs/summary.js';
import { OPERATIONS, type Operation } from '../schema/changes.js';
import type { Schema } from '../schema/schema.js';

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

/** How often each hazard happened: `hazard_truncate`. A run without it has no such figure. */
const HAZARDS: readonly Metric[] = HAZARD_NAMES.map((name) => ({
  name: `hazard_${name}`,
  dimension: 'count',
  read: ({ hazards }) => hazards?.[name] ?? null,
}));

/** Distance of the rate from its target, as a share of the target; never negative. */
function rateError({ achieved_rate: achieved, target_rate: target }: RunSummary): number | null {
  return target === null || target === 0 ? null : Math.abs(achieved - target) / target;
}

const FIXED: ReadonlyMap<string, Metric> = new Map(
  [
    ...LATENCIES.flatMap((latency) =>
      quantilesOf(latency, (summary) => summary.latency_ms[latency]),
    ),
    ...SINGLE,
    ...HAZARDS,
  ].map((metric) => [metric.name, metric]),
);

const ANY_OPERATION = OPERATIONS.join('|');
/** `consulta.insert.response.p99` */
const TYPE_LATENCY = new RegExp(
  `^(\\w+)\\.(${ANY_OPERATION})\\.(${TYPE_LATENCIES.join('|')})\\.(${QUANTILE_NAMES.join('|')})$`,
);
/** `consulta.insert.events` */
const TYPE_EVENTS = new RegExp(`^(\\w+)\\.(${ANY_OPERATION})\\.events$`);
/** `rows.consultas.insert`; a table's name may have dots in it. */
const ROWS = new RegExp(`^rows\\.(.+)\\.(${ANY_OPERATION})$`);
/** Five digits or capital letters, as in the SQL standard. */
const REJECTED = /^rejected\.([0-9A-Z]{5})$/;
/** PostgreSQL allows only lower-case letters, digits and underscores in a slot's name. */
const SLOT = /^slot\.([a-z0-9_]+)\.(retained|lag)$/;
/** The beginning of a slot's metric, also with the wrong case or another end. */
const SLOT_LIKE = /^slot\.(\w+)\./i;

/** The metric of this name, of any table and event type; case matters. */
export function findMetric(name: string): Metric | undefined {
  return (
    FIXED.get(name) ??
    typeMetric(name) ??
    rowsMetric(name) ??
    rejectedMetric(name) ??
    slotMetric(name)
  );
}

type NamedMetric = Pick<Metric, 'name' | 'dimension'>;

/** The metrics of runs with a schema. */
export class Metrics {
  /** All of them; the names of those that depend on the run are patterns: `slot.<name>.retained`. */
  readonly all: readonly NamedMetric[];
  /** The same in short, for a reader; `|` separates alternatives in a name. */
  readonly forms: readonly NamedMetric[];
  readonly #names: ReadonlySet<string>;

  constructor({ tables, eventTypes }: Pick<Schema, 'tables' | 'eventTypes'>) {
    const ofTypes = eventTypes.flatMap((type) =>
      OPERATIONS.flatMap((operation) => [
        ...TYPE_LATENCIES.flatMap((latency) =>
          QUANTILE_NAMES.map((quantile) => `${type}.${operation}.${latency}.${quantile}`),
        ),
        `${type}.${operation}.events`,
      ]),
    );
    const ofTables = tables.names.flatMap((table) =>
      OPERATIONS.map((operation) => `rows.${table}.${operation}`),
    );
    const depending = [...ofTypes, ...ofTables].map((name) => findMetric(name)!);
    const rejected: NamedMetric = { name: 'rejected.<SQLSTATE>', dimension: 'count' };
    this.#names = new Set([...FIXED.keys(), ...ofTypes, ...ofTables]);
    this.all = [
      ...FIXED.values(),
      ...depending,
      rejected,
      ...slotNames('<name>').map((name) => ({ name, dimension: 'bytes' as const })),
    ];
    const ofType = `${eventTypes.join('|')}.${ANY_OPERATION}`;
    this.forms = [
      { name: `${LATENCIES.join('|')}.${QUANTILE_NAMES.join('|')}`, dimension: 'ms' },
      ...SINGLE,
      rejected,
      {
        name: `${ofType}.${TYPE_LATENCIES.join('|')}.${QUANTILE_NAMES.join('|')}`,
        dimension: 'ms',
      },
      { name: `${ofType}.events`, dimension: 'count' },
      { name: 'hazard_<name>', dimension: 'count' },
      { name: `rows.<table>.${ANY_OPERATION}`, dimension: 'count' },
      { name: 'slot.<name>.retained|lag', dimension: 'bytes' },
    ];
  }

  /** The metric of this name; case matters. */
  find(name: string): Metric | undefined {
    if (this.#names.has(name)) return findMetric(name);
    return rejectedMetric(name) ?? slotMetric(name);
  }

  /** The most similar name to an unknown one; for a metric of a slot, the similar metric of the same slot. */
  nearest(name: string): string | undefined {
    const [, slot] = SLOT_LIKE.exec(name) ?? [];
    return findNearest(
      name,
      slot === undefined ? this.all.map((metric) => metric.name) : slotNames(slot.toLowerCase()),
    );
  }
}

function typeMetric(name: string): Metric | undefined {
  const [, type = '', operation, latency, quantile] =
    TYPE_LATENCY.exec(name) ?? TYPE_EVENTS.exec(name) ?? [];
  if (operation === undefined) return undefined;
  const figures = ({ by_type }: RunSummary) => by_type[type]?.[operation as Operation];
  // The summary leaves a type without events out: its count is 0, its latencies are unmeasured.
  if (latency === undefined) return counted(name, (summary) => figures(summary)?.events ?? 0);
  return {
    name,
    dimension: 'ms',
    // TYPE_LATENCY matches no others.
    read: (summary) =>
      figures(summary)?.[latency as (typeof TYPE_LATENCIES)[number]][quantile as keyof Quantiles] ??
      null,
  };
}

function rowsMetric(name: string): Metric | undefined {
  const [, table = '', operation] = ROWS.exec(name) ?? [];
  if (operation === undefined) return undefined;
  const read = ({ rows }: RunSummary) => rows[table]?.[operation as Operation] ?? null;
  return { name, dimension: 'count', read };
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
