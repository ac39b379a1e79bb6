import type { RunRecord } from '../../runs/record.js';
import type { Quantiles } from '../../runs/summary.js';
import { figuresOf } from './figures.js';
import { type Content, html, type Markup } from './markup.js';
import { NOTHING, type Writer } from './writer.js';

/** The headline figures: of a run that was killed, those that its series tells. */
export function cards(w: Writer, run: RunRecord): Content {
  if (run.summary === null && run.series.length === 0) return '';
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

/** The latencies around the one that a card shows. */
export function spread(w: Writer, { p50, max }: Pick<Quantiles, 'p50' | 'max'>): string {
  return w.m.spread({ p50: w.ms(p50), max: w.ms(max) });
}

/** Milliseconds for a card: the unit is smaller than the figure. */
export function millis(w: Writer, value: number | null): Content {
  return value === null ? NOTHING : html`${w.millis(value)} <small>ms</small>`;
}

/** A figure with its name above it and a remark below. */
export function card(label: string, value: Content, note: string, notable = false): Markup {
  return html`<div class="card${notable ? ' notable' : ''}"><dt>${label}</dt><dd class="value">${value}</dd>${note === '' ? '' : html`<dd class="note">${note}</dd>`}</div>`;
}
