import { basename } from 'node:path';
import type { Messages } from '../log/messages/index.js';
import type { Percentiles, VerificationDocument } from '../verify/document.js';
import { type Example, VIOLATIONS } from '../verify/findings.js';
import { layOut } from './table.js';

/** What `verify` found, as an operator reads it. */
export function verificationText(m: Messages, document: VerificationDocument): string {
  const { verify: said } = m;
  const title = said.title({ run: document.run_id, source: document.source });
  return `${title}\n${factsText(m, document)}${violationsText(m, document)}\n${latencyText(m, document)}`;
}

function factsText({ verify: said }: Messages, document: VerificationDocument): string {
  const { transactions, events, rows, verdict, doubts } = document;
  const doubted = doubts.length > 0 ? ` (${said.doubts(doubts)})` : '';
  const others = Object.values(events.others).reduce((sum, count) => sum + count, 0);
  const facts: (readonly [string, string] | null)[] = [
    [said.verdict(), `${said.verdictNames[verdict]}${doubted}`],
    [
      said.expected(),
      said.counted({ events: events.expected, transactions: transactions.expected }),
    ],
    [
      said.delivered(),
      said.counted({ events: events.delivered, transactions: transactions.delivered }),
    ],
    transactions.before_start > 0 ? ['', said.beforeStart(transactions.before_start)] : null,
    transactions.not_arrived > 0
      ? [
          said.notArrived(),
          said.counted({ events: events.not_arrived, transactions: transactions.not_arrived }),
        ]
      : null,
    events.replayed > 0
      ? [said.repeated(), said.repeatedIn({ events: events.replayed, rewinds: events.rewinds })]
      : null,
    events.foreign + events.snapshot + others > 0
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

function violationsText(m: Messages, { violations, examples }: VerificationDocument): string {
  const found = VIOLATIONS.filter((violation) => violations[violation] > 0);
  if (found.length === 0) return '';
  const lines = found.flatMap((violation) => {
    const own = examples.filter((example) => example.violation === violation);
    const more = violations[violation] - own.length;
    return [
      `  ${m.verify.violationNames[violation]}: ${m.number(violations[violation])}`,
      ...own.map((example) => `    ${exampleText(m, example)}`),
      ...(more > 0 ? [`    ${m.verify.more(more)}`] : []),
    ];
  });
  return `\n${m.verify.violationTitle()}\n${lines.map((line) => `${line}\n`).join('')}`;
}

/** One thing that is wrong, in a line. */
function exampleText({ verify: said }: Messages, example: Example): string {
  const { table, operation, key, xid, lsn, place, ledger } = example;
  const where = [
    xid === null ? '' : `xid ${xid}`,
    lsn === null ? '' : `lsn ${lsn}`,
    place === null ? '' : said.place(place),
    ledger === null ? '' : `${basename(ledger.file)}#${ledger.intent}`,
  ].filter((part) => part !== '');
  const what = [table, operation, key].filter((part) => part !== null).join(' ');
  return `${what === '' ? '' : `${what}: `}${said.example(example)}${where.length > 0 ? ` (${where.join(', ')})` : ''}`;
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
