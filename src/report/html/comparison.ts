import type { RunRecord } from '../../runs/record.js';
import { factsOf } from './facts.js';
import { type Figures, figuresOf, hasFigures } from './figures.js';
import { swatch } from './head.js';
import { type Content, html, type Markup, table } from './markup.js';
import { letterOf, titleOf } from './palette.js';
import { verdictWord } from './verification.js';
import { NOTHING, type Writer } from './writer.js';

/** Changes by less than this share are no change: a latency is known to 0.8 %. */
const SAME_SHARE = 0.01;

/** A figure of runs, and whether more or less of it is better; null where that depends. */
interface Compared {
  readonly label: string;
  readonly better: 'more' | 'less' | null;
  /** `figures`: null for a run without any. */
  readonly read: (figures: Figures | null, run: RunRecord) => number | null | undefined;
  readonly write: (value: number) => string;
}

/** Headline figures as a table, with a column a run; every run is compared with the first one. */
export function keyFigures(w: Writer, runs: readonly RunRecord[]): Markup {
  const { m } = w;
  const all = runs.map((run) => ({ run, figures: hasFigures(run) ? figuresOf(run) : null }));
  const [first] = all;
  // More events a second are no achievement where more were asked for.
  const sameTarget = new Set(all.map(({ figures }) => figures?.target)).size === 1;
  const row = ({ label, better, read, write }: Compared): Content[] => {
    const base = first === undefined ? null : (read(first.figures, first.run) ?? null);
    return [
      label,
      ...all.map(({ run, figures }, index) => {
        const value = read(figures, run) ?? null;
        if (value === null) return NOTHING;
        if (index === 0 || base === null) return write(value);
        return html`${write(value)}${change(w, base, value, { better, write })}`;
      }),
    ];
  };
  const perSecond = (label: string) => `${label} (${m.perSecond()})`;
  const count = (label: string, field: 'events' | 'rejected' | 'shed' | 'inDoubt' | 'reconnects') =>
    row({
      label,
      better: field === 'events' ? null : 'less',
      read: (figures) => figures?.[field],
      write: (value) => w.count(value),
    });
  const latency = (label: string, name: 'response' | 'service', quantile: 'p50' | 'p99') =>
    row({
      label,
      better: 'less',
      read: (_, { summary }) => summary?.latency_ms[name][quantile],
      write: (value) => w.ms(value),
    });
  const bytes = (label: string, field: 'rssPeak' | 'retainedPeak') =>
    row({
      label,
      better: 'less',
      read: (figures) => figures?.[field],
      write: (value) => w.bytes(value),
    });
  return table({
    caption: m.keyFigures(),
    head: [m.figure(), ...runHeads(w, runs)],
    labels: ['', ...runs.map((_, index) => letterOf(index))],
    rows: [
      row({
        label: perSecond(m.achieved()),
        better: sameTarget ? 'more' : null,
        read: (figures) => figures?.achieved,
        write: (value) => w.rate(value),
      }),
      row({
        label: perSecond(m.target()),
        better: null,
        read: (figures) => figures?.target,
        write: (value) => w.rate(value),
      }),
      latency(m.responseP50(), 'response', 'p50'),
      latency(m.responseP99(), 'response', 'p99'),
      latency(m.serviceP99(), 'service', 'p99'),
      ...verificationRows(w, runs, row),
      count(m.rejected(), 'rejected'),
      count(m.shed(), 'shed'),
      count(m.inDoubt(), 'inDoubt'),
      count(m.reconnects(), 'reconnects'),
      bytes(m.walPeak(), 'retainedPeak'),
      bytes(m.memoryPeak(), 'rssPeak'),
      count(m.events(), 'events'),
      row({
        label: m.span(),
        better: null,
        read: (figures) => figures?.seconds,
        write: (value) => w.span(value),
      }),
      [
        m.thresholdsFigure(),
        ...runs.map(({ summary }) => {
          const results = summary?.thresholds ?? [];
          if (results.length === 0) return NOTHING;
          return `${results.filter(({ held }) => held).length}/${results.length}`;
        }),
      ],
      [
        m.stopReason(),
        ...runs.map(({ summary }) =>
          summary === null ? m.killed() : w.reason(summary.stopped_by),
        ),
      ],
    ],
  });
}

/** The facts of the runs that differ between them: load, server, machine; empty if all are the same. */
export function differingFacts(w: Writer, runs: readonly RunRecord[]): Content {
  const { m } = w;
  const facts = runs.map((run) => new Map(factsOf(w, run)));
  const labels = [...new Set(facts.flatMap((each) => [...each.keys()]))];
  const rows = labels
    .map((label) => [label, ...facts.map((each) => each.get(label) ?? NOTHING)])
    .filter(([, ...values]) => new Set(values).size > 1);
  if (rows.length === 0) return '';
  return table({
    caption: m.differences(),
    head: [m.fact.what(), ...runHeads(w, runs)],
    words: runs.length + 1,
    labels: ['', ...runs.map((_, index) => letterOf(index))],
    rows,
  });
}

/** Titles of the runs' columns: their letters, each with a piece of its line. */
export function runHeads(w: Writer, runs: readonly RunRecord[]): Content[] {
  return runs.map(
    (run, index) =>
      html`${swatch(run, index)}<abbr title="${titleOf(run)}">${letterOf(index)}</abbr>${index === 0 ? html` <small>${w.m.base()}</small>` : ''}`,
  );
}

/** The change from the first run, with a sign, and in words whether it is better. */
function change(
  w: Writer,
  base: number,
  value: number,
  { better, write }: Pick<Compared, 'better' | 'write'>,
): Markup {
  const difference = value - base;
  const share = base === 0 ? null : difference / base;
  if (difference === 0 || (share !== null && Math.abs(share) < SAME_SHARE)) return html``;
  const sign = difference > 0 ? '+' : '−';
  const amount = share === null ? write(Math.abs(difference)) : w.share(Math.abs(share), 1);
  if (better === null) return html` <span class="change">${sign}${amount}</span>`;
  const good = (better === 'more') === difference > 0;
  return html` <span class="change ${good ? 'held' : 'broken'}">${sign}${amount} ${good ? w.m.better() : w.m.worse()}</span>`;
}

/** Verdict and latency of the pipeline; no rows if no run was verified. */
function verificationRows(
  w: Writer,
  runs: readonly RunRecord[],
  row: (compared: Compared) => Content[],
): Content[][] {
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
    row({
      label: m.cdc.latencyP99(),
      better: 'less',
      read: (_, { verification }) => verification?.document.latency_ms.commit_to_received.p99,
      write: (value) => w.ms(value),
    }),
  ];
}
