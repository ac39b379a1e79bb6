import type { Curve } from '../load/curve.js';

/** Columns and lines of the drawing. */
const WIDTH = 64;
const HEIGHT = 10;
/** A curve without an end is drawn for this long. */
const ENDLESS_MS = 60_000;
/** Cells of the drawing, filled from below by eighths. */
const EIGHTHS = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;

/** The load that a plan will offer. */
export interface Forecast {
  readonly seconds: number | null;
  readonly events: number | null;
  readonly peakRate: number;
  /** Events per second at evenly spaced moments. */
  readonly points: readonly { readonly second: number; readonly rate: number }[];
}

/** `endMs`: end of the run in milliseconds, null for no end. `maxEvents`: the run ends earlier once so many events are due. */
export function forecast(curve: Curve, endMs: number | null, maxEvents: number | null): Forecast {
  const enough = maxEvents === null ? Number.POSITIVE_INFINITY : curve.timeOf(maxEvents);
  const lastMs = Math.min(endMs ?? Number.POSITIVE_INFINITY, enough);
  const spanMs = Number.isFinite(lastMs) ? lastMs : ENDLESS_MS;
  // The mean rate of each column: a spike narrower than a column is not lost.
  const points = Array.from({ length: WIDTH }, (_, column) => {
    const from = (spanMs * column) / WIDTH;
    const to = (spanMs * (column + 1)) / WIDTH;
    const rate = ((curve.eventsBy(to) - curve.eventsBy(from)) / (to - from)) * 1000;
    return { second: Number((from / 1000).toFixed(3)), rate: Number(rate.toFixed(3)) };
  });
  return {
    seconds: Number.isFinite(lastMs) ? lastMs / 1000 : null,
    events: Number.isFinite(lastMs) ? Math.round(curve.eventsBy(lastMs)) : null,
    peakRate: curve.peakUntil(spanMs),
    points,
  };
}

/** The curve as text: the rate upwards, time to the right. `label`: a rate as an operator reads it. */
export function drawForecast(
  { points, seconds }: Forecast,
  label: (rate: number) => string,
): string {
  const top = Math.max(...points.map(({ rate }) => rate)) || 1;
  const margin = Math.max(label(top).length, label(0).length);
  const lines = Array.from({ length: HEIGHT }, (_, line) => {
    const above = HEIGHT - 1 - line;
    const cells = points.map(({ rate }) => {
      const eighths = Math.round((rate / top) * HEIGHT * 8) - above * 8;
      return EIGHTHS[Math.min(8, Math.max(0, eighths))];
    });
    const name = line === 0 ? label(top) : line === HEIGHT - 1 ? label(0) : '';
    return `${name.padStart(margin)} │${cells.join('')}`.trimEnd();
  });
  const end = seconds === null ? '…' : `${label(seconds)} s`;
  const axis = `${' '.repeat(margin)} └${'─'.repeat(WIDTH)}`;
  const times = `${' '.repeat(margin + 2)}0${end.padStart(WIDTH - 1)}`;
  return [...lines, axis, times].join('\n');
}
