import { labelsOf, type RunRecord, startOf } from '../../runs/record.js';
import { judgeRun, type RunVerdict, reasonText, stateOf, type VerdictState } from '../verdict.js';
import { factList } from './facts.js';
import { banner, html, type Markup, type Mood, sign, withCode } from './markup.js';
import { letterOf, lookOfRun, titleOf } from './palette.js';
import type { Writer } from './writer.js';

const MOODS: Readonly<Record<VerdictState, Mood>> = {
  failed: 'bad',
  unsure: 'unsure',
  held: 'good',
  unjudged: 'plain',
};

/** The top of a run's report: name, period, and how the run ended. */
export function runHead(w: Writer, run: RunRecord): Markup {
  const title = titleOf(run);
  const when = [title === run.runId ? '' : run.runId, whenOf(w, run)].filter((part) => part !== '');
  const { note } = labelsOf(run);
  return html`<header class="head">
<p class="kind">${w.m.kind()}</p>
<h1>${w.m.reportOf({ runId: title })}</h1>
${when.length === 0 ? '' : html`<p class="when">${when.join(' · ')}</p>`}
${note === null ? '' : html`<p class="note">${note}</p>`}
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

/** The worst of all that is known about a run as a headline, with the other reasons below it. */
function verdict(w: Writer, run: RunRecord): Markup {
  const { state, reasons } = verdictOf(run);
  const [worst, ...others] = reasons;
  const entry = (mood: Mood, text: string) =>
    html`<li>${sign(mood)}<span>${withCode(text)}</span></li>`;
  const more = others.map((reason) =>
    entry(MOODS[stateOf(reason)], reasonText(w.messages, reason)),
  );
  const bottleneck = run.summary?.generator?.bottleneck ?? null;
  // It is in doubt whose latencies these are.
  if (bottleneck !== null) {
    more.push(entry('unsure', w.sentence(w.messages.report.bottleneck(bottleneck))));
  }
  const { summary, series } = run;
  const ended = summary !== null ? w.m.stoppedBy({ reason: w.reason(summary.stopped_by) }) : '';
  const remark = summary === null && series.length > 0 ? w.m.fromSeries() : ended;
  return banner(
    MOODS[state],
    html`<strong>${withCode(reasonText(w.messages, worst))}</strong>${more.length === 0 ? '' : html`<ul class="reasons">${more}</ul>`}${remark === '' ? '' : html`<p>${remark}</p>`}`,
  );
}

function verdictOf({ summary, verification }: RunRecord): RunVerdict {
  return judgeRun(summary, verification?.document ?? null);
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
    const name = link === null ? titleOf(run) : html`<a href="${link}">${titleOf(run)}</a>`;
    const { state, reasons } = verdictOf(run);
    return html`<li>${swatch(run, index)}<strong>${letterOf(index)} · ${name}</strong> <span class="when">${whenOf(w, run)}</span>
<p>${sign(MOODS[state])}<span>${withCode(reasonText(w.messages, reasons[0]))}</span></p></li>`;
  })}</ol>
</header>`;
}

/** A piece of the run's line in the plots. */
export function swatch(run: RunRecord, index: number): Markup {
  const { colour, line } = lookOfRun(run, index);
  return html`<span class="swatch${line === 'dashed' ? ' dashed' : ''}" style="border-color:var(--curve-${colour})" aria-hidden="true"></span>`;
}
