import { basename } from 'node:path';
import type { RunRecord } from '../../runs/record.js';
import type { RecordedVerdict } from '../../runs/verifications.js';
import { DOUBTS, type Verdict } from '../../verify/verdict/accounting.js';
import {
  type Percentiles,
  projectionsOf,
  type VerificationDocument,
} from '../../verify/verdict/document.js';
import { type Example, VIOLATIONS } from '../../verify/verdict/findings.js';
import { truncatesText } from '../verify-text.js';

import { millis, spread } from './figures.js';
import { type Content, card, html, type Markup, type Mood, table, withCode } from './markup.js';
import { marksLegend, panel } from './panels.js';
import type { Marks, Plot } from './plot-data.js';
import { NOTHING, type Writer } from './writer.js';

const MOODS: Readonly<Record<Verdict, Mood>> = {
  exact: 'good',
  duplicates: 'plain',
  violation: 'bad',
  indeterminate: 'unsure',
};

/** The newest verification of a run; empty for a run that was not verified. */
export function verificationSection(
  w: Writer,
  { verification, verdicts }: RunRecord,
  plots: readonly Plot[],
  marks: Marks,
): Content {
  if (verification === null) return '';
  const { document, points } = verification;
  return html`<section aria-labelledby="cdc"><h2 id="cdc">${w.m.cdc.title()}</h2>
<div class="statement">${verdictText(w, document)}</div>
${headlines(w, document)}
<div class="tables">${[violationsTable, countsTable, factsTable, latencyTable].map((part) => part(w, document))}${earlierTable(w, document, verdicts)}</div>
${points.length === 0 ? html`<p class="remark">${withCode(w.m.cdc.noArrivals())}</p>` : html`${marksLegend(w.m, marks)}<div class="panels">${plots.map((plot) => panel(w, plot, marks))}</div>`}</section>`;
}

/** A verdict in a word, in the colour of its mood. */
export function verdictWord(w: Writer, verdict: Verdict): Markup {
  return html`<span class="word ${MOODS[verdict]}">${w.verify.verdictNames[verdict]}</span>`;
}

/** The verdict in words, with its doubts and notes. */
function verdictText(w: Writer, document: VerificationDocument): Content {
  const { cdc } = w.m;
  const { verdict, doubts, notes } = document;
  const reasons = DOUBTS.flatMap((doubt) => {
    const events = doubts[doubt];
    return events === undefined ? [] : [w.verify.doubt({ doubt, events })];
  });
  const why = [
    ...reasons,
    ...notes.map(w.verify.note),
    ...projectionsOf(document).map(w.verify.projection),
  ].map((sentence) => html`<li>${withCode(sentence)}</li>`);
  const list = why.length === 0 ? '' : html`<ul>${why}</ul>`;
  const word = w.verify.verdictNames[verdict];
  const name = html`<span class="word ${MOODS[verdict]}"><strong>${word}</strong></span>`;
  if (verdict === 'indeterminate') return html`${name}<p>${cdc.onlyDoubted()}</p>${list}`;
  const sentence = w.verify.verdicts[verdict](document).replace(`${word}: `, '');
  return html`${name}<p>${w.sentence(sentence)}</p>${reasons.length === 0 ? list : html`<p>${cdc.doubted()}</p>${list}`}`;
}

function headlines(w: Writer, document: VerificationDocument): Markup {
  const { cdc } = w.m;
  const { accounting, events, violations, latency_ms } = document;
  const wrong = VIOLATIONS.filter((violation) => violations[violation] > 0);
  const total = wrong.reduce((sum, violation) => sum + violations[violation], 0);
  const kinds = wrong.map(
    (name) => `${w.verify.violationNames[name]}: ${w.count(violations[name])}`,
  );
  const latency = latency_ms.commit_to_received;
  return html`<dl class="cards" style="--columns:4">${[
    card(
      cdc.delivered(),
      w.count(accounting.delivered),
      accounting.committed === 0
        ? cdc.noneExpected()
        : cdc.deliveredOf({
            shown: w.count(accounting.committed),
            // Rounded down: only all events are 100%.
            share: w.share(Math.floor((1000 * accounting.delivered) / accounting.committed), 1000),
          }),
    ),
    card(
      cdc.violations(),
      w.count(total),
      total === 0 ? w.m.cdc.none() : kinds.join(' · '),
      total > 0,
    ),
    card(
      cdc.repeated(),
      w.count(events.replayed),
      events.replayed === 0
        ? w.m.nothing()
        : cdc.repeatedIn({ count: events.rewinds, shown: w.count(events.rewinds) }),
    ),
    card(
      cdc.latencyP99(),
      millis(w, latency.p99),
      latency.p99 === null ? cdc.notMeasured() : spread(w, latency),
    ),
  ]}</dl>`;
}

/** Outcomes of the run's events and transactions; rare ones are shown where they occur. */
function countsTable(w: Writer, document: VerificationDocument): Markup {
  const { cdc } = w.m;
  const { transactions, events, accounting } = document;
  const others = Object.values(events.others).reduce((sum, count) => sum + count, 0);
  const always: [label: () => string, events: number | null, transactions: number | null][] = [
    [cdc.count.expected, accounting.committed, transactions.expected],
    [cdc.count.delivered, accounting.delivered, transactions.delivered],
    [cdc.count.excused, accounting.excused, null],
    [cdc.count.missing, accounting.missing, transactions.missing],
    [cdc.count.doubted, accounting.doubted, null],
    [cdc.count.waived, accounting.waived, null],
    [cdc.count.repeated, events.replayed, null],
  ];
  const rare: typeof always = [
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
    ...always,
    ...rare.filter(([, ...counts]) => counts.some((count) => (count ?? 0) > 0)),
  ];
  return table({
    caption: cdc.counts(),
    head: [cdc.what(), w.m.eventCount(), cdc.transactions()],
    rows: shown.map(([label, ...counts]) => [label(), ...counts.map((count) => w.count(count))]),
  });
}

/** Latency on each part of the way, with the offset between the clocks that measured it. */
function latencyTable(w: Writer, document: VerificationDocument): Markup {
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

/** Source, time and extent of the verification. */
function factsTable(w: Writer, document: VerificationDocument): Markup {
  const { cdc } = w.m;
  const { source, began, seconds, events, rows, hazards, messages } = document;
  const truncates = truncatesText(w.verify, document);
  const happened = w.verify.happened(hazards ?? {}).join(', ');
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
      ...(happened === '' ? [] : [[w.verify.hazards(), happened]]),
      ...(truncates === null ? [] : [[w.verify.truncates(), truncates]]),
      ...((messages?.sent ?? 0) > 0 ? [[w.verify.messages(), w.verify.ofMessages(messages!)]] : []),
    ],
  })}</div>`;
}

/** The first examples of each violation, and the causes; empty without violations. */
function violationsTable(w: Writer, document: VerificationDocument): Content {
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

/** The other verdicts on the run, the newest first; empty without any. */
function earlierTable(
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
  // Digits of identifiers are not grouped: an operator copies them into a search.
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
