import { RowTracker } from '../rows/tracker.js';

/**
 * What the events of the run's connector came to; and, until it is known which one that is, those of each by
 * itself: rows of one name may be two servers'.
 */
export class ConnectorStates {
  readonly #make: () => RowTracker;
  readonly #candidates = new Map<string, RowTracker>();
  #own: RowTracker;
  #settled = false;

  /**
   * @param bytes of memory, about, for each connector
   * @param sample share of keys to follow, 0 to 1
   */
  constructor(bytes: number, sample: number) {
    this.#make = () => new RowTracker(bytes, sample);
    this.#own = this.#make();
  }

  /** @param origin of an event: its connector's name; null: it has none */
  of(origin: string | null): RowTracker {
    if (origin === null || this.#settled) return this.#own;
    let states = this.#candidates.get(origin);
    if (states === undefined) {
      states = this.#make();
      this.#candidates.set(origin, states);
    }
    return states;
  }

  /** This connector is the run's: the others are forgotten. */
  settle(origin: string): void {
    this.#own = this.#candidates.get(origin) ?? this.#own;
    this.#candidates.clear();
    this.#settled = true;
  }

  /** Those of the run's connector; of the only one, where none gave out a change of the run. */
  get own(): RowTracker {
    const [only] = this.#candidates.values();
    return only !== undefined && this.#candidates.size === 1 && this.#own.size === 0
      ? only
      : this.#own;
  }
}
