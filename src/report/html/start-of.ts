import type { SeriesPoint } from '../../run/series.js';

/** When a run began, in milliseconds since 1970, as its series tells; null where it does not. */
export function startOf([first]: readonly SeriesPoint[]): number | null {
  if (first === undefined) return null;
  const start = Date.parse(first.at) - first.second * 1000;
  return Number.isFinite(start) ? start : null;
}
