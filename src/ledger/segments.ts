import { type Expectation, ExpectationBatch } from './expectations.js';

/** The longest segment, in ids: up to it a double holds every sum exactly, since an age is below 2^31. */
const SEGMENT = 128;

/**
 * Compares ranges of ids by four figures instead of row by row. A segment is blocks without a gap between them; its figures
 * are the number of rows, and the sums of their `age(xmin)`, once as it is, once times the row's place, once times the
 * square of the place. Up to three wrong rows always change one of the four. Four and more could cancel in all of them.
 */
export class Segments {
  readonly #now: number;
  /** Blocks that each begin after the end of the one before; see `divide`. */
  readonly batch = new ExpectationBatch();
  /**
   * By block of the batch, the place of its segment; -1: it is in none: it is long, or the `xmin` of its rows is not
   * known.
   */
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

  /** Divides the blocks that are in the batch now into segments. */
  divide(): void {
    for (const column of Object.values(this.columns)) column.length = 0;
    for (let block = 0; block < this.batch.size; block++) this.#places[block] = this.#add(block);
  }

  /** Adds a block, and returns the place of its segment. */
  #add(block: number): number {
    const { batch, columns } = this;
    const rule = batch.ruleOf(block);
    const first = batch.firstOf(block);
    const last = batch.lastOf(block);
    if (last - first >= SEGMENT || (rule !== 'same' && rule !== 'none')) return -1;
    let place = columns.first.length - 1;
    const follows = place >= 0 && columns.last[place]! + 1 === first;
    if (follows && last - columns.first[place]! < SEGMENT) columns.last[place] = last;
    else place = this.#begin(first, last);
    if (rule === 'none') return place;
    // An `xmin` is the low half of the xid, and so is the difference.
    const age = (this.#now - batch.xidOf(block)) | 0;
    const before = first - columns.first[place]!;
    const end = last - columns.first[place]! + 1;
    columns.count[place]! += end - before;
    columns.ages[place]! += age * (end - before);
    columns.once[place]! += age * (sumTo(end) - sumTo(before));
    columns.twice[place]! += age * (squaresTo(end) - squaresTo(before));
    return place;
  }

  /** The blocks to look at one by one: those of wrong segments, and those of none. */
  suspects(wrong: readonly number[]): Expectation[] {
    const places = new Set(wrong).add(-1);
    const suspects: Expectation[] = [];
    for (let block = 0; block < this.batch.size; block++) {
      if (places.has(this.#places[block]!)) suspects.push(this.batch.get(block));
    }
    return suspects;
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
