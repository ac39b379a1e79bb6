import type { RowEvent } from '../../sources/source.js';
import type { Expected } from '../ledger/expected.js';
import { ExpectedRows } from '../rows/expected-rows.js';

/**
 * Transactions of which nobody knows what the server calls them: their COMMIT got no answer, and no row told
 * it afterwards. Their events tell, if they come.
 */
export class UnidentifiedTransactions {
  readonly #all = new Map<Expected, ExpectedRows>();

  add(expected: Expected): void {
    this.#all.set(expected, new ExpectedRows(expected));
  }

  /** Takes out the one that inserted the row of an event: its id is of the run, and of no other transaction. */
  claim({ table, operation, key }: RowEvent): Expected | undefined {
    if (operation !== 'insert' || typeof key !== 'number') return undefined;
    for (const [expected, rows] of this.#all) {
      if (!rows.has(table, operation, key)) continue;
      this.#all.delete(expected);
      return expected;
    }
    return undefined;
  }

  /** Whether an event may be of one of them; an insert of its transaction would tell. */
  mayHave({ table, operation, key }: RowEvent): boolean {
    if (operation === 'insert' || typeof key !== 'number') return false;
    for (const rows of this.#all.values()) if (rows.has(table, operation, key)) return true;
    return false;
  }

  [Symbol.iterator](): IterableIterator<Expected> {
    return this.#all.keys();
  }
}
