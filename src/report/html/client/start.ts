import type uPlot from 'uplot';
import type { PageData } from '../plot.js';
import type { Colours, PageElement, PageWindow } from './browser.js';
import type { makeFormats } from './formats.js';
import type { plotOptions, Tools } from './options.js';

/** The functions of the script that this one calls: it names nothing outside itself. */
export interface Parts extends Pick<Tools, 'uPlot' | 'logSplits' | 'drawPauses' | 'drawMoments'> {
  readonly makeFormats: typeof makeFormats;
  readonly plotOptions: typeof plotOptions;
}

/** Draws every plot of the page, and again when width, colours or paper ask for it. Embedded. */
export function startPage(window: PageWindow, parts: Parts): void {
  const { document } = window;
  const root = document.documentElement;
  const data = JSON.parse(document.getElementById('data')?.textContent ?? '{}') as PageData;
  const formats = parts.makeFormats(data.lang);
  // A4 without its margins, at 96 pixels an inch.
  const paperWidth = 680;
  let shown: { element: PageElement; plot: uPlot }[] = [];

  const draw = (fixedWidth?: number) => {
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
      const width = fixedWidth ?? element.clientWidth;
      // Runs have their seconds each: where one has none, its curve goes through.
      const tables = plot.tables.map(
        ({ xs, curves }) => [xs, ...curves.map(({ values }) => values)] as uPlot.AlignedData,
      );
      const joined = parts.uPlot.join(tables);
      const options = parts.plotOptions(plot, data, width, tools);
      return [{ element, plot: new parts.uPlot(options, joined, element as never) }];
    });
  };
  const fit = () => {
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
  // Paper is white, whatever the screen is.
  window.addEventListener('beforeprint', () => {
    root.setAttribute('data-print', '');
    draw(paperWidth);
  });
  window.addEventListener('afterprint', () => {
    root.removeAttribute('data-print');
    draw();
  });
}
