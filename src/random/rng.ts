import { GOLDEN, highWord, mix } from './hash.js';

/**
 * The purposes of random numbers, besides those of the schemas' rows (`schemas/purposes.ts`): each has a sequence of
 * its own. These numbers are part of the promise of `--rng`: changing one changes everything that is made with it. A
 * new purpose takes the next number that neither list has.
 */
export const RNG_PURPOSE = {
  /** Which place each link of a seed takes. */
  linkOrder: 9,
  /** Which others the links of one parent have. */
  linkOthers: 17,
  /** Which rows a producer references and changes; the id is the worker's position. */
  workerPicks: 18,
  /** Which ids a full id cache keeps. */
  cachePicks: 19,
  /** Which rows a seeded row references; the moment is the table's number. */
  seedPicks: 20,
  /** When the events of a random schedule come. */
  arrivals: 21,
  /** Which hazards a producer's batches have, and what these do; the id is the worker's position. */
  hazardPicks: 36,
  /** When a timed hazard happens; the id is its worker's position, the moment how often it was due. */
  hazardMoments: 37,
} as const;

/** Values with whole-number weights, summed up for `Rng.weighted`. Put the likeliest first. */
export interface Choice<T> {
  readonly values: readonly T[];
  readonly cumulative: readonly number[];
}

export function choice<T>(entries: readonly (readonly [value: T, weight: number])[]): Choice<T> {
  let sum = 0;
  return {
    values: entries.map(([value]) => value),
    cumulative: entries.map(([, weight]) => {
      sum += weight;
      return sum;
    }),
  };
}

/**
 * Random numbers by counter: the k-th draw is a hash of (seed, purpose, id, k), and nothing else. So
 * a row depends neither on the worker that makes it nor on earlier draws.
 */
export class Rng {
  readonly #seedA: number;
  readonly #seedB: number;
  #a = 0;
  #b = 0;
  #counter = 0;

  /** @param seed whole number from 0 to 2^53 - 1 */
  constructor(seed: number) {
    // Two chains with different starts: together they keep all 53 bits apart.
    this.#seedA = mix(mix(seed ^ 0x243f6a88) + highWord(seed));
    this.#seedB = mix(mix(seed ^ 0x13198a2e) ^ mix(highWord(seed) + GOLDEN));
  }

  /**
   * Goes to the first draw of one row.
   *
   * @param purpose one of `RNG_PURPOSE` or `ROW_PURPOSE`
   * @param id the row's id, or any whole number from 0 to 2^53 - 1
   * @param moment distinguishes the changes of one row over time: milliseconds since 1970
   */
  at(purpose: number, id: number, moment = 0): this {
    const high = highWord(id);
    let a = mix(mix(mix(this.#seedA + Math.imul(purpose, GOLDEN)) ^ id) + high);
    let b = mix(mix(mix(this.#seedB ^ Math.imul(purpose, 0x2c1b3c6d)) + id) ^ high);
    if (moment !== 0) {
      a = mix(mix(a ^ moment) + highWord(moment));
      b = mix(mix(b + moment) ^ highWord(moment));
    }
    this.#a = a;
    this.#b = b;
    this.#counter = 0;
    return this;
  }

  /** A whole number from 0 to 2^32 - 1. */
  u32(): number {
    this.#counter = (this.#counter + GOLDEN) | 0;
    return mix(mix(this.#a + this.#counter) ^ this.#b) >>> 0;
  }

  /** A number in [0, 1) with 53 random bits. */
  unit(): number {
    return ((this.u32() >>> 5) * 0x400_0000 + (this.u32() >>> 6)) / 0x20_0000_0000_0000;
  }

  /** A whole number in [0, n), n ≤ 2^32. No value is likelier than another by more than n / 2^32. */
  below(n: number): number {
    return Math.floor((this.u32() / 0x1_0000_0000) * n);
  }

  /** A whole number in [from, to], both included. */
  between(from: number, to: number): number {
    return from + this.below(to - from + 1);
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.u32() < probability * 0x1_0000_0000;
  }

  /** One of a list that is not empty. */
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  /** One of the values of a choice, as often as its weight says. */
  weighted<T>({ values, cumulative }: Choice<T>): T {
    const drawn = this.below(cumulative[cumulative.length - 1]!);
    let index = 0;
    while (drawn >= cumulative[index]!) index++;
    return values[index]!;
  }
}
