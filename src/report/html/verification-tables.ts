import { basename } from 'node:path';
import type { RecordedVerdict } from '../../runs/verifications.js';
import type { Percentiles, VerificationDocument } from '../../verify/verdict/document.js';
import type { Example } from '../../verify/verdict/findings.js';
import { withCode } from './code-words.js';
import { type Content, html, type Markup } from './markup.js';
import { table } from './table.js';
import { NOTHING, type Writer } from './writer.js';

/** What became of the run's events and transactions; of what does not occur, only what is always asked. */
export function countsTable(w: Writer, document: VerificationDocument): Markup {
  const { cdc } = w.m;
  const { transactions, events, accounting } = document;
  const others = Object.values(events.others).reduce((sum, count) => sum + count, 0);
  const all: [label: () => string, events: number | null, transactions: number | null][] = [
    [cdc.count.expected, accounting.committed, transactions.expected],
    [cdc.count.delivered, accounting.delivered, transactions.delivered],
    [cdc.count.excused, accounting.excused, null],
    [cdc.count.missing, accounting.missing, transactions.missing],
    [cdc.count.doubted, accounting.doubted, null],
    [cdc.count.waived, accounting.waived, null],
    [cdc.count.repeated, events.replayed, null],
  ];
  const rare: typeof all = [
    [cdc.count.beforeSource, null, transactions.before_source],
    [cdc.count.beforeSnapshot, null, transactions.before_snapshot],
    [cdc.count.unknownDelivered, null, transactions.unknown_delivered],
    [cdc.count.unknownAbsent, null, transactions.unknown_absent],
    [cdc.count.derived, events.derived, null],
    [cdc.count.unjudged, events.unjudged, null],
    [cdc.count.foreign, events.foreign, null],
    [cdc.count.snapshot, events.snapshot, null],
    [cdc.count.others, others, null],
    [cdc.count.malformed, events.malformed, null],
  ];
  const shown = [
    ...all,
    ...rare.filter(([, ...counts]) => counts.some((count) => (count ?? 0) > 0)),
  ];
  return table({
    caption: cdc.counts(),
    head: [cdc.what(), w.m.eventCount(), cdc.transactions()],
    rows: shown.map(([label, ...counts]) => [label(), ...counts.map((count) => w.count(count))]),
  });
}

/** How late events were on each stretch of their way, and how far the clocks can be trusted. */
export function latencyTable(w: Writer, document: VerificationDocument): Markup {
  const { latency_ms, clock_offset_ms } = document;
  const row = (label: string, { events, p50, p90, p99, max }: Percentiles) => [
    label,
    ...[p50, p90, p99, max].map((value) => w.millis(value)),
    w.count(events),
  ];
  const clocks =
    clock_offset_ms === null ? w.verify.noOffset() : w.verify.clockOffset(clock_offset_ms);
  return html`<div class="wide">${table({
    caption: w.m.cdc.quantiles(),
    head: [w.m.measure(), 'p50', 'p90', 'p99', w.m.maximum(), w.m.eventCount()],
    rows: [
      row(w.verify.commitToConnector(), latency_ms.commit_to_connector),
      row(w.verify.connectorToReceived(), latency_ms.connector_to_received),
      row(w.verify.commitToReceived(), latency_ms.commit_to_received),
    ],
  })}
<p class="remark">${w.sentence(clocks)}</p></div>`;
}

/** What was verified, when, and how much of it. */
export function factsTable(w: Writer, document: VerificationDocument): Markup {
  const { cdc } = w.m;
  const { source, began, seconds, events, rows } = document;
  const { followed, sample, compared, superseded } = rows;
  return html`<div class="settings">${table({
    caption: cdc.facts(),
    head: [w.m.figure(), w.m.value()],
    words: 2,
    rows: [
      [cdc.source(), source],
      [cdc.began(), w.moment(new Date(began))],
      [cdc.took(), w.span(seconds)],
      [cdc.rate(), `${w.rate(seconds > 0 ? events.delivered / seconds : null)} ${w.m.perSecond()}`],
      [cdc.followed(), `${w.count(followed)} (${w.share(sample, 1)})`],
      [cdc.compared(), compared === null ? cdc.notCompared() : w.count(compared)],
      ...((superseded ?? 0) > 0 ? [[cdc.superseded(), w.count(superseded)]] : []),
    ],
  })}</div>`;
}

/** The first examples of each violation; empty where nothing is wrong. */
export function violationsTable(w: Writer, document: VerificationDocument): Content {
  const { cdc } = w.m;
  const { examples, causes } = document;
  if (causes.length === 0) return '';
  const found = causes.map((cause) => {
    const all = causes.filter(({ violation }) => violation === cause.violation).length === 1;
    return `${w.verify.violationNames[cause.violation]}: ${w.verify.cause({ ...cause, all })}`;
  });
  return html`<div class="wide examples">${table({
    caption: cdc.firstExamples(),
    head: [
      cdc.violation(),
      cdc.detail(),
      w.m.table(),
      w.m.operation(),
      cdc.key(),
      'xid',
      'LSN',
      cdc.where(),
    ],
    words: 8,
    rows: examples.map((example) => exampleRow(w, example)),
  })}
<ul class="remark">${found.map((each) => html`<li>${withCode(each)}</li>`)}</ul></div>`;
}

/** The other verdicts on the run, the newest first; empty where there is one alone. */
export function earlierTable(
  w: Writer,
  newest: VerificationDocument,
  verdicts: readonly RecordedVerdict[],
): Content {
  const { cdc } = w.m;
  const others = verdicts.filter(({ document }) => document.began !== newest.began);
  if (others.length === 0) return '';
  return html`<div class="wide">${table({
    caption: cdc.earlier(),
    head: [cdc.began(), cdc.source(), cdc.verdict(), cdc.file(), cdc.count.delivered()],
    words: 4,
    rows: others.map(({ file, document }) => [
      w.moment(new Date(document.began)),
      document.source,
      w.verify.verdictNames[document.verdict],
      html`<code>${file}</code>`,
      `${w.count(document.accounting.delivered)} / ${w.count(document.accounting.committed)}`,
    ]),
  })}</div>`;
}

function exampleRow(w: Writer, example: Example): Content[] {
  const { violation, table: name, operation, key, xid, lsn, place, ledger } = example;
  const where = [
    ...(place === null ? [] : [w.verify.place(place)]),
    ...(ledger === null ? [] : [`${basename(ledger.file)}#${ledger.intent}`]),
  ];
  // Identifiers are for looking up, not for reading: no grouping of their digits.
  const coded = (value: string | number | null) =>
    value === null ? NOTHING : html`<code>${value}</code>`;
  return [
    w.verify.violationNames[violation],
    withCode(w.verify.example(example)),
    coded(name),
    operation === null ? NOTHING : (w.m.cdc.operation(operation) ?? operation),
    coded(key),
    coded(xid),
    coded(lsn),
    where.length === 0 ? NOTHING : html`<code>${where.join(' · ')}</code>`,
  ];
}
