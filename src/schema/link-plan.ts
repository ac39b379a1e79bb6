import { permute } from '../random/permutation.js';
import { RNG_PURPOSE, Rng } from '../random/rng.js';

/** The two rows that a link references, each by its place in a list that starts at 0. */
export interface Link {
  readonly parent: number;
  readonly other: number;
}

/**
 * The rows that a link references, as a pure function of the link's number: workers need not coordinate. Every parent
 * has as many places as it may have links (`LinkLimit`); the links take the places in a shuffled order, and a parent's
 * places hold different others.
 */
export class LinkPlan {
  /** How many links there can be: numbers below it give different pairs. */
  readonly capacity: number;
  readonly #places: number;
  readonly #others: number;
  readonly #rng: Rng;
  readonly #order: number;

  /**
   * @param seed whole number from 0 to 2^53 - 1
   * @param limit links of one parent
   * @param parents how many there are, up to 2^50
   * @param others how many there are; fewer than `limit` leave a parent only so many places
   */
  constructor(seed: number, limit: number, parents: number, others: number) {
    this.#places = Math.min(limit, others);
    this.capacity = parents * this.#places;
    this.#others = others;
    this.#rng = new Rng(seed);
    this.#order = this.#rng.at(RNG_PURPOSE.linkOrder, 0).u32();
  }

  /**
   * The link of a number.
   *
   * @throws RangeError when the number is not in [0, capacity)
   */
  slot(number: number): Link {
    if (!(number >= 0 && number < this.capacity)) {
      throw new RangeError(`link ${number} of a plan for ${this.capacity}`);
    }
    const place = permute(number, this.capacity, this.#order);
    const parent = Math.floor(place / this.#places);
    const own = this.#rng.at(RNG_PURPOSE.linkOthers, parent).u32();
    return { parent, other: permute(place % this.#places, this.#others, own) };
  }
}
