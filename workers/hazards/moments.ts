import { RNG_PURPOSE, Rng } from '../../src/random/rng.js';

/** The first moment comes after this part of the interval, so that short runs see the hazard, too. */
const FIRST = 1 / 3;
/** Moments lie around those of a regular beat, by this part of the interval at most. */
const JITTER = 1 / 6;

/** When a timed hazard happens. The moments follow from the run's random numbers alone. */
export class Moments {
  readonly #rng: Rng;
  readonly #worker: number;
  readonly #everyMs: number;

  /** @param worker position of the hazard's thread */
  constructor(seed: number, worker: number, everyMs: number) {
    this.#rng = new Rng(seed);
    this.#worker = worker;
    this.#everyMs = everyMs;
  }

  /** The first moment after `ms`. Both in active milliseconds of the run. */
  after(ms: number): number {
    for (let beat = Math.max(0, Math.floor(ms / this.#everyMs) - 1); ; beat++) {
      const moment = this.#at(beat);
      if (moment > ms) return moment;
    }
  }

  /** @param beat from 0 */
  #at(beat: number): number {
    const unit = this.#rng.at(RNG_PURPOSE.hazardMoments, this.#worker, beat).unit();
    return this.#everyMs * (beat + FIRST + JITTER * (2 * unit - 1));
  }
}
