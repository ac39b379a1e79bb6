import type { RunRecord } from '../../runs/record.js';
import type { Verdict } from '../../verify/verdict/accounting.js';
import { DOUBTS } from '../../verify/verdict/accounting.js';
import type { VerificationDocument } from '../../verify/verdict/document.js';
import { VIOLATIONS } from '../../verify/verdict/findings.js';
import { banner, type Mood } from './banner.js';
import { card, millis, spread } from './cards.js';
import { withCode } from './code-words.js';
import { figure } from './figure.js';
import { marksLegend } from './marks.js';
import { type Content, html, type Markup } from './markup.js';
import type { Marks, Plot } from './plot.js';
import {
  countsTable,
  earlierTable,
  factsTable,
  latencyTable,
  violationsTable,
} from './verification-tables.js';
import type { Writer } from './writer.js';

const MOODS: Readonly<Record<Verdict, Mood>> = {
  exact: 'good',
  duplicates: 'plain',
  violation: 'bad',
  indeterminate: 'unsure',
};

/** What a verification found: nothing of a run that was not verified. */
export function verificationSection(
  w: Writer,
  { verification, verdicts }: RunRecord,
  plots: readonly Plot[],
  marks: Marks,
): Content {
  if (verification === null) return '';
  const { document, points } = verification;
  return html`<section aria-labelledby="cdc"><h2 id="cdc">${w.m.cdc.title()}</h2>
${banner(MOODS[document.verdict], said(w, document))}
${headlines(w, document)}
<div class="tables">${[violationsTable, countsTable, factsTable, latencyTable].map((part) => part(w, document))}${earlierTable(w, document, verdicts)}</div>
${points.length === 0 ? html`<p class="remark">${withCode(w.m.cdc.noArrivals())}</p>` : html`${marksLegend(w.m, marks)}<div class="panels">${plots.map((plot) => figure(w, plot))}</div>`}</section>`;
}

/** A verdict in a word, in the colour of its mood. */
export function verdictWord(w: Writer, verdict: Verdict): Markup {
  return html`<span class="word ${MOODS[verdict]}">${w.verify.verdictNames[verdict]}</span>`;
}

function said(w: Writer, document: VerificationDocument): Content {
  const { cdc } = w.m;
  const { verdict, doubts, notes } = document;
  const reasons = DOUBTS.flatMap((doubt) => {
    const events = doubts[doubt];
    return events === undefined ? [] : [w.verify.doubt({ doubt, events })];
  });
  const why = [...reasons, ...notes.map(w.verify.note)].map(
    (sentence) => html`<li>${withCode(sentence)}</li>`,
  );
  const list = why.length === 0 ? '' : html`<ul>${why}</ul>`;
  const word = w.verify.verdictNames[verdict];
  const name = html`<strong>${word}</strong>`;
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
            // Rounded down: 100% is all of them.
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
