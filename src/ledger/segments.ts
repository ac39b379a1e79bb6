import type { Expectation } from './expectations.js';

/** The longest segment, in ids: up to it a double holds every sum exactly, since an age is below 2^31. */
const SEGMENT = 128;

/**
 * Compares ranges of ids by four figures instead of row by row. A segment is blocks without a gap between them; its figures
 * are the number of rows, and the sums of their `age(xmin)`, once as it is, once times the row's place, once times the
 * square of the place. Up to three wrong rows always change one of the four. Four and more could cancel in all of them.
 */
export class Segments {
  readonly #now: number;
  readonly #blocks: Expectation[] = [];
  /** By block, the place of its segment; -1: it is in none: it is long, or the `xmin` of its rows is not known. */
  readonly #places: number[] = [];
  /** The segments, by parameter of the query. */
  readonly columns = {
    first: [] as number[],
    last: [] as number[],
    count: [] as number[],
    ages: [] as number[],
    once: [] as number[],
    twice: [] as number[],
  };

  /** @param now the xid that `age` counts from, modulo 2^32 */
  constructor(now: number) {
    this.#now = now;
  }

  get blocks(): number {
    return this.#blocks.length;
  }

  /** Adds a block that begins after the end of all before it. */
  add(block: Expectation): void {
    const { rule, first, last, xid } = block;
    this.#blocks.push(block);
    if (last - first >= SEGMENT || (rule !== 'same' && rule !== 'none')) {
      this.#places.push(-1);
      return;
    }
    const { columns } = this;
    let place = columns.first.length - 1;
    const follows = place >= 0 && columns.last[place]! + 1 === first;
    if (follows && last - columns.first[place]! < SEGMENT) columns.last[place] = last;
    else place = this.#begin(first, last);
    this.#places.push(place);
    if (rule === 'none') return;
    // An `xmin` is the low half of the xid, and so is the difference.
    const age = (this.#now - xid!) | 0;
    const before = first - columns.first[place]!;
    const end = last - columns.first[place]! + 1;
    columns.count[place]! += end - before;
    columns.ages[place]! += age * (end - before);
    columns.once[place]! += age * (sumTo(end) - sumTo(before));
    columns.twice[place]! += age * (squaresTo(end) - squaresTo(before));
  }

  /** The blocks to look at one by one: those of wrong segments, and those of none. */
  suspects(wrong: readonly number[]): Expectation[] {
    const places = new Set(wrong).add(-1);
    return this.#blocks.filter((_, i) => places.has(this.#places[i]!));
  }

  #begin(first: number, last: number): number {
    const { columns } = this;
    for (const sums of [columns.count, columns.ages, columns.once, columns.twice]) sums.push(0);
    columns.first.push(first);
    return columns.last.push(last) - 1;
  }
}

/** The sum of the numbers from 1 to n. */
function sumTo(n: number): number {
  return (n * (n + 1)) / 2;
}

/** The sum of their squares. */
function squaresTo(n: number): number {
  return (n * (n + 1) * (2 * n + 1)) / 6;
}
