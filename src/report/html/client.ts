import type uPlot from 'uplot';
import type { Formats, makeFormats } from './formats.js';
import type { Marks, PageData, Plot } from './plot-data.js';

// Functions of the page's script. The page embeds each as the compiler wrote it, so a function names only its
// arguments and globals of a browser.

/**
 * The part of a browser's API that the script uses. TypeScript's own `dom` library would declare
 * `window` and `document` for the whole program, which runs in Node.
 */
interface PageElement {
  readonly clientWidth: number;
  readonly textContent: string;
  replaceChildren(): void;
  setAttribute(name: string, value: string): void;
  removeAttribute(name: string): void;
}

interface PageWindow {
  readonly document: {
    readonly documentElement: PageElement;
    getElementById(id: string): PageElement | null;
  };
  readonly devicePixelRatio: number;
  readonly ResizeObserver: new (callback: () => void) => { observe(element: PageElement): void };
  addEventListener(type: string, listener: () => void): void;
  matchMedia(query: string): { addEventListener(type: 'change', listener: () => void): void };
  getComputedStyle(element: PageElement): { getPropertyValue(name: string): string };
  requestAnimationFrame(callback: () => void): number;
}

/** Looks up a colour of the page's style by the name of its custom property without the dashes. */
type Colours = (name: string) => string;

/** uPlot and the other functions, as arguments of `startPage`. */
interface Parts extends Pick<Tools, 'uPlot' | 'logSplits' | 'drawPauses' | 'drawMoments'> {
  readonly makeFormats: typeof makeFormats;
  readonly plotOptions: typeof plotOptions;
}

/** Draws every plot of the page, and again when width, colours or paper change. */
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
      // Each run was sampled at its own seconds; a curve continues over the seconds of other runs.
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
  // Paper is white, also where the screen is dark.
  window.addEventListener('beforeprint', () => {
    root.setAttribute('data-print', '');
    draw(paperWidth);
  });
  window.addEventListener('afterprint', () => {
    root.removeAttribute('data-print');
    draw();
  });
}

/** Everything that drawing a plot needs besides its data. */
interface Tools {
  readonly uPlot: typeof uPlot;
  readonly formats: Formats;
  readonly colours: Colours;
  readonly ratio: number;
  readonly logSplits: typeof logSplits;
  readonly drawPauses: typeof drawPauses;
  readonly drawMoments: typeof drawMoments;
}

/** Places for labels of a logarithmic axis: 1, 2 and 5 in a decade; only 1 where the axis spans more than 250-fold. */
export function logSplits(from: number, to: number): number[] {
  const first = Math.floor(Math.log10(from));
  const last = Math.ceil(Math.log10(to));
  const steps = to / from > 250 ? [1] : [1, 2, 5];
  const splits = [];
  for (let decade = first; decade <= last; decade++) {
    for (const step of steps) {
      const value = step * 10 ** decade;
      if (value >= from * 0.999 && value <= to * 1.001) splits.push(value);
    }
  }
  return splits;
}

