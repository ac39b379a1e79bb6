import { parseSpan } from '../../lib/span.js';
import type { Segment } from '../curve.js';
import { parseRange, type Shape } from './shape.js';

/** Spikes in one stage, at most: a larger number is a typing error. */
const MOST_SPIKES = 100_000;

/** A base rate with a spike at the end of each period: `<base>..<spike>,<length>,<period>`. */
export const burst: Shape = {
  name: 'burst',
  example: '200..2000,2s,10s',
  rates: 'burst',
  segments(text, ms) {
    const [rates = '', length = '', period = '', ...rest] = text.split(',');
    const range = parseRange(rates);
    const spikeMs = 1000 * (parseSpan(length.trim()) ?? 0);
    const periodMs = 1000 * (parseSpan(period.trim()) ?? 0);
    if (range === undefined || rest.length > 0 || spikeMs <= 0 || periodMs <= spikeMs) {
      return undefined;
    }
    if (ms / periodMs > MOST_SPIKES) return undefined;
    const segments: Segment[] = [];
    for (let left = ms; left > 0; left -= periodMs) {
      const quiet = Math.min(periodMs - spikeMs, left);
      segments.push({ ms: quiet, from: range.low, to: range.low });
      const spike = Math.min(spikeMs, left - quiet);
      if (spike > 0) segments.push({ ms: spike, from: range.high, to: range.high });
    }
    return segments;
  },
};
