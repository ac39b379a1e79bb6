import type { Messages } from '../../messages/index.js';
import { type Content, html, type Markup, withCode } from './markup.js';
import type { Curve, Marks, Plot } from './plot-data.js';
import type { Writer } from './writer.js';

/** The frame that the page's script draws a plot into. Screen readers get the extent of its curves. */
export function panel(w: Writer, plot: Plot): Markup {
  return html`<figure class="${plot.wide ? 'panel wide' : 'panel'}">
<figcaption><h3>${plot.title}</h3><p>${withCode(plot.explanation)}</p></figcaption>
<div class="plot ${plot.wide ? 'tall' : ''}" id="plot-${plot.id}" role="img" aria-label="${spoken(w, plot)}"></div>
</figure>`;
}

function spoken(w: Writer, plot: Plot): string {
  const curves = plot.tables
    .flatMap((table) => table.curves)
    .map((curve) => extent(w, plot, curve))
    .join('; ');
  return w.m.plotLabel({ title: plot.title, curves });
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

/** Explains the kinds of marks that occur in the plots; empty without any. */
export function marksLegend(m: Messages['page'], marks: Marks): Content {
  const entries: [readonly unknown[], string, Markup][] = [
    [marks.paused, m.pausedMark(), html`<rect class="mark-pause" width="16" height="16" rx="2"/>`],
    [
      marks.reconnects,
      m.reconnectMark(),
      html`<path class="mark-reconnect" d="M8 0v16" stroke-dasharray="4 3"/><path class="mark-reconnect-head" d="M3 0h10l-5 7z"/>`,
    ],
    [marks.rejections, m.rejectionMark(), html`<path class="mark-rejection" d="M8 3v10"/>`],
    [marks.failures, m.failureMark(), html`<path class="mark-failure" d="M8 0v16"/>`],
  ];
  const shown = entries.filter(([moments]) => moments.length > 0);
  if (shown.length === 0) return '';
  return html`<ul class="marks" aria-label="${m.marks()}">${shown.map(
    ([, label, shape]) =>
      html`<li><svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">${shape}</svg>${label}</li>`,
  )}</ul>`;
}
