import type { Language } from '../../messages/index.js';
import type { RunRecord } from '../../runs/record.js';
import type { Unit } from './formats.js';

/** The data embedded into the page for its script. */
export interface PageData {
  readonly lang: Language;
  readonly plots: readonly Plot[];
  /** Empty where several runs share the plots. */
  readonly marks: Marks;
  readonly texts: {
    readonly time: string;
    readonly percentile: string;
    readonly maximum: string;
  };
}

/** One plot, as the script draws it. */
export interface Plot {
  readonly id: string;
  readonly title: string;
  readonly explanation: string;
  readonly x: 'time' | 'percentile';
  readonly unit: Unit;
  /** Logarithmic y axis. */
  readonly log: boolean;
  /** As wide as the page. */
  readonly wide: boolean;
  readonly tables: readonly CurveTable[];
}

/** Curves over the same places on the x axis: those of one run. */
export interface CurveTable {
  /** Seconds since the start of the run, or 1/(1-p) of a percentile; ascending. */
  readonly xs: readonly number[];
  readonly curves: readonly Curve[];
}

/** One line of a plot. */
export interface Curve {
  readonly label: string;
  /** Index into the palette, from 0; `--curve-<n>` in the style. */
  readonly colour: number;
  readonly dashed: boolean;
  readonly values: Values;
}

/** Values are null where nothing was measured. */
export type Values = readonly (number | null)[];

/** Events of a run that plots over time mark, in seconds since its start. */
export interface Marks {
  readonly paused: readonly (readonly [from: number, to: number])[];
  readonly reconnects: readonly number[];
  readonly rejections: readonly number[];
  /** The critical failure that ended the run. */
  readonly failures: readonly number[];
}

export const NO_MARKS: Marks = { paused: [], reconnects: [], rejections: [], failures: [] };

/** Marks of a run: adjacent paused seconds are one span. */
export function marksOf({ series, summary }: RunRecord): Marks {
  const paused: [number, number][] = [];
  let before = 0;
  for (const point of series) {
    const open = paused.at(-1);
    if (point.paused) {
      if (open !== undefined && open[1] === before) open[1] = point.second;
      else paused.push([before, point.second]);
    }
    before = point.second;
  }
  const secondsWith = (field: 'reconnects' | 'rejected') =>
    series.filter((point) => point[field] > 0).map(({ second }) => second);
  const last = series.at(-1);
  return {
    paused,
    reconnects: secondsWith('reconnects'),
    rejections: secondsWith('rejected'),
    failures: summary?.stopped_by === 'critical' && last !== undefined ? [last.second] : [],
  };
}

/** Points of a curve: more than any screen is wide, and a day's report stays below a few megabytes. */
export const MOST_POINTS = 3_000;

/** Significant digits of a value: a plot of 300 pixels shows no more. */
const DIGITS = 4;

/** The value of points that share a place in the plot: their mean, or the highest. */
export type Together = 'mean' | 'highest';

/** Something measured in a second of a run, counted from its start. */
export interface Timed {
  readonly second: number;
}

/** The points of a run, thinned to the number that a plot can show. */
export class Buckets<T extends Timed> {
  /** Seconds since the start, the end of each bucket; ascending. */
  readonly xs: readonly number[];
  readonly #points: readonly (readonly T[])[];

  /** `step`: seconds in a bucket. */
  constructor(series: readonly T[], step: number) {
    const byEnd = new Map<number, T[]>();
    for (const point of series) {
      const end = Math.ceil(Math.round(point.second) / step) * step;
      const bucket = byEnd.get(end);
      if (bucket === undefined) byEnd.set(end, [point]);
      else bucket.push(point);
    }
    const buckets = [...byEnd].sort(([a], [b]) => a - b);
    this.xs = buckets.map(([end]) => end);
    this.#points = buckets.map(([, points]) => points);
  }

  /** One value a bucket; null where no point of it has one. */
  values(pick: (point: T) => number | null | undefined, together: Together): Values {
    return this.#points.map((points) => {
      const known = points.map(pick).filter((value) => typeof value === 'number');
      if (known.length === 0) return null;
      const value =
        together === 'mean'
          ? known.reduce((sum, each) => sum + each, 0) / known.length
          : Math.max(...known);
      return Number(value.toPrecision(DIGITS));
    });
  }
}

/** Seconds in a bucket, the same for all of these runs, so that the longest has at most MOST_POINTS. */
export function bucketSeconds(runs: readonly { readonly series: readonly Timed[] }[]): number {
  const longest = Math.max(0, ...runs.map(({ series }) => series.at(-1)?.second ?? 0));
  return Math.max(1, Math.ceil(longest / MOST_POINTS));
}
