import { Digest } from '../../ledger/digest.js';
import type { Operation } from '../../legacy/changes.js';
import type { TableName } from '../../legacy/tables.js';
import type { EventOperation, Key, RowEvent } from '../../sources/source.js';
import { type Expected, listsOf, type RowList } from '../ledger/expected.js';
import type { RowFingerprint } from '../rows/fingerprint.js';
import type { Doubt } from '../verdict/accounting.js';

/** How an event compares with the rows of a transaction that have not arrived yet. */
export const ROW_MATCH = {
  /** The row is not among them. */
  none: 0,
  /** Equal fingerprints, or the ledger has no fingerprint of this row alone. */
  faithful: 1,
  /** Different fingerprints. */
  altered: 2,
  /** The event leaves out columns that would have to be compared. */
  incomplete: 3,
} as const;
export type RowMatch = (typeof ROW_MATCH)[keyof typeof ROW_MATCH];

/** How far a transaction has arrived on one partition. */
export interface Part {
  lastLsn: number;
  lastOrder: number;
  /** Events of another transaction have followed on the partition. */
  left: boolean;
}

/** A transaction of the ledger, and which of its rows have arrived. */
export class TransactionProgress {
  readonly expected: Expected;
  readonly #parts = new Map<number, Part>();
  /** Null before the first event: most waiting transactions have none. */
  #rows: ExpectedRows | null = null;
  readonly #digest: Digest | null;
  /** With a ledger of version 1: an event left columns out, so the digests cannot be compared. */
  #incomplete = false;
  /** By table, deletes without a key that arrived; null: none. */
  #keyless: Map<TableName, number> | null = null;
  #delivered = 0;
  /** Null: none. Most transactions have no doubts, and many wait at a time. */
  #doubts: Map<Doubt, number> | null = null;
  /** Events of the transaction that the ledger lacks: the server may have added their rows. */
  derived = 0;

  constructor(expected: Expected) {
    this.expected = expected;
    this.#digest = expected.prints === null ? new Digest() : null;
  }

  /** Events that arrived, without repeated ones. */
  get delivered(): number {
    return this.#delivered;
  }

  /** Every row has arrived. */
  get complete(): boolean {
    return this.#rows !== null && this.#rows.left === this.unidentified;
  }

