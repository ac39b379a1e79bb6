import type { TableName } from '../hospital/tables.js';
import type { EventOperation } from '../intake/event.js';
import { type Expected, forEachList } from './expected.js';
import { KINDS, kindOf } from './row-code.js';

/** Rows of one table that one thing was done to. */
interface List {
  /** Ascending. */
  readonly keys: readonly number[];
  /** 1: it came. */
  readonly came: Uint8Array;
  /** Where the next one probably is: behind the last one that came. */
  next: number;
}

/** The rows that a transaction changed, to be ticked off in whatever order they come. */
export class ExpectedRows {
  readonly #lists = new Array<List | undefined>(KINDS).fill(undefined);
  #left = 0;

  constructor(expected: Pick<Expected, 'rows' | 'dropped'>) {
    forEachList(expected, (table, operation, keys) => {
      this.#lists[kindOf(table, operation)] = { keys, came: new Uint8Array(keys.length), next: 0 };
      this.#left += keys.length;
    });
  }

  /** Rows that did not come yet. */
  get left(): number {
    return this.#left;
  }

  /** Ticks a row off; false where it is not among those that are yet to come. */
  take(table: TableName, operation: EventOperation, key: number): boolean {
    const list = this.#lists[kindOf(table, operation)];
    if (list === undefined) return false;
    const at = find(list, key);
    if (at === -1) return false;
    list.came[at] = 1;
    list.next = at + 1;
    this.#left--;
    return true;
  }

  /** Whether a row is among those that are yet to come. */
  has(table: TableName, operation: EventOperation, key: number): boolean {
    const list = this.#lists[kindOf(table, operation)];
    return list !== undefined && find(list, key) !== -1;
  }
}

/** Where a key is that did not come yet; -1: nowhere. */
function find({ keys, came, next }: List, key: number): number {
  if (keys[next] === key && came[next] === 0) return next;
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keys[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return keys[low] === key && came[low] === 0 ? low : -1;
}
