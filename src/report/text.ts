import { type TableCounts, totalOf } from '../database/table-counts.js';
import { formatTable } from '../lib/text-table.js';
import type { Messages } from '../messages/index.js';
import type { Totals } from '../run/totals.js';
import { rejectedTotal } from '../run/worker-stats.js';
import type { Quantiles, RunSummary } from '../runs/summary.js';
import { TABLE_NAMES, type TableName } from '../schemas/hospital/tables.js';
import { thresholdText } from './thresholds.js';

/** The summary of a run for an operator, with the tables' totals where they were counted. */
export function summaryText(m: Messages, summary: RunSummary, totals: Totals): string {
  const held = summary.thresholds.map((result) => `${thresholdText(m, result)}\n`).join('');
  const { bottleneck } = summary.generator;
  const warning = bottleneck === null ? '' : `\n${m.report.bottleneck(bottleneck)}\n`;
  return `${m.report.title({ runId: summary.run_id })}\n${factLines(summaryFacts(m, summary))}\n${rowsText(m, summary, totals)}${warning}${held === '' ? '' : `\n${held}`}`;
}

/** The main figures of a run. */
export function summaryFacts(m: Messages, summary: RunSummary): Fact[] {
  const { transactions, latency_ms: latency } = summary;
  const paused = summary.paused_seconds;
  const rejected = Object.entries(summary.rejected)
    .map(([sqlstate, count]) => `${sqlstate}: ${m.number(count)}`)
    .join(', ');
  return [
    [m.report.stoppedBy(), m.report.reason(summary.stopped_by)],
    [
      m.report.elapsed(),
      `${m.number(Math.round(summary.seconds * 10) / 10)} s${paused < 0.1 ? '' : ` (${m.report.paused(paused)})`}`,
    ],
    [m.report.events(), m.number(summary.events)],
    [
      m.report.rate(),
      `${m.number(summary.achieved_rate)}${summary.target_rate === null ? '' : ` (${m.report.target(m.number(summary.target_rate))})`}`,
    ],
    ...(summary.offered === null
      ? summary.unsent !== null && (summary.server_lost || summary.held_up)
        ? [[m.report.unsent(), m.number(summary.unsent)] as const]
        : []
      : [
          [
            m.report.offered(),
            `${m.number(summary.offered)} / ${m.number(summary.shed + (summary.unsent ?? 0))}`,
          ] as const,
        ]),
    [
      m.report.transactions(),
      m.report.transactionParts({
        committed: transactions.committed,
        rolledBack: transactions.rolled_back,
        inDoubt: transactions.in_doubt,
      }),
    ],
    [
      m.report.rejected(),
      `${m.number(rejectedTotal(summary.rejected))}${rejected === '' ? '' : ` (${rejected})`}`,
    ],
    [m.report.recoveries(), `${m.number(summary.retries)} / ${m.number(summary.reconnects)}`],
    [m.report.response(), quantilesText(m, latency.response)],
    [m.report.service(), quantilesText(m, latency.service)],
  ];
}

function rowsText(m: Messages, { rows }: RunSummary, totals: Totals): string {
  const total = (table: TableName) => {
    const count = totals.of(table);
    return count === null ? '–' : m.number(count);
  };
  const header = [
    `  ${m.report.table()}`,
    m.report.inserted(),
    m.report.updated(),
    m.report.deleted(),
    m.report.total(),
  ];
  const body = TABLE_NAMES.map((table) => [
    `  ${table}`,
    m.number(rows[table].insert),
    m.number(rows[table].update),
    m.number(rows[table].delete),
    total(table),
  ]);
  return formatTable([header, ...body]);
}

/** A label and its value. */
export type Fact = readonly [label: string, value: string];

/** Facts below each other, the values in one column. */
export function factLines(facts: readonly Fact[]): string {
  const width = Math.max(...facts.map(([label]) => label.length));
  return facts.map(([label, value]) => `  ${label.padEnd(width)}  ${value}\n`).join('');
}

/** Rows per table, with their sum. */
export function countsText(m: Messages, counts: TableCounts): string {
  return formatTable([
    [m.report.table(), m.report.rows()],
    ...TABLE_NAMES.map((table) => [table, m.number(counts[table])]),
    [m.report.total(), m.number(totalOf(counts))],
  ]);
}

function quantilesText(m: Messages, quantiles: Quantiles): string {
  return Object.entries(quantiles)
    .map(([name, value]) => `${name} ${value === null ? '–' : m.millis(value)}`)
    .join(' · ');
}
