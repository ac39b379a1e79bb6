import { permute } from '../random/permutation.js';
import { Rng } from '../random/rng.js';
import { RNG_PURPOSE } from './purposes.js';

/** A patient has none to three convênios (seed.md: "0–3 convênios"). */
export const MAX_LINKS_PER_PATIENT = 3;

/** A patient and one of the patient's convênios, each by its place in a list that starts at 0. */
export interface Link {
  readonly patient: number;
  readonly convenio: number;
}

/**
 * The patient and convênio of a link, as a pure function of the link's number: workers need not coordinate.
 * Every patient has as many places as a patient may have convênios; the links take the places in a shuffled
 * order, and a patient's places hold different convênios.
 */
export class LinkPlan {
  /** How many links there can be: numbers below it give different pairs. */
  readonly capacity: number;
  readonly #places: number;
  readonly #convenios: number;
  readonly #rng: Rng;
  readonly #order: number;

  /**
   * @param seed whole number from 0 to 2^53 - 1
   * @param patients how many there are, up to 2^50
   * @param convenios how many there are; fewer than three leave a patient only so many places
   */
  constructor(seed: number, patients: number, convenios: number) {
    this.#places = Math.min(MAX_LINKS_PER_PATIENT, convenios);
    this.capacity = patients * this.#places;
    this.#convenios = convenios;
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
    const patient = Math.floor(place / this.#places);
    const own = this.#rng.at(RNG_PURPOSE.linkConvenios, patient).u32();
    return { patient, convenio: permute(place % this.#places, this.#convenios, own) };
  }
}
