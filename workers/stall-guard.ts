import type { Failure } from '../src/postgres/failures.js';
import { SQLSTATE } from '../src/postgres/sqlstate.js';

/** Batches in a row, and events in them, without one row written: more than bad luck. */
const MAX_BATCHES = 20;
const MAX_EVENTS = 200;

/** The failure of a batch of which the server neither refused nor wrote a row. */
const NOTHING_WRITTEN: Failure = {
  class: 'hopeless',
  sqlstate: SQLSTATE.NO_DATA,
  errno: null,
  message: 'the statements succeed and write no row',
  constraint: null,
  table: null,
  column: null,
};

/** Notices when batch after batch writes nothing: going on would be an endless loop. */
export class StallGuard {
  #batches = 0;
  #events = 0;

  /** A batch wrote something. */
  progressed(): void {
    this.#batches = 0;
    this.#events = 0;
  }

  /**
   * A batch of `events` rejected events wrote nothing; `failure`: the last one, if there was one. Returns the
   * failure to give up with, once there were too many such batches.
   */
  stalled(events: number, failure: Failure = NOTHING_WRITTEN): Failure | null {
    this.#batches++;
    this.#events += events;
    // A batch without a rejected row has no events to count.
    const enough = this.#events >= MAX_EVENTS || events === 0;
    return this.#batches >= MAX_BATCHES && enough ? { ...failure, class: 'hopeless' } : null;
  }
}
