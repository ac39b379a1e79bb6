import type uPlot from 'uplot';
import type { Limit, Marks } from '../plot-data.js';
import type { Tools } from './tools.js';

type Pen = Pick<Tools, 'colours' | 'ratio'>;

/**
 * Draws the spans of a run, below the curves: grey where it was paused, tinted where workers had no connection,
 * hatched where seconds have no point of their own.
 */
export function drawBands(plot: uPlot, marks: Marks, { colours, ratio }: Pen): void {
  const { ctx } = plot;
  const { left, top, width, height } = plot.bbox;
  const placeOf = ([from, to]: readonly [number, number]) => {
    const start = plot.valToPos(from, 'x', true);
    return { start, length: Math.max(2 * ratio, plot.valToPos(to, 'x', true) - start) };
  };
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
  ctx.fillStyle = colours('pause');
  for (const span of marks.paused) {
    const { start, length } = placeOf(span);
    ctx.fillRect(start, top, length, height);
  }
  ctx.fillStyle = colours('outage');
  for (const span of marks.outages) {
    const { start, length } = placeOf(span);
    ctx.fillRect(start, top, length, height);
  }
  ctx.strokeStyle = colours('muted');
  ctx.globalAlpha = 0.5;
  ctx.lineWidth = ratio;
  for (const span of marks.gaps) {
    const { start, length } = placeOf(span);
    ctx.save();
    ctx.beginPath();
    ctx.rect(start, top, length, height);
    ctx.clip();
    ctx.beginPath();
    for (let x = start - height; x < start + length; x += 7 * ratio) {
      ctx.moveTo(x, top + height);
      ctx.lineTo(x + height, top);
    }
    ctx.stroke();
    ctx.restore();
  }
  ctx.restore();
}

/**
 * Draws the marks of single moments, above the curves. Each kind has its own shape besides its colour:
 * a dashed line with a head for a reconnect, a tick at the foot for rejected rows, a thick line for
 * the failure that ended the run.
 */
export function drawMoments(plot: uPlot, marks: Marks, { colours, ratio }: Pen): void {
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

/** Draws a line where each stage begins; `named`: with its text above the plot, if that fits. */
export function drawStages(
  plot: uPlot,
  marks: Marks,
  named: boolean,
  { colours, ratio }: Pen,
): void {
  const { ctx } = plot;
  const { left, top, width, height } = plot.bbox;
  const right = left + width;
  // A label and its distance to the next one; narrower stages have none.
  const shortest = 34 * ratio;
  ctx.save();
  ctx.setLineDash([]);
  ctx.strokeStyle = colours('stage');
  ctx.fillStyle = colours('muted');
  ctx.lineWidth = ratio;
  ctx.font = `${12 * ratio}px system-ui, sans-serif`;
  ctx.textAlign = 'left';
  ctx.textBaseline = 'bottom';
  for (const [index, { at, label }] of marks.stages.entries()) {
    const next = marks.stages[index + 1];
    // In the middle of a pixel, so that the line is sharp.
    const from = Math.round(Math.max(left, plot.valToPos(at, 'x', true))) + 0.5;
    const to = Math.min(right, next === undefined ? right : plot.valToPos(next.at, 'x', true));
    if (from > right || to < left) continue;
    ctx.beginPath();
    ctx.moveTo(from, named ? top - 18 * ratio : top);
    ctx.lineTo(from, top + height);
    ctx.stroke();
    if (!named || to - from < shortest) continue;
    const room = to - from - 10 * ratio;
    let text = label;
    while (text.length > 1 && ctx.measureText(`${text}…`).width > room) text = text.slice(0, -1);
    const whole = text.length === label.length || ctx.measureText(label).width <= room;
    ctx.fillText(whole ? label : `${text}…`, from + 5 * ratio, top - 4 * ratio);
  }
  ctx.restore();
}

/**
 * Draws thresholds: a line with its text, in the colour of its outcome and with a sign. In a plot of percentiles it
 * ends with a corner at its percentile, below which the curve must stay. One beyond the plot is named at the edge.
 */
export function drawLimits(plot: uPlot, limits: readonly Limit[], { colours, ratio }: Pen): void {
  const { ctx } = plot;
  const { left, top, width, height } = plot.bbox;
  const right = left + width;
  const bottom = top + height;
  const taken: number[] = [];
  ctx.save();
  ctx.lineWidth = 1.5 * ratio;
  ctx.font = `600 ${12 * ratio}px system-ui, sans-serif`;
  ctx.textAlign = 'right';
  ctx.textBaseline = 'bottom';
  for (const { label, value, held, until } of limits) {
    const colour = colours(held === null ? 'muted' : held ? 'good' : 'bad');
    const sign = held === null ? '' : held ? ' ✓' : ' ✕';
    const exact = plot.valToPos(value, 'y', true);
    // A logarithmic axis has no place for 0.
    if (!Number.isFinite(exact)) continue;
    const beyond = exact < top ? ' ↑' : exact > bottom ? ' ↓' : '';
    const y = Math.min(bottom, Math.max(top, exact));
    const end = until === null ? right : Math.min(right, plot.valToPos(until, 'x', true));
    ctx.strokeStyle = colour;
    ctx.setLineDash([7 * ratio, 4 * ratio]);
    ctx.beginPath();
    if (beyond === '') {
      ctx.moveTo(left, y);
      ctx.lineTo(end, y);
      if (until !== null) ctx.lineTo(end, Math.max(top, y - 14 * ratio));
    }
    ctx.stroke();
    ctx.setLineDash([]);
    const text = `${label}${sign}${beyond}`;
    const wide = ctx.measureText(text).width;
    // Above its line, or below where that leaves the plot; lines close to each other would cover their texts.
    let base = y - 4 * ratio < top + 14 * ratio ? y + 18 * ratio : y - 4 * ratio;
    while (taken.some((other) => Math.abs(other - base) < 16 * ratio)) base += 17 * ratio;
    taken.push(base);
    const x = Math.max(left + wide + 6 * ratio, end - 6 * ratio);
    ctx.globalAlpha = 0.85;
    ctx.fillStyle = colours('surface');
    ctx.fillRect(x - wide - 3 * ratio, base - 14 * ratio, wide + 6 * ratio, 15 * ratio);
    ctx.globalAlpha = 1;
    ctx.fillStyle = colour;
    ctx.fillText(text, x, base);
  }
  ctx.restore();
}