/** uPlot's options for a plot, `width` pixels wide. */
export function plotOptions(
  plot: Plot,
  { texts, marks }: PageData,
  width: number,
  tools: Tools,
): uPlot.Options {
  const { formats, colours, ratio } = tools;
  const overTime = plot.x === 'time';
  // The same width in every plot, so that a moment has the same place in all of them.
  const labelsWidth = 64;
  const place = (value: number) => (value >= 10_000 ? texts.maximum : formats.percentile(value));
  const xText = overTime ? formats.clock : place;
  const curves = plot.tables.flatMap((table) => table.curves);
  // The first series is the x axis.
  const colourOf = (_: uPlot, index: number) => colours(`curve-${curves[index - 1]?.colour ?? 0}`);
  const axis = {
    stroke: () => colours('muted'),
    grid: { stroke: () => colours('grid'), width: 1 },
    ticks: { show: false },
    font: '12px system-ui, sans-serif',
  };
  const yAxis: uPlot.Axis = {
    ...axis,
    size: labelsWidth,
    gap: 8,
    space: 34,
    values: (_, splits) =>
      splits.map((value) => (value === null ? '' : formats.unit(plot.unit, value))),
  };
  if (plot.log) {
    yAxis.splits = (_, __, from, to) => tools.logSplits(from, to);
    yAxis.filter = (_, splits) => splits;
  }
  const xAxis: uPlot.Axis = {
    ...axis,
    size: 30,
    gap: 8,
    space: 64,
    values: (_, splits) => splits.map((value) => (value === null ? '' : xText(value))),
  };
  if (overTime) {
    xAxis.incrs = [
      1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400,
    ];
  } else {
    xAxis.splits = () => [2, 10, 100, 1000, 10_000];
    xAxis.filter = (_, splits) => splits;
  }
  const snapped = (value: number, up: boolean) => {
    const decade = 10 ** Math.floor(Math.log10(value));
    const steps = up ? [1, 2, 5, 10] : [10, 5, 2, 1];
    const step = steps.find((n) => (up ? n * decade >= value : n * decade <= value * 1.0001));
    return (step ?? 1) * decade;
  };
  return {
    width,
    height: plot.wide ? 300 : 240,
    pxAlign: 1,
    padding: [12, 16, 0, 0],
    scales: {
      x: overTime ? { time: false } : { time: false, distr: 3, range: () => [2, 10_000] },
      y: plot.log
        ? {
            distr: 3,
            range: (_, from, to) =>
              from === null || to === null || from <= 0
                ? [1, 10]
                : [snapped(from, false), Math.max(snapped(to, true), snapped(from, false) * 10)],
          }
        : { range: (_, __, to) => [0, to === null || to <= 0 ? 1 : to * 1.08] },
    },
    axes: [xAxis, yAxis],
    legend: {
      markers: {
        dash: (self: uPlot, index: number) =>
          self.series[index]?.dash === undefined ? 'solid' : 'dashed',
        fill: () => 'transparent',
      },
    },
    cursor: {
      ...(overTime ? { sync: { key: 'time' } } : {}),
      // Plots have different units, so they share no y position.
      y: false,
      points: { size: 8, fill: colourOf, stroke: colourOf, width: 0 },
      drag: { x: overTime, y: false },
    },
    series: [
      {
        label: overTime ? texts.time : texts.percentile,
        value: (_, value) => (value === null || value === undefined ? '–' : xText(value)),
      },
      ...curves.map(
        (curve): uPlot.Series => ({
          label: curve.label,
          stroke: () => colours(`curve-${curve.colour}`),
          width: curve.dashed ? 1.5 : 2,
          ...(curve.dashed ? { dash: [6, 4] } : {}),
          points: { show: !overTime, size: 7, fill: () => colours('surface') },
          value: (_, value) =>
            value === null || value === undefined ? '–' : formats.unit(plot.unit, value),
        }),
      ),
    ],
    hooks: overTime
      ? {
          drawClear: [(self) => tools.drawPauses(self, marks, colours)],
          draw: [(self) => tools.drawMoments(self, marks, colours, ratio)],
        }
      : {},
  };
}

/** Draws the spans in which the run was paused, below the curves. */
export function drawPauses(plot: uPlot, marks: Marks, colours: Colours): void {
  const { ctx } = plot;
  const { left, top, width, height } = plot.bbox;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
  ctx.fillStyle = colours('pause');
  for (const [from, to] of marks.paused) {
    const start = plot.valToPos(from, 'x', true);
    ctx.fillRect(start, top, Math.max(1, plot.valToPos(to, 'x', true) - start), height);
  }
  ctx.restore();
}

/**
 * Draws the marks of single moments, above the curves. Each kind has its own shape besides its colour:
 * a dashed line with a head for a reconnect, a tick at the foot for rejected rows, a thick line for
 * the failure that ended the run.
 */
export function drawMoments(plot: uPlot, marks: Marks, colours: Colours, ratio: number): void {
  const { ctx } = plot;
  const { left, top, width, height } = plot.bbox;
  const line = (at: number, from: number, to: number, thickness: number) => {
    const x = plot.valToPos(at, 'x', true);
    ctx.lineWidth = thickness * ratio;
    ctx.beginPath();
    ctx.moveTo(x, from);
    ctx.lineTo(x, to);
    ctx.stroke();
    return x;
  };
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
  ctx.strokeStyle = colours('rejection');
  for (const at of marks.rejections) line(at, top + height - 9 * ratio, top + height, 2);
  ctx.strokeStyle = colours('reconnect');
  ctx.fillStyle = colours('reconnect');
  ctx.setLineDash([4 * ratio, 3 * ratio]);
  for (const at of marks.reconnects) {
    const x = line(at, top, top + height, 1.5);
    ctx.beginPath();
    ctx.moveTo(x - 5 * ratio, top);
    ctx.lineTo(x + 5 * ratio, top);
    ctx.lineTo(x, top + 8 * ratio);
    ctx.fill();
  }
  ctx.setLineDash([]);
  ctx.strokeStyle = colours('failure');
  for (const at of marks.failures) line(at, top, top + height, 3);
  ctx.restore();
}