  /** Deletes without a key that arrived and stand for rows that are still to arrive. */
  get unidentified(): number {
    if (this.#keyless === null) return 0;
    let count = 0;
    for (const [table, arrived] of this.#keyless) {
      count += Math.min(arrived, this.rows.leftOf(table, 'delete'));
    }
    return count;
  }

  /** Undefined: no event has arrived on this partition. */
  part(partition: number): Part | undefined {
    return this.#parts.get(partition);
  }

  begin(partition: number): Part {
    const part = { lastLsn: 0, lastOrder: 0, left: false };
    this.#parts.set(partition, part);
    return part;
  }

  /** Marks the event's row as arrived. */
  deliver({ table, operation, key }: RowEvent, fingerprint: RowFingerprint): RowMatch {
    const match = this.rows.take(table, operation, key, fingerprint);
    if (match === ROW_MATCH.none) return match;
    this.#delivered++;
    if (this.#digest === null) return match;
    if (fingerprint.written === null) this.#incomplete = true;
    else this.#digest.addHash(fingerprint.written);
    return match;
  }

  /** Marks one of the events that arrived as doubted. */
  doubt(reason: Doubt): void {
    this.#doubts ??= new Map();
    this.#doubts.set(reason, (this.#doubts.get(reason) ?? 0) + 1);
  }

  /** Doubted events by reason; null: none. */
  get doubts(): ReadonlyMap<Doubt, number> | null {
    return this.#doubts;
  }

  /** Counts a delete without a key. False: the transaction has no more deletes in this table. */
  deliverKeyless(table: TableName): boolean {
    const arrived = this.#keyless?.get(table) ?? 0;
    if (arrived >= this.rows.leftOf(table, 'delete')) return false;
    this.#keyless ??= new Map();
    this.#keyless.set(table, arrived + 1);
    return true;
  }

  /** Deletes without a key that arrived, of one table. */
  keylessOf(table: TableName): number {
    return Math.min(this.#keyless?.get(table) ?? 0, this.rows.leftOf(table, 'delete'));
  }

  /**
   * With a ledger of version 1: whether the digest of all rows equals the ledger's; null if that cannot be compared.
   * Later versions compare row by row: true.
   */
  get faithful(): boolean | null {
    if (this.#digest === null) return true;
    // The digest includes rows that a trigger or rule dropped.
    if (this.#incomplete || Object.keys(this.expected.dropped).length > 0) return null;
    return this.#digest.text === this.expected.digest;
  }

  get rows(): ExpectedRows {
    this.#rows ??= new ExpectedRows(this.expected);
    return this.#rows;
  }
}

interface List {
  readonly of: RowList;
  /** 1: the row arrived, or the server dropped it. */
  readonly arrived: Uint8Array;
  left: number;
  /** Place of the row after the last one that arrived: probably the next. */
  next: number;
}

/** Rows of one table and operation that have not arrived. */
export interface LeftRows {
  readonly table: TableName;
  readonly operation: Operation;
  readonly count: number;
  /** Null: an empty list. */
  readonly firstKey: Key | null;
}

/** The rows that a transaction changed, marked one by one as they arrive, in any order. */
export class ExpectedRows {
  /** A handful: a linear search is the fastest. */
  readonly #lists: List[] = [];
  #left = 0;

  constructor(expected: Pick<Expected, 'rows' | 'dropped' | 'prints'>) {
    for (const list of listsOf(expected)) {
      const arrived = new Uint8Array(list.keys.length);
      for (const place of list.dropped ?? []) arrived[place] = 1;
      const left = list.keys.length - (list.dropped?.size ?? 0);
      this.#lists.push({ of: list, arrived, left, next: 0 });
      this.#left += left;
    }
  }

  /** Rows that have not arrived. */
  get left(): number {
    return this.#left;
  }

  /** Rows of one table and operation that have not arrived. */
  leftOf(table: TableName, operation: Operation): number {
    return this.#listOf(table, operation)?.left ?? 0;
  }

  /** Marks a row as arrived. */
  take(table: TableName, operation: EventOperation, key: Key, fingerprint: Printed): RowMatch {
    const list = this.#listOf(table, operation);
    if (list === undefined) return ROW_MATCH.none;
    const at = find(list, key, fingerprint);
    if (at === NOWHERE) return ROW_MATCH.none;
    list.arrived[at] = 1;
    list.next = at + 1;
    list.left--;
    this.#left--;
    return compare(list.of, at, fingerprint);
  }

  /** Returns the result of `take`, and marks nothing. */
  peek(table: TableName, operation: EventOperation, key: Key, fingerprint: Printed): RowMatch {
    const list = this.#listOf(table, operation);
    const at = list === undefined ? NOWHERE : find(list, key, fingerprint);
    return list === undefined || at === NOWHERE
      ? ROW_MATCH.none
      : compare(list.of, at, fingerprint);
  }

  /** Whether a row is among those that have not arrived. */
  has(table: TableName, operation: EventOperation, key: Key): boolean {
    return this.peek(table, operation, key, NO_COLUMNS) !== ROW_MATCH.none;
  }

  /** The ledger's fingerprint of a row's fixed columns; null: none, or no such row. */
  fixedOf(table: TableName, operation: EventOperation, key: Key): number | null {
    const list = this.#listOf(table, operation);
    if (list === undefined) return null;
    const { keys, prints } = list.of;
    const at = firstOf(list.of, key);
    return keys[at] === key ? (prints?.fixed(at) ?? null) : null;
  }

  /** The rows that have not arrived. */
  get rest(): readonly LeftRows[] {
    return this.#lists
      .filter(({ left }) => left > 0)
      .map(({ of: { table, operation, keys }, arrived, left }) => ({
        table,
        operation,
        count: left,
        firstKey: keys[arrived.indexOf(0)] ?? null,
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
const NO_COLUMNS = { changing: null, fixed: null } as const;

/** The part of an event's fingerprint that the ledger has, too. */
type Printed = Pick<RowFingerprint, 'changing' | 'fixed'>;

/** The place of a key that has not arrived. Among equal keys: the first with equal fingerprints, or else the first. */
function find(list: List, key: Key, fingerprint: Printed): number {
  const { of, arrived, next } = list;
  const { keys } = of;
  if (keys[next] === key && arrived[next] === 0 && keys[next + 1] !== key) return next;
  let first = NOWHERE;
  for (let at = firstOf(of, key); keys[at] === key; at++) {
    if (arrived[at] !== 0) continue;
    if (first === NOWHERE) first = at;
    if (keys[at + 1] !== key && first === at) return at;
    if (compare(of, at, fingerprint) === ROW_MATCH.faithful) return at;
  }
  return first;
}

/** The place of the first of equal keys. Without the key: the end of the list, or the place of another key. */
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

function compare(
  { prints, operation }: RowList,
  at: number,
  { changing, fixed }: Printed,
): RowMatch {
  if (prints === null || operation === 'delete') return ROW_MATCH.faithful;
  const written = prints.fixed(at);
  if (changing !== null && changing !== prints.changing(at)) return ROW_MATCH.altered;
  if (fixed !== null && written !== null && fixed !== written) return ROW_MATCH.altered;
  return changing === null || (fixed === null && written !== null)
    ? ROW_MATCH.incomplete
    : ROW_MATCH.faithful;
}
