/** What is to be done with an event of a connector. */
export type Belonging = 'ours' | 'foreign' | 'unknown';

/**
 * Tells connectors apart by the name that they put into their events (`source.name`): rows of the same name,
 * of another server, may come on the same stream. The first one that gives out a change of the run just as
 * the ledger has it is the run's.
 */
export class Origins {
  #own: string | null = null;
  /** Events of others that the ledger has just so, too, and that the run's connector did not give out by then. */
  rivals = 0;
  /** Events that others gave out just as the run's connector did, before or after it. */
  copies = 0;

  /** The name of the run's connector; null: not known. */
  get own(): string | null {
    return this.#own;
  }

  /** `unknown`: none has given out a change of the run yet. */
  of(origin: string | null): Belonging {
    if (origin === null || origin === this.#own) return 'ours';
    return this.#own === null ? 'unknown' : 'foreign';
  }

  /** This one is the run's. */
  settle(origin: string | null): void {
    this.#own ??= origin;
  }
}
