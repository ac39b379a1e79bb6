import { basename } from 'node:path';
import { formatTable } from '../lib/text-table.js';
import type { Messages } from '../messages/index.js';
import { DOUBTS } from '../verify/verdict/accounting.js';
import {
  type ExplainedCause,
  type Percentiles,
  projectionsOf,
  type VerificationDocument,
} from '../verify/verdict/document.js';
import { type Example, VIOLATIONS } from '../verify/verdict/findings.js';
import { type Fact, factLines } from './text.js';

/** The findings of `verify` for an operator. */
export function verificationText(m: Messages, document: VerificationDocument): string {
  const { verify: words } = m;
  const title = words.title({ run: document.run_id, source: document.source });
  return `${title}\n${factsText(m, document)}${doubtsText(m, document)}${notesText(m, document)}${violationsText(m, document)}\n${latencyText(m, document)}`;
}

function factsText({ verify: words }: Messages, document: VerificationDocument): string {
  const { transactions, events, rows, accounting } = document;
  const others = Object.values(events.others).reduce((sum, count) => sum + count, 0);
  const { committed } = accounting;
  const facts: (Fact | null)[] = [
    [words.committed(), words.counted({ events: committed, transactions: transactions.expected })],
    [words.became(), words.sum(accounting)],
    events.replayed > 0
      ? [words.repeated(), words.repeatedIn({ events: events.replayed, rewinds: events.rewinds })]
      : null,
    events.foreign + events.derived + events.snapshot + others > 0
      ? [words.others(), words.foreign({ ...events, others })]
      : null,
    events.malformed > 0 ? [words.skipped(), words.malformedCount(events.malformed)] : null,
    ...hazardFacts(words, document),
    [words.rows(), words.followed(rows)],
    [words.time(), words.speed(document)],
  ];
  return factLines(facts.filter((fact) => fact !== null));
}

/** Empty for a run without hazards. */
function hazardFacts(words: Messages['verify'], document: VerificationDocument): Fact[] {
  const { hazards, messages } = document;
  const truncates = truncatesText(words, document);
  const happened = words.happened(hazards ?? {});
  return [
    ...(happened.length === 0 ? [] : [[words.hazards(), happened] as const]),
    ...(truncates === null ? [] : [[words.truncates(), truncates] as const]),
    ...((messages?.sent ?? 0) === 0
      ? []
      : [[words.messages(), words.ofMessages(messages!)] as const]),
  ];
}

/** How many TRUNCATEs of the run arrived; null: it had none. */
export function truncatesText(
  words: Messages['verify'],
  { truncates, causes }: Pick<VerificationDocument, 'truncates' | 'causes'>,
): string | null {
  if (truncates === undefined || truncates.committed === 0) return null;
  const { committed, delivered } = truncates;
  const missing = causes
    .filter(({ violation, operation }) => violation === 'missing' && operation === 'truncate')
    .reduce((sum, { events }) => sum + events, 0);
  const others = committed - delivered - missing;
  return words.arrivedOf({ committed, delivered, missing, others });
}

function doubtsText({ verify: words }: Messages, { doubts }: VerificationDocument): string {
  return titled(
    words.doubted(),
    DOUBTS.flatMap((doubt) => {
      const events = doubts[doubt];
      return events === undefined ? [] : [words.doubt({ doubt, events })];
    }),
  );
}

function notesText({ verify: words }: Messages, document: VerificationDocument): string {
  return titled(words.notes(), [
    ...document.notes.map(words.note),
    ...projectionsOf(document).map(words.projection),
  ]);
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

/** One change or event in a line, and the places where to look it up. */
function exampleText({ verify: words }: Messages, example: Example): string {
  const { table, operation, key, xid, lsn, place, ledger, renamed, column } = example;
  const where = [
    renamed === undefined ? '' : words.named(renamed),
    column === undefined ? '' : words.inColumn(column),
    xid === null ? '' : `xid ${xid}`,
    lsn === null ? '' : `lsn ${lsn}`,
    place === null ? '' : words.place(place),
    ledger === null ? '' : `${basename(ledger.file)}#${ledger.intent}`,
  ].filter((part) => part !== '');
  const change = [table, operation, key].filter((part) => part !== null).join(' ');
  return `${change}${where.length > 0 ? ` (${where.join(', ')})` : ''}`.trim();
}

function latencyText(m: Messages, { latency_ms, clock_offset_ms }: VerificationDocument): string {
  const { verify: words } = m;
  const cell = (value: number | null) => (value === null ? '–' : m.millis(value));
  const row = (label: string, { p50, p90, p99, max }: Percentiles) => [
    `  ${label}`,
    ...[p50, p90, p99, max].map(cell),
  ];
  const table = formatTable([
    [`  ${words.latency()}`, 'p50', 'p90', 'p99', 'max'],
    row(words.commitToConnector(), latency_ms.commit_to_connector),
    row(words.connectorToReceived(), latency_ms.connector_to_received),
    row(words.commitToReceived(), latency_ms.commit_to_received),
  ]);
  const offset = clock_offset_ms === null ? words.noOffset() : words.clockOffset(clock_offset_ms);
  return `${table}  ${offset}\n`;
}
