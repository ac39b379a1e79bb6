import type { RunRecord } from '../run-record.js';
import { html, type Markup } from './markup.js';
import type { Writer } from './writer.js';

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

/** When a run began, in milliseconds since 1970, by its series; null where that does not tell. */
export function startOf({ series }: RunRecord): number | null {
  const [first] = series;
  if (first === undefined) return null;
  const start = Date.parse(first.at) - first.second * 1000;
  return Number.isFinite(start) ? start : null;
}

/** When a run was, from its series or else from its name; empty when neither tells. */
export function whenOf(w: Writer, run: RunRecord): string {
  const { series, runId } = run;
  const start = startOf(run);
  const last = series.at(-1);
  if (start !== null && last !== undefined) {
    const end = Date.parse(last.at);
    if (Number.isFinite(end)) {
      return w.m.period({ range: w.range(new Date(start), new Date(end)) });
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

/** A sentence or two that say how something ended. */
export function banner(kind: Verdict, sentences: readonly string[]): Markup {
  return html`<p class="verdict ${kind}"><span class="sign" aria-hidden="true">${SIGNS[kind]}</span><span>${sentences.join(' ')}</span></p>`;
}
