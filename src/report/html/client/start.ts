import type uPlot from 'uplot';
import type { makeFormats } from '../formats.js';
import type { PageData } from '../plot-data.js';
import type { PageElement, PageWindow } from './dom.js';
import type { Colours, Parts, Tools } from './tools.js';

// Functions of the page's script. The page embeds each as the compiler wrote it, so a function names only its
// arguments and globals of a browser.

/** Draws every plot of the page, and again when width, colours or paper change. */
export function startPage(
  window: PageWindow,
  parts: Parts & Pick<Tools, 'uPlot'> & { readonly makeFormats: typeof makeFormats },
): void {
  const { document } = window;
  const root = document.documentElement;
  const data = JSON.parse(document.getElementById('data')?.textContent ?? '{}') as PageData;
  const formats = parts.makeFormats(data.lang);
  // A4 without its margins and those of a panel, at 96 pixels an inch: the width of a wide plot, and of one of two.
  const paper = { wide: 650, narrow: 300, height: 210 };
  let shown: { element: PageElement; plot: uPlot }[] = [];

  const draw = (onPaper = false) => {
    const style = window.getComputedStyle(root);
    const known = new Map<string, string>();
    const colours: Colours = (name) => {
      const colour = known.get(name) ?? style.getPropertyValue(`--${name}`).trim();
      known.set(name, colour);
      return colour;
    };
    const tools = { ...parts, formats, colours, ratio: window.devicePixelRatio };
    for (const { plot } of shown) plot.destroy();
    shown = data.plots.flatMap((plot) => {
      const element = document.getElementById(`plot-${plot.id}`);
      if (element === null) return [];
      element.replaceChildren();
      const width = onPaper ? paper[plot.wide ? 'wide' : 'narrow'] : element.clientWidth;
      // Each run was sampled at its own seconds; a curve continues over the seconds of other runs.
      const tables = plot.tables.map(
        ({ xs, curves }) => [xs, ...curves.map(({ values }) => values)] as uPlot.AlignedData,
      );
      const joined = parts.uPlot.join(tables);
      const options = parts.plotOptions(plot, data, width, tools);
      const drawn = new parts.uPlot(options, joined, element as never);
      if (onPaper && plot.lanes === undefined) drawn.setSize({ width, height: paper.height });
      parts.followCursor(document, element, drawn, plot, data, tools);
      return [{ element, plot: drawn }];
    });
  };
  const fit = () => {
    if (root.getAttribute('data-print') !== null) return;
    for (const { element, plot } of shown) {
      const width = element.clientWidth;
      if (width > 0 && width !== plot.width) plot.setSize({ width, height: plot.height });
    }
  };

  draw();
  const observer = new window.ResizeObserver(() => window.requestAnimationFrame(fit));
  for (const { element } of shown) observer.observe(element);
  const scheme = window.matchMedia('(prefers-color-scheme: dark)');
  scheme.addEventListener('change', () => draw());
  // Paper is white, also where the screen is dark.
  window.addEventListener('beforeprint', () => {
    root.setAttribute('data-print', '');
    draw(true);
  });
  window.addEventListener('afterprint', () => {
    root.removeAttribute('data-print');
    draw();
  });
}
