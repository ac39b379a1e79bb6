import type { SeriesPoint } from '../../run/series.js';
import { rejectedTotal } from '../../run/worker-stats.js';
import type { RunRecord } from '../../runs/record.js';
import type { Quantiles } from '../../runs/summary.js';
import { type Content, card, html } from './markup.js';
import { NOTHING, type Writer } from './writer.js';

/** Headline figures of a run; null where unknown. */
export interface Figures {
  readonly achieved: number | null;
  readonly target: number | null;
  readonly events: number;
  readonly seconds: number;
  readonly pausedSeconds: number;
  readonly rejected: number;
  readonly shed: number;
  readonly offered: number | null;
  readonly reconnects: number;
  readonly retries: number | null;
  readonly inDoubt: number | null;
  readonly settled: number | null;
  readonly rssPeak: number | null;
  /** The most WAL that any slot retained, in bytes. */
  readonly retainedPeak: number | null;
}

/** Whether a run left any figures: one that was killed at once has nothing but its ledger. */
export function hasFigures({ summary, series }: RunRecord): boolean {
  return summary !== null || series.length > 0;
}

/** Headline figures from the summary, or from the series of a run that left no summary. */
export function figuresOf({ summary, series }: RunRecord): Figures {
  const rssPeak = highest(series.map(({ rss_bytes }) => rss_bytes));
  const retained = series.flatMap(({ slots }) => (slots ?? []).map((slot) => slot.retained_bytes));
  if (summary !== null) {
    const { transactions } = summary;
    return {
      achieved: summary.achieved_rate,
      target: summary.target_rate,
      events: summary.events,
      seconds: summary.seconds,
      pausedSeconds: summary.paused_seconds,
      rejected: rejectedTotal(summary.rejected),
      shed: summary.shed,
      offered: summary.offered,
      reconnects: summary.reconnects,
      retries: summary.retries,
      inDoubt: transactions.in_doubt,
      settled: transactions.settled,
      rssPeak: summary.generator?.rss_peak_bytes ?? rssPeak,
      retainedPeak: highest([
        ...Object.values(summary.slots).map((slot) => slot.retained_bytes),
        ...retained,
      ]),
    };
  }
  const sum = (pick: (point: SeriesPoint) => number | null, points = series) =>
    points.reduce((total, point) => total + (pick(point) ?? 0), 0);
  const seconds = series.at(-1)?.second ?? 0;
  const pausedSeconds = series.filter(({ paused }) => paused).length;
  const events = sum((point) => point.committed);
  const targets = series.filter(({ target, paused }) => target !== null && !paused);
  return {
    achieved: seconds > pausedSeconds ? events / (seconds - pausedSeconds) : null,
    target: targets.length === 0 ? null : sum((point) => point.target, targets) / targets.length,
    events,
    seconds,
    pausedSeconds,
    rejected: sum((point) => point.rejected),
    shed: sum((point) => point.shed),
    offered: targets.length === 0 ? null : sum((point) => point.offered),
    reconnects: sum((point) => point.reconnects),
    retries: null,
    inDoubt: null,
    settled: null,
    rssPeak,
    retainedPeak: highest(retained),
  };
}

function highest(values: readonly (number | null | undefined)[]): number | null {
  return values.reduce<number | null>(
    (most, value) => (typeof value === 'number' && value > (most ?? -1) ? value : most),
    null,
  );
}

/** Headline figures as cards; a run that was killed has those of its series. */
export function cards(w: Writer, run: RunRecord): Content {
  if (!hasFigures(run)) return '';
  const { m } = w;
  const figures = figuresOf(run);
  const latency = run.summary?.latency_ms;
  const rejectedBy = Object.entries(run.summary?.rejected ?? {})
    .map(([sqlstate, count]) => `${sqlstate}: ${w.count(count)}`)
    .join(' · ');
  const span = w.span(figures.seconds);
  const paused = w.span(figures.pausedSeconds);
  const { achieved, target, offered } = figures;
  const shown = [
    card(
      m.achieved(),
      html`${w.rate(achieved)} <small>${m.perSecond()}</small>`,
      target === null
        ? m.noTarget()
        : m.ofTarget({ target: w.rate(target), share: w.share(achieved ?? 0, target) }),
    ),
    card(
      m.events(),
      w.count(figures.events),
      figures.pausedSeconds < 0.1 ? m.during({ span }) : m.duringPaused({ span, paused }),
    ),
    ...(latency === undefined
      ? []
      : [
          card(m.responseP99(), millis(w, latency.response.p99), spread(w, latency.response)),
          card(m.serviceP99(), millis(w, latency.service.p99), spread(w, latency.service)),
        ]),
    card(
      m.rejected(),
      w.count(figures.rejected),
      figures.rejected === 0 ? m.nothing() : rejectedBy,
      figures.rejected > 0,
    ),
    card(
      m.shed(),
      w.count(figures.shed),
      offered === null || offered === 0 ? '' : m.shedOf({ share: w.share(figures.shed, offered) }),
      figures.shed > 0,
    ),
    ...(figures.inDoubt === null || figures.settled === null
      ? []
      : [
          card(
            m.inDoubt(),
            w.count(figures.inDoubt),
            m.settled({ count: figures.settled, shown: w.count(figures.settled) }),
            figures.inDoubt > 0,
          ),
        ]),
    card(
      m.reconnects(),
      w.count(figures.reconnects),
      figures.retries === null
        ? ''
        : m.retries({ count: figures.retries, shown: w.count(figures.retries) }),
      figures.reconnects > 0,
    ),
  ];
  const columns = shown.length % 4 === 0 ? 4 : shown.length;
  return html`<section aria-labelledby="figures"><h2 id="figures">${m.figures()}</h2>
<dl class="cards" style="--columns:${columns}">${shown}</dl></section>`;
}

/** Median and maximum, for the remark below a p99. */
export function spread(w: Writer, { p50, max }: Pick<Quantiles, 'p50' | 'max'>): string {
  return w.m.spread({ p50: w.ms(p50), max: w.ms(max) });
}

/** Milliseconds for a card: the unit is smaller than the figure. */
export function millis(w: Writer, value: number | null): Content {
  return value === null ? NOTHING : html`${w.millis(value)} <small>ms</small>`;
}
