import { forEachBlock } from '../../ledger/keys.js';

/** A set of ids that come in blocks: as small as the gaps in it are few. */
export class KeyRanges {
  /** First and last ids of blocks that do not touch, ascending. */
  readonly #firsts: number[] = [];
  readonly #lasts: number[] = [];

  /** Adds the ids of a ledger's list of keys. */
  add(keys: string): void {
    forEachBlock(keys, (first, last) => this.#add(first, last));
  }

  has(key: number): boolean {
    const at = this.#after(key) - 1;
    return at >= 0 && key <= this.#lasts[at]!;
  }

  #add(first: number, last: number): void {
    let from = this.#after(first);
    // The block before, where it touches this one.
    if (from > 0 && this.#lasts[from - 1]! >= first - 1) from--;
    let to = from;
    while (to < this.#firsts.length && this.#firsts[to]! <= last + 1) to++;
    const begin = to > from ? Math.min(first, this.#firsts[from]!) : first;
    const end = to > from ? Math.max(last, this.#lasts[to - 1]!) : last;
    this.#firsts.splice(from, to - from, begin);
    this.#lasts.splice(from, to - from, end);
  }

  /** The first block that begins after `key`. */
  #after(key: number): number {
    let low = 0;
    let high = this.#firsts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#firsts[middle]! <= key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
