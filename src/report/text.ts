import { listHazards, neverHappened } from '../hazards/times.js';
import { QUANTILE_NAMES } from '../lib/histogram.js';
import type { Paint } from '../lib/paint.js';
import { formatTable } from '../lib/text-table.js';
import type { Messages } from '../messages/index.js';
import { conditionName } from '../postgres/sqlstate.js';
import type { Totals } from '../run/totals.js';
import { rejectedTotal } from '../run/worker-stats.js';
import type { Quantiles, RunSummary } from '../runs/summary.js';
import { OPERATIONS } from '../schema/changes.js';
import type { TableName } from '../schema/table.js';
import { measuredOf } from './thresholds.js';
import { type RunVerdict, reasonText, stateOf, type VerdictState } from './verdict.js';

/** Columns of a terminal that is not wider than usual. */
const COLUMNS = 80;

/** The figures of a run for an operator, with the tables' totals where they were counted. */
export function summaryText(
  m: Messages,
  paint: Paint,
  summary: RunSummary,
  totals: Totals,
): string {
  return `${factLines(summaryFacts(m, summary))}\n${figuresText(m, paint, summary, totals)}`;
}

/** The same without the facts on top. `totals`: null when the tables were not counted. */
export function figuresText(
  m: Messages,
  paint: Paint,
  summary: RunSummary,
  totals: Totals | null,
): string {
  const { bottleneck } = summary.generator;
  return [
    latencyText(m, summary),
    rowsText(m, summary, totals),
    hazardsText(m, paint, summary),
    thresholdsText(m, paint, summary),
    bottleneck === null ? '' : `${paint('unsure', m.report.bottleneck(bottleneck))}\n`,
  ]
    .filter((part) => part !== '')
    .join('\n');
}

const COLOURS = {
  failed: 'bad',
  unsure: 'unsure',
  held: 'good',
  unjudged: null,
} as const satisfies Readonly<Record<VerdictState, Parameters<Paint>[0] | null>>;

/** A verdict: a line for each reason, the worst first. */
export function verdictText(m: Messages, paint: Paint, { reasons }: RunVerdict): string {
  return reasons
    .map((reason) => verdictLine(paint, COLOURS[stateOf(reason)], reasonText(m, reason)))
    .join('');
}

/** A sentence as a line on top of a result. */
export function verdictLine(
  paint: Paint,
  colour: Parameters<Paint>[0] | null,
  sentence: string,
): string {
  const line = `${sentence.charAt(0).toLocaleUpperCase()}${sentence.slice(1)}`;
  return `${colour === null ? line : paint(colour, line)}\n`;
}

/** The main facts of a run, its id first. */
export function summaryFacts({ report: words }: Messages, summary: RunSummary): [Fact, ...Fact[]] {
  const { transactions, shed, server_lost, held_up, run_id, events, seconds } = summary;
  const { offered: due, achieved_rate: achieved, target_rate: target } = summary;
  const paused = summary.paused_seconds;
  const by = summary.stopped_by;
  const complete = !held_up && transactions.in_doubt === 0;
  // Without a plan each worker may have a batch due at the end, which says nothing.
  const unsent = due === null && !server_lost && !held_up ? 0 : (summary.unsent ?? 0);
  const notSent = words.notSentOf({ events: shed + unsent, due, shed });
  const rejected = Object.entries(summary.rejected).map(([sqlstate, rows]) => {
    return { name: conditionName(sqlstate), rows };
  });
  const { retries, reconnects } = summary;
  const rows = rejectedTotal(summary.rejected);
  const errors = words.errorCounts({ rejected, rows, retries, reconnects });
  const isLost = server_lost || by === 'critical';
  return [
    [words.run(), run_id],
    [words.stoppedBy(), words.stopped({ by, seconds, paused, complete })],
    [words.events(), words.eventsAt({ events, achieved, target })],
    [words.transactions(), words.outcomes(transactions)],
    ...(shed + unsent === 0 ? [] : [[words.notSent(), notSent] as const]),
    // The loss itself is not counted; the verdict names it.
    ...(isLost && rows + retries + reconnects === 0 ? [] : [[words.errors(), errors] as const]),
  ];
}

