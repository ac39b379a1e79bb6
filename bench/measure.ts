/** Figures of one contender, one a round, in the order of the rounds. */
export interface Series {
  readonly name: string;
  readonly unit: string;
  readonly values: readonly number[];
}

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Median with the extremes. Throws without values. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const low = sorted[Math.ceil(middle) - 1];
  const high = sorted[Math.floor(middle)];
  if (low === undefined || high === undefined) throw new Error('nothing was measured');
  return { median: (low + high) / 2, min: sorted[0] ?? low, max: sorted.at(-1) ?? high };
}

/**
 * Our figure divided by a peer's, round by round. Both were measured one right after the other, so other load of
 * the machine cancels out of the ratio.
 */
export function ratiosOf(ours: Series, peer: Series): Spread {
  return spreadOf(ours.values.map((value, round) => value / (peer.values[round] ?? Number.NaN)));
}

/** One line of a result: a figure, the peer's, and the aim. */
export interface Finding {
  readonly what: string;
  readonly ours: Series;
  readonly peer: Series | null;
  /** `least`: the ratio (or, without a peer, the figure) should be at least this; `most`: at most. */
  readonly least?: number;
  readonly most?: number;
}

/** Does the median reach the aim? Null without one. */
export function holds({ ours, peer, least, most }: Finding): boolean | null {
  const { median } = peer === null ? spreadOf(ours.values) : ratiosOf(ours, peer);
  if (least !== undefined) return median >= least;
  return most === undefined ? null : median <= most;
}

/** Rounds to four significant digits. */
export function round(value: number): number {
  return Number(value.toPrecision(4));
}

export function spreadText({ median, min, max }: Spread): string {
  return `${round(median)} (${round(min)}–${round(max)})`;
}

/** Gathers figures, and prints each on stderr at once: a bench takes minutes. */
export class Measurements {
  readonly #unit: string;
  readonly #values = new Map<string, number[]>();

  constructor(unit: string) {
    this.#unit = unit;
  }

  note(contender: string, value: number): void {
    this.#values.set(contender, [...(this.#values.get(contender) ?? []), value]);
    process.stderr.write(`  ${contender}: ${round(value)} ${this.#unit}\n`);
  }

  /** The figures of a contender; no values where it was skipped. */
  series(contender: string, name: string): Series {
    return { name, unit: this.#unit, values: this.#values.get(contender) ?? [] };
  }
}
