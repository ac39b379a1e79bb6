import { Histogram } from '../../lib/histogram.js';
import type { LiveFigures } from '../../run/engine.js';

/** Rate and p99 are those of so many last milliseconds: short enough to follow the load, long enough to be steady. */
const RECENT_MS = 5_000;

/** The figures of the last seconds. */
export interface RecentFigures {
  /** Committed events a second. */
  readonly rate: number;
  /** 99th percentile of the response latency in milliseconds; null: no batch was answered. */
  readonly p99Ms: number | null;
}

/** Rate and latency of the last seconds, from samples of figures that only grow. */
export class RecentWindow {
  readonly #samples: { atMs: number; events: number; response: Histogram }[] = [];

  /**
   * Takes a sample at a moment, in milliseconds; returns the figures of the `RECENT_MS` until then. `activeMs`: for how
   * long the run has sent batches; the time until it was connected does not count.
   */
  add(
    atMs: number,
    { activeMs, events, response }: Pick<LiveFigures, 'activeMs' | 'events' | 'response'>,
  ): RecentFigures {
    const samples = this.#samples;
    if (activeMs === 0) return { rate: 0, p99Ms: null };
    if (samples.length === 0) {
      samples.push({ atMs: atMs - activeMs, events: 0, response: new Histogram() });
    }
    samples.push({ atMs, events, response });
    // The one before the window stays: the window begins with it.
    while ((samples[1]?.atMs ?? atMs) <= atMs - RECENT_MS) samples.shift();
    const first = samples[0];
    if (first === undefined || first.atMs === atMs) {
      return { rate: 0, p99Ms: response.quantile(0.99) };
    }
    return {
      rate: Math.round(((events - first.events) / (atMs - first.atMs)) * 1000),
      p99Ms: response.since(first.response).quantile(0.99),
    };
  }
}
