import type uPlot from 'uplot';
import type { Marks } from '../plot-data.js';
import type { Tools } from './tools.js';

type Pen = Pick<Tools, 'colours' | 'ratio'>;

/** Draws the times of hazards as a strip at the top of a plot, above the curves. */
export function drawHazards(plot: uPlot, { hazards }: Marks, { colours, ratio }: Pen): void {
  const { ctx } = plot;
  const { left, top, width, height } = plot.bbox;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
  ctx.fillStyle = colours('hazard');
  for (const { from, to } of hazards.flatMap(({ spans }) => spans)) {
    const start = plot.valToPos(from, 'x', true);
    const length = Math.max(2 * ratio, plot.valToPos(to, 'x', true) - start);
    ctx.fillRect(start, top, length, 4 * ratio);
  }
  ctx.restore();
}

/** Draws a lane for each hazard: its name, and below it the times at which it happened. */
export function drawLanes(plot: uPlot, { hazards }: Marks, { colours, ratio }: Pen): void {
  const { ctx } = plot;
  const { left, top, width, height } = plot.bbox;
  const lane = height / Math.max(1, hazards.length);
  const thickness = 12 * ratio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
  ctx.font = `600 ${12 * ratio}px system-ui, sans-serif`;
  ctx.textAlign = 'left';
  ctx.textBaseline = 'alphabetic';
  for (const [index, { name, spans }] of hazards.entries()) {
    const bottom = top + (index + 1) * lane - 3 * ratio;
    ctx.fillStyle = colours('grid');
    ctx.fillRect(left, bottom - thickness, width, thickness);
    ctx.fillStyle = colours('muted');
    ctx.fillText(name, left + 2 * ratio, bottom - thickness - 4 * ratio);
    ctx.fillStyle = colours('hazard');
    for (const { from, to } of spans) {
      const start = plot.valToPos(from, 'x', true);
      // Most of them are shorter than a pixel.
      const length = Math.max(3 * ratio, plot.valToPos(to, 'x', true) - start);
      ctx.fillRect(start, bottom - thickness, length, thickness);
    }
  }
  ctx.restore();
}
