import type { Operation } from '../../schemas/hospital/changes.js';
import type { TableName } from '../../schemas/hospital/tables.js';
import type { EventOperation, Key } from '../../sources/source.js';
import { type Expected, listsOf, type RowList } from '../ledger/expected.js';
import type { RowFingerprint } from './fingerprint.js';

/** What an event is of the rows that a transaction changed. */
export const TICK = {
  /** Not among those that are yet to come. */
  none: 0,
  /** As the ledger has it, or the ledger cannot tell of this row alone. */
  faithful: 1,
  /** Holds something else. */
  altered: 2,
  /** The event leaves out what would have to be compared. */
  untold: 3,
} as const;
export type Tick = (typeof TICK)[keyof typeof TICK];

interface List {
  readonly of: RowList;
  /** 1: it came, or fell on the server. */
  readonly came: Uint8Array;
  left: number;
  /** Where the next one probably is: behind the last one that came. */
  next: number;
}

/** Rows of one table and operation that did not come. */
export interface LeftRows {
  readonly table: TableName;
  readonly operation: Operation;
  readonly count: number;
  /** Calls `each` for every one of them. */
  readonly forEach: (each: (key: Key, place: number) => void) => void;
  readonly prints: RowList['prints'];
}

/** The rows that a transaction changed, to be ticked off in whatever order they come. */
export class ExpectedRows {
  /** A handful: searched from the beginning. */
  readonly #lists: List[] = [];
  #left = 0;

  constructor(expected: Pick<Expected, 'rows' | 'dropped' | 'prints'>) {
    for (const list of listsOf(expected)) {
      const came = new Uint8Array(list.keys.length);
      for (const place of list.dropped ?? []) came[place] = 1;
      const left = list.keys.length - (list.dropped?.size ?? 0);
      this.#lists.push({ of: list, came, left, next: 0 });
      this.#left += left;
    }
  }

  /** Rows that did not come yet. */
  get left(): number {
    return this.#left;
  }

  /** Rows of a table that did not come yet, of one operation. */
  leftOf(table: TableName, operation: Operation): number {
    return this.#listOf(table, operation)?.left ?? 0;
  }

  /** Ticks a row off. */
  take(table: TableName, operation: EventOperation, key: Key, contents: Printed): Tick {
    const list = this.#listOf(table, operation);
    if (list === undefined) return TICK.none;
    const at = find(list, key, contents);
    if (at === NOWHERE) return TICK.none;
    list.came[at] = 1;
    list.next = at + 1;
    list.left--;
    this.#left--;
    return compare(list.of, at, contents);
  }

  /** What `take` would say. */
  peek(table: TableName, operation: EventOperation, key: Key, contents: Printed): Tick {
    const list = this.#listOf(table, operation);
    const at = list === undefined ? NOWHERE : find(list, key, contents);
    return list === undefined || at === NOWHERE ? TICK.none : compare(list.of, at, contents);
  }

  /** Whether a row is among those that are yet to come. */
  has(table: TableName, operation: EventOperation, key: Key): boolean {
    return this.peek(table, operation, key, UNTOLD_CONTENTS) !== TICK.none;
  }

  /** What the ledger knows of the fixed columns of a row; null: nothing, or there is no such row. */
  fixedOf(table: TableName, operation: EventOperation, key: Key): number | null {
    const list = this.#listOf(table, operation);
    if (list === undefined) return null;
    const { keys, prints } = list.of;
    const at = firstOf(list.of, key);
    return keys[at] === key ? (prints?.fixed(at) ?? null) : null;
  }

  /** Those that did not come. */
  get rest(): readonly LeftRows[] {
    return this.#lists
      .filter(({ left }) => left > 0)
      .map(({ of: { table, operation, keys, prints }, came, left }) => ({
        table,
        operation,
        count: left,
        prints,
        forEach: (each) => {
          for (let at = 0; at < keys.length; at++) if (came[at] === 0) each(keys[at]!, at);
        },
      }));
  }

  #listOf(table: TableName, operation: EventOperation): List | undefined {
    const lists = this.#lists;
    for (let i = 0; i < lists.length; i++) {
      const list = lists[i]!;
      const { of } = list;
      if (of.table === table && of.operation === operation) return list;
    }
    return undefined;
  }
}

const NOWHERE = -1;
const UNTOLD_CONTENTS = { changing: null, fixed: null } as const;

/** The part of an event's contents that the ledger has fingerprints of. */
type Printed = Pick<RowFingerprint, 'changing' | 'fixed'>;

/** Where a key is that did not come yet. Of equal ones, the first that holds what the event says. */
function find(list: List, key: Key, contents: Printed): number {
  const { of, came, next } = list;
  const { keys } = of;
  if (keys[next] === key && came[next] === 0 && keys[next + 1] !== key) return next;
  let first = NOWHERE;
  for (let at = firstOf(of, key); keys[at] === key; at++) {
    if (came[at] !== 0) continue;
    if (first === NOWHERE) first = at;
    if (keys[at + 1] !== key && first === at) return at;
    if (compare(of, at, contents) === TICK.faithful) return at;
  }
  return first;
}

/** Where the first of equal keys is; behind the end, or at another key, where there is none. */
function firstOf({ keys, ascending }: RowList, key: Key): number {
  if (!ascending) return keys.includes(key) ? keys.indexOf(key) : keys.length;
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keys[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

function compare({ prints, operation }: RowList, at: number, { changing, fixed }: Printed): Tick {
  if (prints === null || operation === 'delete') return TICK.faithful;
  const is = prints.fixed(at);
  if (changing !== null && changing !== prints.changing(at)) return TICK.altered;
  if (fixed !== null && is !== null && fixed !== is) return TICK.altered;
  return changing === null || (fixed === null && is !== null) ? TICK.untold : TICK.faithful;
}
