import type { Values } from './plot.js';

/** Points of a curve: more than any screen is wide, and a day's report stays below a few megabytes. */
export const MOST_POINTS = 3_000;

/** Significant digits that a plot needs. */
const DIGITS = 4;

/** Of the points that share a place in the plot: their mean, or the highest. */
export type Together = 'mean' | 'highest';

/** Something that was measured in a second of a run, counted from its start. */
export interface Timed {
  readonly second: number;
}

/** The points of a run, put together so that there are not more of them than a plot can show. */
export class Buckets<T extends Timed> {
  /** Seconds since the start, the end of each bucket; ascending. */
  readonly xs: readonly number[];
  readonly #points: readonly (readonly T[])[];

  /** `step`: seconds that share a place. */
  constructor(series: readonly T[], step: number) {
    const byPlace = new Map<number, T[]>();
    for (const point of series) {
      const place = Math.ceil(Math.round(point.second) / step) * step;
      const together = byPlace.get(place);
      if (together === undefined) byPlace.set(place, [point]);
      else together.push(point);
    }
    const places = [...byPlace].sort(([a], [b]) => a - b);
    this.xs = places.map(([place]) => place);
    this.#points = places.map(([, points]) => points);
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

/** Seconds that must share a place in the plots of these runs. */
export function bucketSeconds(runs: readonly { readonly series: readonly Timed[] }[]): number {
  const longest = Math.max(0, ...runs.map(({ series }) => series.at(-1)?.second ?? 0));
  return Math.max(1, Math.ceil(longest / MOST_POINTS));
}
