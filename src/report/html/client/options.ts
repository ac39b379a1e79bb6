import type uPlot from 'uplot';
import type { PageData, Plot } from '../plot.js';
import type { Colours } from './browser.js';
import type { Formats } from './formats.js';
import type { drawMoments, drawPauses } from './marks.js';

/** What a plot is drawn with. */
export interface Tools {
  readonly uPlot: typeof uPlot;
  readonly formats: Formats;
  readonly colours: Colours;
  readonly ratio: number;
  readonly logSplits: typeof logSplits;
  readonly drawPauses: typeof drawPauses;
  readonly drawMoments: typeof drawMoments;
}

/** Places for labels of a logarithmic axis: 1, 2, 5 a decade, or 1 where there are more than two. */
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

/** The plot as uPlot wants it, `width` pixels wide. Embedded into the page. */
export function plotOptions(
  plot: Plot,
  { texts, marks }: PageData,
  width: number,
  tools: Tools,
): uPlot.Options {
  const { formats, colours, ratio } = tools;
  const overTime = plot.x === 'time';
  // As wide in every plot, so that the same moment is in the same place of all of them.
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
      // The cursors of other plots are of other units.
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
