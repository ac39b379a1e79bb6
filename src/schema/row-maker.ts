import { Rng } from '../random/rng.js';

/** Lists of words that rows are composed of, by name. Plain data: it crosses to worker threads. */
export type Pools = Readonly<Record<string, readonly string[]>>;

/**
 * Lends rows their random numbers. Each row is a pure function of the seed number, the table, the id and the rows that
 * it references.
 */
export class RowMaker {
  readonly pools: Pools;
  readonly #rng: Rng;

  /** @param seed whole number from 0 to 2^53 - 1 */
  constructor(seed: number, pools: Pools) {
    this.#rng = new Rng(seed);
    this.pools = pools;
  }

  /** The random numbers of one row, from the first one; see `Rng.at`. */
  at(purpose: number, id: number, moment = 0): Rng {
    return this.#rng.at(purpose, id, moment);
  }
}
