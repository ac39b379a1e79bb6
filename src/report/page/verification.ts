import type { Percentiles, VerificationDocument } from '../../verify/document.js';
import { VIOLATIONS } from '../../verify/findings.js';
import type { Verdict } from '../../verify/verdict.js';
import type { RunRecord } from '../run-record.js';
import { exampleText } from '../verify-text.js';
import { banner, startOf } from './head.js';
import { type Content, html } from './markup.js';
import type { Plot } from './plot.js';
import { shownOnLog } from './plots.js';
import { table } from './table.js';
import type { Writer } from './writer.js';

/** How a verdict looks: told apart by sign and colour. */
const LOOKS: Readonly<Record<Verdict, 'good' | 'bad' | 'plain'>> = {
  exact: 'good',
  duplicates: 'good',
  violation: 'bad',
  indeterminate: 'plain',
};

/** What `verify` found of a run; nothing where it was not verified. */
export function verificationSection(w: Writer, { verification }: RunRecord): Content {
  if (verification === null) return '';
  const { document } = verification;
  const { verify: said } = w.messages;
  const sentence = said.verdicts[document.verdict](document);
  return html`<section aria-labelledby="cdc"><h2 id="cdc">${w.m.cdc()}</h2>
${banner(LOOKS[document.verdict], [`${sentence[0]?.toUpperCase() ?? ''}${sentence.slice(1)}.`])}
<div class="tables">${[counts(w, document), latency(w, document), violations(w, document)]}</div></section>`;
}

function counts(w: Writer, document: VerificationDocument): Content {
  const { verify: said } = w.messages;
  const { events, transactions } = document;
  const others = Object.values(events.others).reduce((sum, count) => sum + count, 0);
  const rows: readonly (readonly [string, number | null, number | null])[] = [
    [said.expected(), events.expected, transactions.expected],
    [said.delivered(), events.delivered, transactions.delivered],
    [said.notArrived(), events.not_arrived, transactions.not_arrived],
    [said.repeated(), events.replayed, null],
    [said.others(), events.foreign + events.snapshot + others, null],
  ];
  return table({
    caption: document.source,
    head: ['', w.m.eventCount(), w.m.transactions()],
    rows: rows.map(([name, ...figures]) => [
      name,
      ...figures.map((figure) => (figure === null ? '' : w.count(figure))),
    ]),
  });
}

function latency(w: Writer, { latency_ms, clock_offset_ms }: VerificationDocument): Content {
  const { verify: said } = w.messages;
  const row = (name: string, { p50, p90, p99, max }: Percentiles): Content[] => [
    name,
    ...[p50, p90, p99, max].map((value) => w.millis(value)),
  ];
  const offset = clock_offset_ms === null ? said.noOffset() : said.clockOffset(clock_offset_ms);
  return html`<div>${table({
    caption: said.latency(),
    head: [w.m.measure(), 'p50', 'p90', 'p99', w.m.maximum()],
    rows: [
      row(said.commitToConnector(), latency_ms.commit_to_connector),
      row(said.connectorToReceived(), latency_ms.connector_to_received),
      row(said.commitToReceived(), latency_ms.commit_to_received),
    ],
  })}
<p class="remark">${offset}</p></div>`;
}

function violations(w: Writer, document: VerificationDocument): Content {
  const { verify: said } = w.messages;
  const found = VIOLATIONS.filter((violation) => document.violations[violation] > 0);
  if (found.length === 0) return '';
  return html`<div class="wide">${table({
    caption: said.violationTitle(),
    head: [w.m.figure(), w.m.examples(), w.m.eventCount()],
    words: 2,
    rows: found.map((violation) => [
      html`<span class="broken">${said.violationNames[violation]}</span>`,
      document.examples
        .filter((example) => example.violation === violation)
        .map((example) => html`<div>${exampleText(w.messages, example)}</div>`),
      w.count(document.violations[violation]),
    ]),
  })}</div>`;
}

/** How late events were over the time of the run; none where nobody was there to see. */
export function verificationPlots(w: Writer, run: RunRecord): Plot[] {
  const { verification } = run;
  if (verification === null || verification.points.length === 0) return [];
  const { points } = verification;
  const start = startOf(run) ?? points[0]?.at ?? 0;
  const curve = (label: string, colour: number, dashed: boolean, pick: (i: number) => number) => ({
    ...{ label, colour, dashed },
    values: points.map((_, i) => shownOnLog(pick(i))),
  });
  return [
    {
      id: 'cdc',
      title: w.m.cdcLatency(),
      explanation: w.m.cdcLatencyDoc(),
      x: 'time',
      unit: 'ms',
      log: true,
      wide: true,
      tables: [
        {
          xs: points.map(({ at }) => Math.max(0, (at - start) / 1000)),
          curves: [
            curve('p99', BLUE, false, (i) => points[i]?.p99 ?? 0),
            curve('p50', BLUE, true, (i) => points[i]?.p50 ?? 0),
            curve(w.m.maximum(), VERMILION, true, (i) => points[i]?.max ?? 0),
          ],
        },
      ],
    },
  ];
}

/** As in the plots of the run itself. */
const BLUE = 0;
const VERMILION = 1;
