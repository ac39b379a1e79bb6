/** A span of a curve over which the rate changes evenly, from one number of events a second to another. */
export interface Segment {
  readonly ms: number;
  readonly from: number;
  readonly to: number;
}

/** The last event of a segment may come out after its end by this part of it, and is due at its end. */
const ROUNDING = 1e-9;

/**
 * How many events are due by when: rates over time, joined of segments. Exact, whoever asks: the number
 * due is the integral of the rate, so workers that each ask for their share sum to the whole.
 */
export class Curve {
  /** Milliseconds that it lasts; Infinity when its last segment has no end. */
  readonly endMs: number;
  readonly #segments: readonly Segment[];
  /** When each segment begins, and the events that are due by then. */
  readonly #starts: readonly number[];
  readonly #events: readonly number[];

  constructor(segments: readonly Segment[]) {
    const starts: number[] = [];
    const events: number[] = [];
    let ms = 0;
    let due = 0;
    for (const segment of segments) {
      starts.push(ms);
      events.push(due);
      ms += segment.ms;
      due += eventsWithin(segment, segment.ms);
    }
    this.#segments = segments;
    this.#starts = starts;
    this.#events = events;
    this.endMs = ms;
  }

  /** Events a second at a moment; 0 after the end. */
  rateAt(ms: number): number {
    const i = lastWhere(this.#starts, (start) => start <= ms);
    const segment = this.#segments[i];
    if (segment === undefined || ms >= this.endMs) return 0;
    return segment.from + slopeOf(segment) * (ms - (this.#starts[i] ?? 0));
  }

  /** The highest rate until a moment, in events a second. */
  peakUntil(ms: number): number {
    const begun = this.#segments.filter((_, i) => (this.#starts[i] ?? 0) < ms);
    const last = begun.pop();
    const before = begun.reduce((peak, { from, to }) => Math.max(peak, from, to), 0);
    return Math.max(before, last?.from ?? 0, this.rateAt(ms) || (last?.to ?? 0));
  }

  /** Events due by a moment, fractions included. */
  eventsBy(ms: number): number {
    const at = Math.min(Math.max(ms, 0), this.endMs);
    const i = lastWhere(this.#starts, (start) => start <= at);
    const segment = this.#segments[i];
    if (segment === undefined) return 0;
    return (this.#events[i] ?? 0) + eventsWithin(segment, at - (this.#starts[i] ?? 0));
  }

  /** When so many events are due, in milliseconds; Infinity when they never are. */
  timeOf(events: number): number {
    if (events <= 0) return this.#firstDue();
    // The first segment by whose end they are due: one of rate 0 in between is skipped.
    const i = lastWhere(this.#events, (due) => due < events);
    const segment = this.#segments[i];
    if (segment === undefined) return Number.POSITIVE_INFINITY;
    const within = events - (this.#events[i] ?? 0);
    const ms = timeWithin(segment, within);
    if (ms > segment.ms * (1 + ROUNDING)) return Number.POSITIVE_INFINITY;
    return (this.#starts[i] ?? 0) + Math.min(ms, segment.ms);
  }

  /** Where the rate first rises above 0. */
  #firstDue(): number {
    const i = this.#segments.findIndex(({ from, to, ms }) => ms > 0 && (from > 0 || to > 0));
    return this.#starts[i] ?? Number.POSITIVE_INFINITY;
  }
}

/** Change of the rate in a millisecond. */
function slopeOf({ ms, from, to }: Segment): number {
  return Number.isFinite(ms) && ms > 0 ? (to - from) / ms : 0;
}

/** Events due in the first `ms` milliseconds of a segment. */
function eventsWithin(segment: Segment, ms: number): number {
  if (ms === 0) return 0;
  const slope = slopeOf(segment);
  // Apart, since a segment without an end would make 0 · ∞ of it.
  const mean = slope === 0 ? segment.from : segment.from + (slope * ms) / 2;
  return (mean * ms) / 1000;
}

/** Milliseconds into a segment at which so many events are due; may lie beyond its end. */
function timeWithin(segment: Segment, events: number): number {
  const { from } = segment;
  const slope = slopeOf(segment);
  const wanted = events * 1000;
  if (slope === 0) return from === 0 ? Number.POSITIVE_INFINITY : wanted / from;
  // slope/2 · t² + from · t = wanted, in the form that loses no digits where the slope is small.
  const root = from * from + 2 * slope * wanted;
  // A falling rate reaches its end with the root at 0, or by rounding just below.
  return (2 * wanted) / (from + Math.sqrt(Math.max(0, root)));
}

/** Position of the last of ascending numbers that `holds`, as all before it do; 0 at least. */
function lastWhere(ascending: readonly number[], holds: (value: number) => boolean): number {
  let low = 0;
  let high = ascending.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (holds(ascending[middle] ?? 0)) low = middle;
    else high = middle - 1;
  }
  return low;
}
