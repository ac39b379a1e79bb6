import type { RunRecord } from '../../runs/record.js';
import { type Figures, figuresOf } from './figures.js';
import { swatch } from './head.js';
import { type Content, html, type Markup, table } from './markup.js';
import { verdictWord } from './verification.js';
import { NOTHING, type Writer } from './writer.js';

/** Headline figures as a table, with a column a run. */
export function keyFigures(w: Writer, runs: readonly RunRecord[]): Markup {
  const { m } = w;
  const all = runs.map((run) => ({ run, figures: figuresOf(run) }));
  const row = (label: string, cell: (figures: Figures, run: RunRecord) => Content) => [
    label,
    ...all.map(({ run, figures }) => cell(figures, run)),
  ];
  const count = (label: string, field: keyof Figures) =>
    row(label, (figures) => w.count(figures[field]));
  return table({
    caption: m.keyFigures(),
    head: [m.run(), ...runs.map((run, index) => html`${swatch(run, index)}${run.runId}`)],
    rows: [
      row(`${m.achieved()} (${m.perSecond()})`, ({ achieved }) => w.rate(achieved)),
      row(`${m.target()} (${m.perSecond()})`, ({ target }) => w.rate(target)),
      count(m.events(), 'events'),
      row(m.span(), ({ seconds }) => w.span(seconds)),
      row(m.responseP99(), (_, { summary }) => w.ms(summary?.latency_ms.response.p99)),
      row(m.serviceP99(), (_, { summary }) => w.ms(summary?.latency_ms.service.p99)),
      count(m.rejected(), 'rejected'),
      count(m.shed(), 'shed'),
      count(m.inDoubt(), 'inDoubt'),
      count(m.reconnects(), 'reconnects'),
      row(m.memoryPeak(), ({ rssPeak }) => w.bytes(rssPeak)),
      row(m.walPeak(), ({ retainedPeak }) => w.bytes(retainedPeak)),
      row(m.thresholdsFigure(), (_, { summary }) => {
        const results = summary?.thresholds ?? [];
        if (results.length === 0) return NOTHING;
        return `${results.filter(({ held }) => held).length}/${results.length}`;
      }),
      ...verificationRows(w, runs),
      row(m.stopReason(), (_, { summary }) =>
        summary === null ? m.killed() : w.reason(summary.stopped_by),
      ),
    ],
  });
}

/** Verdict and latency of the pipeline; no rows if no run was verified. */
function verificationRows(w: Writer, runs: readonly RunRecord[]): Content[][] {
  const { m } = w;
  const found = runs.map(({ verification }) => verification?.document);
  if (found.every((document) => document === undefined)) return [];
  return [
    [
      m.cdc.verdict(),
      ...found.map((document) =>
        document === undefined ? m.cdc.notVerified() : verdictWord(w, document.verdict),
      ),
    ],
    [
      m.cdc.latencyP99(),
      ...found.map((document) => w.ms(document?.latency_ms.commit_to_received.p99)),
    ],
  ];
}
