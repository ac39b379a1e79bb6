/** Buckets per power of two: precision is 1/128 of a value (0.8 %), the usual two significant digits of latencies. */
const PER_OCTAVE = 128;
const LINEAR = 2 * PER_OCTAVE;
/** 2^32 − 1 µs (71 minutes); longer latencies count as this. */
const LARGEST = 0xffffffff;
const BUCKETS = bucketOf(LARGEST) + 1;

/** The quantiles that have a name, as shares of the recorded latencies. */
const NAMED = { p50: 0.5, p90: 0.9, p99: 0.99, p999: 0.999, max: 1 } as const;
export type QuantileName = keyof typeof NAMED;
export const QUANTILE_NAMES = Object.keys(NAMED) as QuantileName[];

/** One place of a distribution: one in so many latencies took this long or longer, in milliseconds. */
export interface LatencyPlace {
  readonly one_in: number;
  readonly ms: number;
}

/** Places of a distribution in each decade: evenly spread on a logarithmic axis, to about the eye's resolution. */
const PLACES = [1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8];

/** Bytes of a histogram in shared memory. */
export const HISTOGRAM_BYTES = BUCKETS * 4;

function bucketOf(micros: number): number {
  if (micros < LINEAR) return micros;
  const shift = 24 - Math.clz32(micros);
  return shift * PER_OCTAVE + (micros >>> shift);
}

/** The largest value, in microseconds, that falls into a bucket. */
function highestOf(bucket: number): number {
  if (bucket < LINEAR) return bucket;
  const shift = Math.floor(bucket / PER_OCTAVE) - 1;
  return (bucket - shift * PER_OCTAVE + 1) * 2 ** shift - 1;
}

/**
 * A log-linear histogram of latencies in shared memory, with one writer. The main thread reads a worker's latencies
 * without a message, also those of a dead worker. HDR libraries own their memory, so they cannot do that.
 */
export class Histogram {
  readonly #counts: Uint32Array;

  constructor(buffer: ArrayBufferLike = new ArrayBuffer(HISTOGRAM_BYTES), offset = 0) {
    this.#counts = new Uint32Array(buffer, offset, BUCKETS);
  }

  /** Counts a latency, in milliseconds, `times` times. */
  record(ms: number, times = 1): void {
    const micros = Math.min(Math.max(Math.round(ms * 1000), 0), LARGEST);
    const bucket = bucketOf(micros);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + times;
  }

  /** Adds another histogram's counts to this one's. */
  add(other: Histogram): void {
    for (let i = 0; i < BUCKETS; i++) {
      this.#counts[i] = (this.#counts[i] ?? 0) + (other.#counts[i] ?? 0);
    }
  }

  /** The latencies recorded since an earlier copy of this histogram. */
  since(earlier: Histogram): Histogram {
    const recorded = new Histogram();
    for (let i = 0; i < BUCKETS; i++) {
      recorded.#counts[i] = (this.#counts[i] ?? 0) - (earlier.#counts[i] ?? 0);
    }
    return recorded;
  }

  get count(): number {
    let count = 0;
    for (const n of this.#counts) count += n;
    return count;
  }

  /**
   * The `q`-quantile (0 to 1) in milliseconds, to the bucket's precision; null if nothing was recorded. `q` = 1 is the
   * largest.
   */
  quantile(q: number): number | null {
    const rank = Math.max(1, Math.ceil(this.count * q));
    let seen = 0;
    for (let i = 0; i < BUCKETS; i++) {
      seen += this.#counts[i] ?? 0;
      if (seen >= rank) return highestOf(i) / 1000;
    }
    return null;
  }

  /**
   * The distribution from the shortest latency to the longest, as HDR histograms are drawn. The longest of n is the last
   * place: one in n. Empty if nothing was recorded.
   */
  distribution(): LatencyPlace[] {
    const { count } = this;
    const longest = this.quantile(1);
    if (longest === null) return [];
    const places: LatencyPlace[] = [];
    for (let decade = 1; decade < count; decade *= 10) {
      for (const place of PLACES) {
        const one_in = place * decade;
        const ms = one_in < count ? this.quantile(1 - 1 / one_in) : null;
        if (ms !== null) places.push({ one_in, ms });
      }
    }
    return [...places, { one_in: count, ms: longest }];
  }

  /** Quantiles by name, in milliseconds; null when nothing was recorded. */
  quantiles<Name extends QuantileName>(...names: readonly Name[]): Record<Name, number | null> {
    return Object.fromEntries(names.map((name) => [name, this.quantile(NAMED[name])])) as Record<
      Name,
      number | null
    >;
  }
}

/** The sum of several histograms. */
export function merge(histograms: readonly Histogram[]): Histogram {
  const merged = new Histogram();
  for (const histogram of histograms) merged.add(histogram);
  return merged;
}
