import { type RunRecord, startOf } from '../../runs/record.js';
import { factList } from './facts.js';
import { banner, html, type Markup } from './markup.js';
import { letterOf, lookOfRun } from './palette.js';
import type { Writer } from './writer.js';

/** The top of a run's report: name, period, and how the run ended. */
export function runHead(w: Writer, run: RunRecord): Markup {
  const when = whenOf(w, run);
  return html`<header class="head">
<p class="kind">${w.m.kind()}</p>
<h1>${w.m.reportOf({ runId: run.runId })}</h1>
${when === '' ? '' : html`<p class="when">${when}</p>`}
${verdict(w, run)}
${factList(w, run)}
</header>`;
}

/** The period of a run from its series, else the start in its name; empty when neither has a time. */
function whenOf(w: Writer, { series, runId }: RunRecord): string {
  const start = startOf(series);
  const end = Date.parse(series.at(-1)?.at ?? '');
  if (start !== null && Number.isFinite(end)) {
    return w.m.period({ range: w.range(new Date(start), new Date(end)) });
  }
  const stamp = /^(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)/.exec(runId);
  if (stamp === null) return '';
  const [year = 0, month = 1, ...rest] = stamp.slice(1).map(Number);
  const at = new Date(Date.UTC(year, month - 1, ...rest));
  return w.m.since({ from: w.moment(at) });
}

function verdict(w: Writer, { summary, series }: RunRecord): Markup {
  if (summary === null) {
    return banner('bad', series.length === 0 ? w.m.killed() : w.m.noSummary());
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
  return banner(kind, `${w.m.stoppedBy({ reason: w.reason(summary.stopped_by) })} ${judged}`);
}

/** The top of a comparison: its runs, each with the colour of its curves. `links`: to their pages; null without one. */
export function comparisonHead(
  w: Writer,
  runs: readonly RunRecord[],
  links: readonly (string | null)[],
): Markup {
  return html`<header class="head">
<p class="kind">${w.m.kindComparison()}</p>
<h1>${w.m.comparisonOf({ runs: runs.length })}</h1>
<ol class="runs">${runs.map((run, index) => {
    const link = links[index] ?? null;
    const name = link === null ? run.runId : html`<a href="${link}">${run.runId}</a>`;
    return html`<li>${swatch(run, index)}<strong>${letterOf(index)} · ${name}</strong> <span>${whenOf(w, run)}</span></li>`;
  })}</ol>
</header>`;
}

/** A piece of the run's line in the plots. */
export function swatch(run: RunRecord, index: number): Markup {
  const { colour, line } = lookOfRun(run, index);
  return html`<span class="swatch${line === 'dashed' ? ' dashed' : ''}" style="border-color:var(--curve-${colour})" aria-hidden="true"></span>`;
}
