/** How unequal the ranks are: with 1, the first of 64 is drawn 21 times in 100, and the second half as often. */
const EXPONENT = 1;

/** Draws ranks, from 0: rank r is as likely as 1 / (r + 1), relative to the others. */
export class Zipf {
  readonly #cumulative: readonly number[];

  /** @param count of the ranks, at least 1 */
  constructor(count: number) {
    let sum = 0;
    this.#cumulative = Array.from({ length: count }, (_, rank) => {
      sum += (rank + 1) ** -EXPONENT;
      return sum;
    });
  }

  /** @param unit uniform in [0, 1) */
  rank(unit: number): number {
    const drawn = unit * this.#cumulative.at(-1)!;
    let low = 0;
    let high = this.#cumulative.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#cumulative[middle]! > drawn) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
