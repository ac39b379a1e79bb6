import { withCode } from './code-words.js';
import { html, type Markup } from './markup.js';
import type { Curve, Plot } from './plot.js';
import type { Writer } from './writer.js';

/** The place of a plot, with what a screen reader says in its stead. */
export function figure(w: Writer, plot: Plot): Markup {
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
