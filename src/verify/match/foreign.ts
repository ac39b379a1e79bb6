import type { RowEvent } from '../../sources/source.js';
import type { Expected } from '../ledger/expected.js';
import type { LedgerFeed } from '../ledger/feed.js';
import type { Results } from '../verdict/accounting.js';
import type { TableEvent } from '../verdict/findings.js';

/** Events that are remembered: some 5 MB. */
const MOST = 1 << 14;

/**
 * The first foreign events of a stream, until it ends: the ledger may have their transaction or id later on, since it is
 * read only up to an event's LSN.
 */
export class ForeignEvents {
  readonly #results: Results;
  readonly #events = new Map<number, RowEvent[]>();
  readonly #truncates: TableEvent[] = [];
  #room = MOST;

  constructor(results: Results) {
    this.#results = results;
  }

  add(event: RowEvent): void {
    const { xid } = event;
    if (xid === null || this.#room === 0) return;
    this.#room--;
    const events = this.#events.get(xid);
    if (events === undefined) this.#events.set(xid, [event]);
    else events.push(event);
  }

  /** Adds a TRUNCATE of a table of the run. */
  addTruncate(event: TableEvent): void {
    if (this.#truncates.length < MOST) this.#truncates.push(event);
  }

  /**
   * Reports events with the xid of a transaction that was read just now: they precede its LSN, so they cannot belong to
   * it. After a rollback that is no proof: a server that crashed gives the xid out again.
   */
  check(expected: Expected): void {
    const { xid, fate } = expected;
    if (this.#events.size === 0 || xid === null) return;
    if (fate !== 'aborted') {
      for (const event of this.#events.get(xid) ?? []) {
        this.#results.note('phantom', 'row_not_sent', event, expected);
      }
    }
    this.#events.delete(xid);
  }

  /**
   * Reports inserts of ids that the run leased, and truncates during the run: before and after it, another run may
   * truncate its tables. The whole ledger was read.
   */
  finish(feed: LedgerFeed): void {
    for (const event of this.#truncates) {
      if (event.lsn !== null && !feed.isDuringRun(event.lsn)) this.#results.events.foreign++;
      else this.#results.note('phantom', 'truncated', event);
    }
    for (const event of [...this.#events.values()].flat()) {
      const { operation, table, key } = event;
      if (operation !== 'insert' || !feed.isLeased(table, key)) continue;
      this.#results.note('phantom', 'never_sent', event);
    }
  }
}
