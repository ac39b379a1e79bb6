import type { Histogram } from '../lib/histogram.js';

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

  /** Takes a sample at a moment, in milliseconds; returns the figures of the `RECENT_MS` until then. */
  add(atMs: number, events: number, response: Histogram): RecentFigures {
    const samples = this.#samples;
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
