import type { RunRecord } from '../run-record.js';
import { figuresOf } from './figures.js';
import { type Content, html, type Markup } from './markup.js';
import { NOTHING, type Writer } from './writer.js';

type Verdict = 'good' | 'bad' | 'plain';

/** Told apart by shape, not by colour alone. */
const SIGNS: Readonly<Record<Verdict, string>> = { good: '✓', bad: '✕', plain: 'i' };

/** The top of a run's report: name, when, and how it ended. */
export function runHead(w: Writer, run: RunRecord): Markup {
  const when = whenOf(w, run);
  return html`<header class="head">
<p class="kind">${w.m.kind()}</p>
<h1>${w.m.reportOf({ runId: run.runId })}</h1>
${when === '' ? '' : html`<p class="when">${when}</p>`}
${verdict(w, run)}
</header>`;
}

/** When a run was, from its series or else from its name; empty when neither tells. */
export function whenOf(w: Writer, { series, runId }: RunRecord): string {
  const [first] = series;
  const last = series.at(-1);
  if (first !== undefined && last !== undefined) {
    const start = Date.parse(first.at) - first.second * 1000;
    const end = Date.parse(last.at);
    if (Number.isFinite(start) && Number.isFinite(end)) {
      return w.m.period({ from: w.moment(new Date(start)), to: w.moment(new Date(end)) });
    }
  }
  const stamp = /^(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)/.exec(runId);
  if (stamp === null) return '';
  const [year = 0, month = 1, ...rest] = stamp.slice(1).map(Number);
  const at = new Date(Date.UTC(year, month - 1, ...rest));
  return w.m.since({ from: w.moment(at) });
}

function verdict(w: Writer, { summary, series }: RunRecord): Markup {
  if (summary === null) {
    return banner('bad', series.length === 0 ? [w.m.killed()] : [w.m.noSummary()]);
  }
  const broken = summary.thresholds.filter(({ held }) => !held).length;
  const of = summary.thresholds.length;
  const judged =
    of === 0
      ? w.m.noThresholds()
      : broken === 0
        ? w.m.thresholdsHeld({ count: of })
        : w.m.thresholdsBroken({ broken, of });
  const kind = broken > 0 || summary.stopped_by === 'critical' ? 'bad' : of > 0 ? 'good' : 'plain';
  return banner(kind, [w.m.stoppedBy({ reason: w.reason(summary.stopped_by) }), judged]);
}

function banner(kind: Verdict, sentences: readonly string[]): Markup {
  return html`<p class="verdict ${kind}"><span class="sign" aria-hidden="true">${SIGNS[kind]}</span><span>${sentences.join(' ')}</span></p>`;
}

/** The headline figures. */
export function cards(w: Writer, run: RunRecord): Markup {
  const { m } = w;
  const figures = figuresOf(run);
  const latency = run.summary?.latency_ms;
  const rejectedBy = Object.entries(run.summary?.rejected ?? {})
    .map(([sqlstate, count]) => `${sqlstate}: ${w.count(count)}`)
    .join(' · ');
  const spread = (of: 'response' | 'service') =>
    latency === undefined
      ? ''
      : m.spread({ p50: w.ms(latency[of].p50), max: w.ms(latency[of].max) });
  const span = w.span(figures.seconds);
  const paused = w.span(figures.pausedSeconds);
  const { achieved, target, offered } = figures;
  return html`<section aria-labelledby="figures"><h2 id="figures">${m.figures()}</h2><dl class="cards">${[
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
    card(m.responseP99(), withUnit(w, latency?.response.p99), spread('response')),
    card(m.serviceP99(), withUnit(w, latency?.service.p99), spread('service')),
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
    card(
      m.inDoubt(),
      w.count(figures.inDoubt),
      figures.settled === null ? '' : m.settled({ count: w.count(figures.settled) }),
      (figures.inDoubt ?? 0) > 0,
    ),
    card(
      m.reconnects(),
      w.count(figures.reconnects),
      figures.retries === null ? '' : m.retries({ count: w.count(figures.retries) }),
      figures.reconnects > 0,
    ),
  ]}</dl></section>`;
}

function withUnit(w: Writer, value: number | null | undefined): Content {
  return value === null || value === undefined
    ? NOTHING
    : html`${w.millis(value)} <small>ms</small>`;
}

function card(label: string, value: Content, note: string, notable = false): Markup {
  return html`<div class="card${notable ? ' notable' : ''}"><dt>${label}</dt><dd class="value">${value}</dd>${note === '' ? '' : html`<dd class="note">${note}</dd>`}</div>`;
}
