import { basename } from 'node:path';
import { layOut } from '../lib/text-table.js';
import type { Messages } from '../messages/index.js';
import { DOUBTS } from '../verify/verdict/accounting.js';
import type {
  ExplainedCause,
  Percentiles,
  VerificationDocument,
} from '../verify/verdict/document.js';
import { type Example, VIOLATIONS } from '../verify/verdict/findings.js';

/** The result of a verification as text. */
export function verificationText(m: Messages, document: VerificationDocument): string {
  const { verify: said } = m;
  const title = said.title({ run: document.run_id, source: document.source });
  return `${title}\n${factsText(m, document)}${doubtsText(m, document)}${notesText(m, document)}${violationsText(m, document)}\n${latencyText(m, document)}`;
}

function factsText({ verify: said }: Messages, document: VerificationDocument): string {
  const { transactions, events, rows, verdict, accounting } = document;
  const others = Object.values(events.others).reduce((sum, count) => sum + count, 0);
  const { committed } = accounting;
  const facts: (readonly [string, string] | null)[] = [
    [said.verdict(), said.verdictNames[verdict]],
    [said.committed(), said.counted({ events: committed, transactions: transactions.expected })],
    [said.became(), said.sum(accounting)],
    events.replayed > 0
      ? [said.repeated(), said.repeatedIn({ events: events.replayed, rewinds: events.rewinds })]
      : null,
    events.foreign + events.derived + events.snapshot + others > 0
      ? [said.others(), said.foreign({ ...events, others })]
      : null,
    events.malformed > 0 ? [said.skipped(), said.malformedCount(events.malformed)] : null,
    [said.rows(), said.followed(rows)],
    [said.time(), said.speed(document)],
  ];
  const shown = facts.filter((fact) => fact !== null);
  const width = Math.max(...shown.map(([label]) => label.length));
  return shown.map(([label, value]) => `  ${label.padEnd(width)}  ${value}\n`).join('');
}

function doubtsText({ verify: said }: Messages, { doubts }: VerificationDocument): string {
  return titled(
    said.doubted(),
    DOUBTS.flatMap((doubt) => {
      const events = doubts[doubt];
      return events === undefined ? [] : [said.doubt({ doubt, events })];
    }),
  );
}

function notesText({ verify: said }: Messages, { notes }: VerificationDocument): string {
  return titled(said.notes(), notes.map(said.note));
}

/** Indented lines under a title; empty: no lines. */
function titled(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `\n${title}\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

function violationsText(m: Messages, document: VerificationDocument): string {
  const { violations, causes, examples } = document;
  const lines = VIOLATIONS.flatMap((violation) => {
    const own = causes.filter((cause) => cause.violation === violation);
    if (own.length === 0) return [];
    const title = `${m.verify.violationNames[violation]}: ${m.number(violations[violation])}`;
    return [title, ...own.flatMap((cause) => causeLines(m, cause, own.length === 1, examples))];
  });
  return titled(m.verify.violationTitle(), lines);
}

function causeLines(
  m: Messages,
  cause: ExplainedCause,
  all: boolean,
  examples: readonly Example[],
): string[] {
  const { violation, detail, table, operation, events } = cause;
  const own = examples.filter(
    (example) =>
      example.violation === violation &&
      example.detail === detail &&
      example.table === table &&
      example.operation === operation,
  );
  const more = events - own.length;
  return [
    `  ${m.verify.cause({ ...cause, all })}`,
    ...own.map((example) => `    ${exampleText(m, example)}`),
    ...(more > 0 ? [`    ${m.verify.more(more)}`] : []),
  ];
}

/** One violation, in a line. */
function exampleText({ verify: said }: Messages, example: Example): string {
  const { table, operation, key, xid, lsn, place, ledger } = example;
  const where = [
    xid === null ? '' : `xid ${xid}`,
    lsn === null ? '' : `lsn ${lsn}`,
    place === null ? '' : said.place(place),
    ledger === null ? '' : `${basename(ledger.file)}#${ledger.intent}`,
  ].filter((part) => part !== '');
  const what = [table, operation, key].filter((part) => part !== null).join(' ');
  return `${what}${where.length > 0 ? ` (${where.join(', ')})` : ''}`.trim();
}

function latencyText(m: Messages, { latency_ms, clock_offset_ms }: VerificationDocument): string {
  const { verify: said } = m;
  const cell = (value: number | null) => (value === null ? '–' : m.millis(value));
  const row = (label: string, { p50, p90, p99, max }: Percentiles) => [
    `  ${label}`,
    ...[p50, p90, p99, max].map(cell),
  ];
  const table = layOut([
    [`  ${said.latency()}`, 'p50', 'p90', 'p99', 'max'],
    row(said.commitToConnector(), latency_ms.commit_to_connector),
    row(said.connectorToReceived(), latency_ms.connector_to_received),
    row(said.commitToReceived(), latency_ms.commit_to_received),
  ]);
  const offset = clock_offset_ms === null ? said.noOffset() : said.clockOffset(clock_offset_ms);
  return `${table}  ${offset}\n`;
}
