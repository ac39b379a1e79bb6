import { basename } from 'node:path';
import { HAZARD_NAMES } from '../hazards/hazards.js';
import type { LedgerCheck } from '../ledger/check.js';
import type { LedgerTotals } from '../ledger/totals.js';
import { formatTable } from '../lib/text-table.js';
import type { Messages } from '../messages/index.js';
import { type Fact, factLines } from './text.js';

/** The ledger of a run for an operator. */
export function ledgerText(m: Messages, run: string, totals: LedgerTotals): string {
  const facts: Fact[] = [
    [m.ledger.transactions(), m.ledger.outcomes(totals.transactions)],
    [m.ledger.connections(), m.ledger.connectionParts(totals)],
    [m.ledger.time(), `${totals.started ?? '–'} … ${totals.ended ?? '–'}`],
    ...totals.servers.map(
      ({ database, version, system_identifier: id, timeline }): Fact => [
        m.ledger.servers(),
        `"${database}", PostgreSQL ${version} (${id ?? '–'}/${timeline ?? '–'})`,
      ],
    ),
  ];
  return `${m.ledger.title({ run })}\n${factLines(facts)}\n${rowsText(m, totals)}${hazardsText(m, totals)}${problemsText(m, totals)}`;
}

/** The differences between ledger and database, and the rows that were not compared; empty without any. */
export function differencesText(
  m: Messages,
  { differences, changedSince, unchecked, prepared }: LedgerCheck,
): string {
  const sentences = [
    ...(prepared.length === 0 ? [] : [m.ledger.stillPrepared({ count: prepared.length })]),
    ...(changedSince.count === 0 ? [] : [m.ledger.changedSince(changedSince)]),
    ...(unchecked.length === 0 ? [] : [m.ledger.unchecked({ tables: unchecked })]),
  ];
  const since = sentences.map((sentence) => `\n${sentence}\n`).join('');
  return `${since}${listText(
    m,
    m.ledger.differences(),
    differences.count,
    differences.examples.map((difference) =>
      m.ledger.difference({ ...difference, file: nameOf(difference.file) }),
    ),
  )}`;
}

function rowsText(m: Messages, { rows }: LedgerTotals): string {
  return formatTable([
    [`  ${m.report.table()}`, m.report.inserted(), m.report.updated(), m.report.deleted()],
    ...Object.entries(rows).map(([table, counts]) => [
      `  ${table}`,
      m.number(counts.insert),
      m.number(counts.update),
      m.number(counts.delete),
    ]),
  ]);
}

/** How often each hazard happened, and what it did; empty for a run without hazards. */
function hazardsText(m: Messages, { hazards }: LedgerTotals): string {
  if (hazards === undefined) return '';
  const { times, truncates, changes, prepared, undone, messages } = hazards;
  const names = HAZARD_NAMES.filter((name) => times[name] !== undefined);
  const rows = names.map((name) => [`  ${name}`, m.number(times[name]!)]);
  const { undecided, ...ended } = prepared;
  const facts: Fact[] = [
    ...(undone === 0 ? [] : [[m.ledger.undoneRows(), m.number(undone)] as const]),
    ...(messages === 0 ? [] : [[m.ledger.messages(), m.number(messages)] as const]),
    ...(ended.committed + ended.aborted === 0
      ? []
      : [[m.ledger.prepared(), m.ledger.preparedEnds(ended)] as const]),
  ];
  const none = rows.length === 0 ? `  ${m.ledger.noHazard()}\n` : '';
  return [
    `\n${m.ledger.hazards()}:\n${none}${formatTable(rows)}`,
    facts.length === 0 ? '' : `\n${factLines(facts)}`,
    listText(
      m,
      m.ledger.truncates(),
      truncates.count,
      truncates.examples.map(({ lsn, tables }) => `${lsn ?? '–'} ${tables.join(', ')}`),
    ),
    listText(
      m,
      m.ledger.schemaChanges(),
      changes.count,
      changes.examples.map(
        ({ lsn, change, table, publication }) =>
          `${lsn ?? '–'} ${change} ${table}${publication === undefined ? '' : ` (${publication})`}`,
      ),
    ),
    listText(m, m.ledger.undecidedPrepared(), undecided.length, undecided),
  ].join('');
}

function problemsText(m: Messages, { problems }: LedgerTotals): string {
  return listText(
    m,
    m.ledger.problems(),
    problems.count,
    problems.examples.map(({ file, line, kind }) =>
      m.ledger.problem({ file: basename(file), line, kind }),
    ),
  );
}

/** Lines below a title, the first ones of `count`; empty for 0. */
function listText(m: Messages, title: string, count: number, listed: readonly string[]): string {
  if (count === 0) return '';
  const more = count > listed.length ? [m.ledger.more(count - listed.length)] : [];
  const lines = [...listed, ...more].map((line) => `  ${line}\n`);
  return `\n${title}: ${m.number(count)}\n${lines.join('')}`;
}

function nameOf(path: string | null): string | null {
  return path === null ? null : basename(path);
}
