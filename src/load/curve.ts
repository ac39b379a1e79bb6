/** A part of a curve, over which the rate changes evenly. `from`, `to`: events a second. */
export interface Segment {
  readonly ms: number;
  readonly from: number;
  readonly to: number;
}

/** By rounding, the last event of a segment may come out later than its end, by this part of its length. */
const ROUNDING = 1e-9;

/**
 * The rate over time, joined of segments. The number of events due is the integral of the rate, so the shares of the
 * workers sum to the whole.
 */
export class Curve {
  /** Its length in milliseconds; Infinity if its last segment has no end. */
  readonly endMs: number;
  readonly #segments: readonly Segment[];
  /** The beginning of each segment in milliseconds, and the events that are due by then. */
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

  /** The moment when so many events are due, in milliseconds; Infinity if they never are. */
  timeOf(events: number): number {
    if (events <= 0) return this.#firstDue();
    // The first segment by whose end they are due: a segment of rate 0 is skipped.
    const i = lastWhere(this.#events, (due) => due < events);
    const segment = this.#segments[i];
    if (segment === undefined) return Number.POSITIVE_INFINITY;
    const within = events - (this.#events[i] ?? 0);
    const ms = timeWithin(segment, within);
    if (ms > segment.ms * (1 + ROUNDING)) return Number.POSITIVE_INFINITY;
    return (this.#starts[i] ?? 0) + Math.min(ms, segment.ms);
  }

  /** The beginning of the first segment with a rate above 0, in milliseconds. */
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
  // A case of its own: in a segment without an end, 0 · ∞ would be NaN.
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

/** Position of the last of ascending numbers for which `holds` is true; 0 if it is for none. */
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
