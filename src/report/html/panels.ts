import type { Messages } from '../../messages/index.js';
import { type Content, html, type Markup, withCode } from './markup.js';
import type { Curve, MarkName, Marks, Plot } from './plot-data.js';
import type { Writer } from './writer.js';

/** The frame that the page's script draws a plot into. Screen readers get the extent of its curves. */
export function panel(w: Writer, plot: Plot, marks: Marks): Markup {
  return html`<figure class="${plot.wide ? 'panel wide' : 'panel'}">
<figcaption><h3>${plot.title}</h3><p>${withCode(plot.explanation)}</p></figcaption>
<div class="plot ${plot.lanes ? 'lanes' : plot.wide ? 'tall' : ''}" id="plot-${plot.id}" role="img" aria-label="${spoken(w, plot, marks)}"></div>
</figure>`;
}

function spoken(w: Writer, plot: Plot, marks: Marks): string {
  const extents = plot.tables
    .flatMap((table) => table.curves)
    .map((curve) => extent(w, plot, curve));
  const lanes = marks.hazards.map(({ name, times }) => `${name} ${w.count(times)}`);
  const curves = (plot.lanes ? lanes : extents).join('; ');
  const limits = plot.limits.map(({ label, held }) => w.m.limitLabel({ label, held }));
  return [w.m.plotLabel({ title: plot.title, curves }), ...limits].join(' ');
}

function extent(w: Writer, { unit }: Plot, { label, values }: Curve): string {
  let from = Number.POSITIVE_INFINITY;
  let to = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (value === null) continue;
    if (value < from) from = value;
    if (value > to) to = value;
  }
  return w.m.curveLabel({ curve: label, from: w.unit(unit, from), to: w.unit(unit, to) });
}

/** The shape of each mark, as the plots draw it. */
const SHAPES: Readonly<Record<MarkName, Markup>> = {
  paused: html`<rect class="mark-pause" width="16" height="16" rx="2"/>`,
  outages: html`<rect class="mark-outage" width="16" height="16" rx="2"/>`,
  gaps: html`<path class="mark-gap" d="M0 8 8 0M0 16 16 0M8 16 16 8"/>`,
  reconnects: html`<path class="mark-reconnect" d="M8 0v16" stroke-dasharray="4 3"/><path class="mark-reconnect-head" d="M3 0h10l-5 7z"/>`,
  rejections: html`<path class="mark-rejection" d="M8 3v10"/>`,
  hazards: html`<rect class="mark-hazard" width="16" height="5"/>`,
  failures: html`<path class="mark-failure" d="M8 0v16"/>`,
};
const MARK_NAMES = Object.keys(SHAPES) as MarkName[];

/** Names of the marks. */
export function markNames(m: Messages['page']): Readonly<Record<MarkName, string>> {
  return Object.fromEntries(MARK_NAMES.map((name) => [name, m.mark[name]()])) as never;
}

/** Explains the kinds of marks that occur in the plots; empty without any. */
export function marksLegend(m: Messages['page'], marks: Marks): Content {
  const shown = MARK_NAMES.filter((name) => marks[name].length > 0);
  if (shown.length === 0) return '';
  return html`<ul class="marks" aria-label="${m.marks()}">${shown.map(
    (name) =>
      html`<li><svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">${SHAPES[name]}</svg>${m.mark[name]()}</li>`,
  )}</ul>`;
}
