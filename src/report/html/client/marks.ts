import type uPlot from 'uplot';
import type { Marks } from '../plot.js';
import type { Colours } from './browser.js';

/** Draws below the curves: the spans in which the run was paused. Embedded into the page. */
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
 * Draws above the curves what happened at a moment. Each kind has its own shape besides its colour:
 * a dashed line with a head for a reconnect, a tick at the foot for rejected rows, a thick line for
 * the failure that ended the run. Embedded into the page.
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