function latencyText(m: Messages, { latency_ms: { response, service } }: RunSummary): string {
  const row = (label: string, quantiles: Quantiles) => [
    `  ${label}`,
    ...QUANTILE_NAMES.map((name) => {
      const value = quantiles[name];
      return value === null ? '–' : m.millis(value);
    }),
  ];
  return formatTable([
    [`  ${m.report.latency()}`, ...QUANTILE_NAMES.map((name) => name.replace('p999', 'p99.9'))],
    row(m.report.response(), response),
    row(m.report.service(), service),
  ]);
}

/** The rows of the tables that the run changed; empty if it changed none. */
function rowsText(m: Messages, { rows }: RunSummary, totals: Totals | null): string {
  const total = (table: TableName) => {
    if (totals === null) return [];
    const count = totals.of(table);
    return [count === null ? '–' : m.number(count)];
  };
  const changed = Object.entries(rows).filter(([, counts]) =>
    OPERATIONS.some((operation) => counts[operation] > 0),
  );
  if (changed.length === 0) return '';
  return formatTable([
    [
      `  ${m.report.rows()}`,
      m.report.inserted(),
      m.report.updated(),
      m.report.deleted(),
      ...(totals === null ? [] : [m.report.total()]),
    ],
    ...changed.map(([table, counts]) => [
      `  ${table}`,
      m.number(counts.insert),
      m.number(counts.update),
      m.number(counts.delete),
      ...total(table),
    ]),
  ]);
}

/** How often each hazard happened, and which never did; empty for a run without any. */
function hazardsText(m: Messages, paint: Paint, { hazards }: RunSummary): string {
  const label = `  ${m.report.hazards()}  `;
  const happened = listHazards(hazards)
    .filter(([, times]) => times > 0)
    .map(([name, times]) => `${name} ${m.number(times)}`);
  const never = neverHappened(hazards);
  return [
    happened.length === 0 ? '' : `${label}${fill(happened, label.length)}\n`,
    never.length === 0 ? '' : `  ${paint('unsure', m.report.neverHappened(never))}\n`,
  ].join('');
}

/** A list in lines of 80 columns, which begin at column `indent`; each part stays whole. */
function fill(parts: readonly string[], indent: number): string {
  const [first = '', ...others] = parts;
  const lines = [first];
  for (const part of others) {
    const line = `${lines.at(-1)}, ${part}`;
    if (indent + line.length < COLUMNS) lines[lines.length - 1] = line;
    else lines.push(part);
  }
  return lines.join(`,\n${' '.repeat(indent)}`);
}

function thresholdsText(m: Messages, paint: Paint, { thresholds }: RunSummary): string {
  return thresholds
    .map((result) => {
      const measured = m.verdict.measured(measuredOf(result));
      return markedLine(paint, result.held, measured);
    })
    .join('');
}

/** A line of a list: good or bad. */
export function markedLine(paint: Paint, good: boolean, text: string): string {
  return `  ${good ? paint('good', '✓') : paint('bad', '✗')} ${text}\n`;
}

/** A label and its value. */
export type Fact = readonly [label: string, value: string | readonly string[]];

/** Facts below each other, the values in one column. */
export function factLines(facts: readonly Fact[]): string {
  const width = Math.max(...facts.map(([label]) => label.length));
  const column = width + 4;
  return facts
    .map(([label, value]) => {
      const text = typeof value === 'object' ? fill(value, column) : value;
      return `  ${label.padEnd(width)}  ${text}\n`;
    })
    .join('');
}

/** Rows per table, with their sum. */
export function countsText(m: Messages, counts: Readonly<Record<TableName, number>>): string {
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  return formatTable([
    [m.report.table(), m.report.rows()],
    ...Object.entries(counts).map(([table, count]) => [table, m.number(count)]),
    [m.report.total(), m.number(total)],
  ]);
}
