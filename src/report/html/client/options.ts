import type uPlot from 'uplot';
import type { Limit, PageData, Plot } from '../plot-data.js';
import type { Tools } from './tools.js';

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

/** Ends of the y axis for values between `from` and `to`, null where there are none, and for the limits among them. */
export function yRange(
  log: boolean,
  limits: readonly Limit[],
  from: number | null,
  to: number | null,
): [from: number, to: number] {
  const values = limits.map(({ value }) => value).filter((value) => value > 0);
  if (!log) {
    if (to === null || to <= 0) return [0, 1];
    // A limit far above the curves would press them flat: it is named at the edge instead.
    const near = values.filter((value) => value <= to * 2.5);
    return [0, Math.max(to, ...near) * 1.08];
  }
  const snapped = (value: number, up: boolean) => {
    const decade = 10 ** Math.floor(Math.log10(value));
    const steps = up ? [1, 2, 5, 10] : [10, 5, 2, 1];
    const step = steps.find((n) => (up ? n * decade >= value : n * decade <= value * 1.0001));
    return (step ?? 1) * decade;
  };
  if (from === null || to === null || from <= 0) return [1, 10];
  const bottom = snapped(Math.min(from, ...values), false);
  return [bottom, Math.max(snapped(Math.max(to, ...values) * 1.05, true), bottom * 10)];
}

/** uPlot's options for a plot, `width` pixels wide. */
export function plotOptions(
  plot: Plot,
  { texts, marks }: PageData,
  width: number,
  tools: Tools,
): uPlot.Options {
  const { formats, colours } = tools;
  const overTime = plot.x === 'time';
  // The same width in every plot, so that a moment has the same place in all of them.
  const labelsWidth = 64;
  // Stages are named above the wide plots.
  const named = overTime && plot.wide && plot.lanes === undefined && marks.stages.length > 0;
  const xText = overTime ? formats.clock : formats.percentile;
  const curves = plot.tables.flatMap((table) => table.curves);
  const farthest = Math.max(10, ...plot.tables.map(({ xs }) => xs.at(-1) ?? 0));
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
  const lanes = plot.lanes === undefined ? [] : marks.hazards;
  if (lanes.length > 0) {
    yAxis.grid = { show: false };
    yAxis.splits = () => lanes.map((_, index) => lanes.length - index - 0.5);
    yAxis.filter = (_, splits) => splits;
    yAxis.values = () => lanes.map(({ times }) => `${formats.number(times)}×`);
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
    xAxis.splits = () => [2, 10, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7].filter((place) => place <= farthest);
    xAxis.filter = (_, splits) => splits;
  }
  const seriesOf = (curve: (typeof curves)[number]): uPlot.Series => {
    const { line, colour } = curve;
    const steps = line === 'steps';
    const last = (self: uPlot, index: number) => {
      const values = self.data[index] ?? [];
      const at = values.findLastIndex((value) => typeof value === 'number');
      return at < 0 ? [] : [at];
    };
    return {
      label: curve.label,
      stroke: () => colours(`curve-${colour}`),
      width: line === 'solid' ? 2 : 1.5,
      ...(line === 'dashed' ? { dash: [6, 4] } : {}),
      ...(steps ? { fill: () => colours('offered') } : {}),
      ...(steps && tools.uPlot.paths.stepped !== undefined
        ? { paths: tools.uPlot.paths.stepped({ align: -1 }) }
        : {}),
      // One value makes no line. The longest latency is one batch: its place is a point, where the curve ends.
      points: overTime
        ? { show: curve.values.filter((value) => value !== null).length === 1, size: 7 }
        : {
            show: true,
            filter: (self, index) => last(self, index),
            size: 7,
            fill: () => colours('surface'),
          },
      value: (_, value) =>
        value === null || value === undefined ? '–' : formats.unit(plot.unit, value),
    };
  };
  return {
    width,
    // Of a lane 34 pixels, and of the axis 30 with the room above.
    height: lanes.length > 0 ? 42 + 34 * lanes.length : plot.wide ? 300 : 240,
    pxAlign: 1,
    // At the right room for half of the last label: 24:00:00.
    padding: [named ? 26 : 12, 28, 0, 0],
    scales: {
      x: overTime ? { time: false } : { time: false, distr: 3, range: () => [1, farthest] },
      y: {
        ...(lanes.length > 0 ? { auto: false, min: 0, max: lanes.length } : {}),
        ...(plot.log ? { distr: 3 as const } : {}),
        range: (_, from, to) =>
          lanes.length > 0 ? [0, lanes.length] : tools.yRange(plot.log, plot.limits, from, to),
      },
    },
    axes: [xAxis, yAxis],
    legend: {
      show: lanes.length === 0,
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
      ...curves.map(seriesOf),
    ],
    hooks: {
      drawClear: overTime ? [(self) => tools.drawBands(self, marks, tools)] : [],
      draw: [
        ...(overTime ? [(self: uPlot) => tools.drawStages(self, marks, named, tools)] : []),
        ...(overTime && lanes.length === 0
          ? [
              (self: uPlot) => tools.drawHazards(self, marks, tools),
              (self: uPlot) => tools.drawMoments(self, marks, tools),
            ]
          : []),
        ...(lanes.length > 0 ? [(self: uPlot) => tools.drawLanes(self, marks, tools)] : []),
        (self) => tools.drawLimits(self, plot.limits, tools),
      ],
    },
  };
}
