import type { Values } from './plot-data.js';

/** Points of a curve: more than any screen is wide, and a day's report stays below a few megabytes. */
export const MOST_POINTS = 3_000;

/** Seconds; a point may be sampled a moment before the second is over. */
const ROUNDING = 0.01;

/** Significant digits of a value: a plot of 300 pixels shows no more. */
const DIGITS = 4;

/**
 * The value of points that share a place in the plot: their mean, the highest, or the sum of their counts for each
 * second of the load that they cover.
 */
export type Together = 'mean' | 'highest' | 'rate';

/** Something measured in a second of a run, counted from its start. */
export interface Timed {
  readonly second: number;
}

/** A point, and the seconds of the load since the point before it. */
interface Covering<T> {
  readonly point: T;
  readonly seconds: number;
}

/** The points of a run, thinned to the number that a plot can show. */
export class Buckets<T extends Timed> {
  /** Seconds since the start, the end of each bucket; ascending. */
  readonly xs: readonly number[];
  readonly #points: readonly (readonly Covering<T>[])[];

  /** `step`: seconds in a bucket. `loadEnd`: second of the run at which no more events are due. */
  constructor(series: readonly T[], step: number, loadEnd = Number.POSITIVE_INFINITY) {
    const byEnd = new Map<number, Covering<T>[]>();
    let before = 0;
    for (const point of series) {
      // Batches that finish right after the load belong to its last second: they were due in it.
      const isRest = before >= loadEnd - ROUNDING && point.second < loadEnd + 1;
      const second = isRest ? before : point.second;
      const end = Math.ceil(Math.round(second) / step) * step;
      const loaded = Math.min(second, loadEnd) - Math.min(before, loadEnd);
      const seconds = loaded > 0 || isRest ? loaded : second - before;
      before = second;
      const bucket = byEnd.get(end);
      if (bucket === undefined) byEnd.set(end, [{ point, seconds }]);
      else bucket.push({ point, seconds });
    }
    const buckets = [...byEnd].sort(([a], [b]) => a - b);
    this.xs = buckets.map(([end]) => end);
    this.#points = buckets.map(([, points]) => points);
  }

  /** One value a bucket; null where no point of it has one. */
  values(pick: (point: T) => number | null | undefined, together: Together): Values {
    return this.#points.map((points) => {
      const known = points.flatMap(({ point, seconds }) => {
        const value = pick(point);
        return typeof value === 'number' ? [{ value, seconds }] : [];
      });
      if (known.length === 0) return null;
      return Number(join(known, together).toPrecision(DIGITS));
    });
  }
}

function join(
  known: readonly { readonly value: number; readonly seconds: number }[],
  together: Together,
): number {
  if (together === 'highest') return Math.max(...known.map(({ value }) => value));
  const seconds = known.reduce((sum, each) => sum + each.seconds, 0);
  const [first] = known;
  if (seconds <= 0) return first?.value ?? 0;
  const total = known.reduce(
    (sum, each) => sum + each.value * (together === 'mean' ? each.seconds : 1),
    0,
  );
  return total / seconds;
}

/** Seconds in a bucket, the same for all of these runs, so that the longest has at most MOST_POINTS. */
export function bucketSeconds(runs: readonly { readonly series: readonly Timed[] }[]): number {
  const longest = Math.max(0, ...runs.map(({ series }) => series.at(-1)?.second ?? 0));
  return Math.max(1, Math.ceil(longest / MOST_POINTS));
}
