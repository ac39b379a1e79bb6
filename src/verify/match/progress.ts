import { Digest } from '../../ledger/digest.js';
import type { Fingerprints } from '../../ledger/fingerprint.js';
import { fixedOfContentKey } from '../../ledger/row-key.js';
import type { Operation } from '../../schema/changes.js';
import type { Key, TableName } from '../../schema/table.js';
import type { Tables } from '../../schema/tables.js';
import type { EventOperation, KeylessEvent, RowEvent } from '../../sources/source.js';
import { type Expected, listsOf, type RowList } from '../ledger/expected.js';
import { completed, type ProjectedSums, type RowFingerprint } from '../rows/fingerprint.js';
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

/** Changes of one table and operation that arrived without a key. */
interface Keyless {
  readonly table: TableName;
  readonly operation: EventOperation;
  arrived: number;
}

/** A transaction of the ledger, and which of its rows have arrived. */
export class TransactionProgress {
  readonly expected: Expected;
  readonly #tables: Tables;
  readonly #parts = new Map<number, Part>();
  /** Null before the first event: most waiting transactions have none. */
  #rows: ExpectedRows | null = null;
  readonly #digest: Digest | null;
  /** With a ledger of version 1: an event left columns out, so the digests cannot be compared. */
  #incomplete = false;
  /** Changes without a key that arrived; null: none. */
  #keyless: Keyless[] | null = null;
  /** Truncates that have not arrived; null: it truncates no table. */
  readonly #truncates: Set<TableName> | null;
  #delivered = 0;
  /** Null: none. Most transactions have no doubts, and many wait at a time. */
  #doubts: Map<Doubt, number> | null = null;
  /** Events of the transaction that the ledger lacks: the server may have added their rows. */
  derived = 0;

  constructor(tables: Tables, expected: Expected) {
    this.#tables = tables;
    this.expected = expected;
    this.#digest = expected.prints === null ? new Digest() : null;
    const truncated = expected.hazards?.truncated;
    this.#truncates = truncated === undefined ? null : new Set(truncated);
  }

  /** Events that arrived, without repeated ones. */
  get delivered(): number {
    return this.#delivered;
  }

  /** Every row and every truncate has arrived. */
  get complete(): boolean {
    if (this.#truncates !== null && this.#truncates.size > 0) return false;
    return this.#rows !== null && this.#rows.left === this.unidentified;
  }

  /** Changes that have not arrived. */
  get left(): number {
    return this.rows.left + (this.#truncates?.size ?? 0);
  }

  /** The changes that have not arrived. */
  get rest(): readonly LeftChanges[] {
    const truncates = [...(this.#truncates ?? [])].map((table): LeftChanges => {
      return { table, operation: 'truncate', count: 1, firstKey: null };
    });
    return [...truncates, ...this.rows.rest];
  }

  /** Changes without a key that arrived and stand for rows that are still to arrive. */
  get unidentified(): number {
    if (this.#keyless === null) return 0;
    let count = 0;
    for (const { table, operation, arrived } of this.#keyless) {
      count += Math.min(arrived, this.rows.leftOf(table, operation));
    }
    return count;
  }

  /** Undefined: no event has arrived on this partition. */
  part(partition: number): Part | undefined {
    return this.#parts.get(partition);
  }

  /** The highest LSN of an event that arrived; null: none arrived with one. */
  get lastLsn(): number | null {
    const last = Math.max(0, ...[...this.#parts.values()].map((part) => part.lastLsn));
    return last === 0 ? null : last;
  }

  begin(partition: number): Part {
    const part = { lastLsn: 0, lastOrder: 0, left: false };
    this.#parts.set(partition, part);
    return part;
  }

  /** The fingerprint of an event with the columns that an update lacks as unchanged TOAST, if the ledger has their hashes. */
  completed(event: RowEvent, fingerprint: RowFingerprint): RowFingerprint {
    const isWhole = fingerprint.toasted === null || event.operation !== 'update';
    return isWhole ? fingerprint : this.rows.completed(event, fingerprint);
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

  /** Marks a truncate as arrived. False: the transaction awaits no truncate of this table. */
  deliverTruncate(table: TableName): boolean {
    if (this.#truncates?.delete(table) !== true) return false;
    // From here on the transaction is complete once its rows are.
    this.#rows ??= new ExpectedRows(this.#tables, this.expected);
    this.#delivered++;
    return true;
  }

  /** Whether a change like an event's has arrived already: the transaction makes it several times. */
  mayRepeat({ table, operation, key }: RowEvent): boolean {
    return this.rows.hasArrived(table, operation, key);
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

  /** Counts a change without a key. False: the transaction has no more of its operation in this table. */
  deliverKeyless({ table, operation }: Pick<KeylessEvent, 'table' | 'operation'>): boolean {
    this.#keyless ??= [];
    let keyless = this.#keylessOf(table, operation);
    if ((keyless?.arrived ?? 0) >= this.rows.leftOf(table, operation)) return false;
    if (keyless === undefined) {
      keyless = { table, operation, arrived: 0 };
      this.#keyless.push(keyless);
    }
    keyless.arrived++;
    return true;
  }

  /** Changes without a key that arrived, of one table and operation. */
  keylessOf(table: TableName, operation: Operation): number {
    const { arrived } = this.#keylessOf(table, operation) ?? { arrived: 0 };
    return Math.min(arrived, this.rows.leftOf(table, operation));
  }

  #keylessOf(table: TableName, operation: EventOperation): Keyless | undefined {
    return this.#keyless?.find((own) => own.table === table && own.operation === operation);
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
    this.#rows ??= new ExpectedRows(this.#tables, this.expected);
    return this.#rows;
  }
}

interface List {
  readonly of: RowList;
  /** Null: the keys are ids in ascending order. */
  readonly index: KeyIndex | null;
  /** 1: the row arrived, or the server dropped it. */
  readonly arrived: Uint8Array;
  left: number;
  /** Place of the row after the last one that arrived: probably the next. */
  next: number;
}

/** Changes of one table and operation that have not arrived. */
export interface LeftChanges {
  readonly table: TableName;
  readonly operation: Operation | 'truncate';
  readonly count: number;
  /** Null: an empty list, or a truncate. */
  readonly firstKey: Key | null;
}

/** The rows that a transaction changed, marked one by one as they arrive, in any order. */
export class ExpectedRows {
  /** A handful: a linear search is the fastest. */
  readonly #lists: List[] = [];
  #left = 0;

  constructor(tables: Tables, expected: Pick<Expected, 'rows' | 'dropped' | 'prints'>) {
    for (const list of listsOf(tables, expected)) {
      const arrived = new Uint8Array(list.keys.length);
      for (const place of list.dropped ?? []) arrived[place] = 1;
      const left = list.keys.length - (list.dropped?.size ?? 0);
      const index = list.ascending ? null : new KeyIndex(list.keys);
      this.#lists.push({ of: list, index, arrived, left, next: 0 });
      this.#left += left;
    }
  }

  /** Rows that have not arrived. */
  get left(): number {
    return this.#left;
  }

  /** Rows of one table and operation that have not arrived. */
  leftOf(table: TableName, operation: EventOperation): number {
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

  /** As of `TransactionProgress`, for an update. */
  completed({ table, operation, key }: RowEvent, fingerprint: RowFingerprint): RowFingerprint {
    const list = this.#listOf(table, operation);
    const prints = list?.of.prints ?? null;
    if (list === undefined || prints === null) return fingerprint;
    const at = find(list, key, fingerprint);
    if (at === NOWHERE) return fingerprint;
    return completed(fingerprint, (place) => prints.toasted(at, place));
  }

  /** Whether a row is among those that have not arrived. */
  has(table: TableName, operation: EventOperation, key: Key): boolean {
    return this.peek(table, operation, key, NO_COLUMNS) !== ROW_MATCH.none;
  }

  /** Whether a row is among those that have arrived. */
  hasArrived(table: TableName, operation: EventOperation, key: Key): boolean {
    const list = this.#listOf(table, operation);
    if (list === undefined) return false;
    for (let at = firstOf(list, key); at !== NOWHERE; at = nextOf(list, at)) {
      if (list.arrived[at] !== 0) return true;
    }
    return false;
  }

  /** Whether the ledger states a row's fixed columns, and they are the event's: then the run itself changed them. */
  fixedAgrees({ table, operation, key }: RowEvent, { fixed, projected }: Printed): boolean {
    const list = this.#listOf(table, operation);
    const prints = list?.of.prints ?? null;
    if (list === undefined || prints === null) return false;
    for (let at = firstOf(list, key); at !== NOWHERE; at = nextOf(list, at)) {
      const written = fixed === null ? prints.coarseFixed(at) : prints.fixed(at);
      if (written !== null && written === (fixed ?? projected?.fixed)) return true;
    }
    return false;
  }

  /** The rows that have not arrived. */
  get rest(): readonly LeftChanges[] {
    return this.#lists
      .filter(({ left }) => left > 0)
      .map(({ of: { table, operation, keys }, arrived, left }) => ({
        table: table.name,
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
      if (of.table.name === table && of.operation === operation) return list;
    }
    return undefined;
  }
}

const NOWHERE = -1;
const NO_COLUMNS = { changing: null, fixed: null, projected: null, nullInNotNull: false } as const;

/** The part of an event's fingerprint that the ledger has, too. */
type Printed = Pick<RowFingerprint, 'changing' | 'fixed' | 'projected' | 'nullInNotNull'>;

/** The places of keys that are no ids, or not in order: a table without a key has equal ones for identical rows. */
class KeyIndex {
  readonly #first = new Map<Key, number>();
  /** By place, that of the next equal key. */
  readonly #next: Int32Array;

  constructor(keys: readonly Key[]) {
    this.#next = new Int32Array(keys.length);
    for (let at = keys.length - 1; at >= 0; at--) {
      const key = keys[at]!;
      this.#next[at] = this.first(key);
      this.#first.set(key, at);
    }
  }

  /** The place of the first of equal keys; NOWHERE: there is none. */
  first(key: Key): number {
    return this.#first.get(key) ?? NOWHERE;
  }

  /** The place of the next key that equals the one at `at`; NOWHERE: it is the last. */
  next(at: number): number {
    return this.#next[at]!;
  }
}

/** The place of a key that has not arrived. Among equal keys: the first with equal fingerprints, or else the first. */
function find(list: List, key: Key, fingerprint: Printed): number {
  const { of, index, arrived, next } = list;
  const { keys } = of;
  if (index === null && keys[next] === key && arrived[next] === 0 && keys[next + 1] !== key) {
    return next;
  }
  let first = NOWHERE;
  for (let at = firstOf(list, key); at !== NOWHERE; at = nextOf(list, at)) {
    if (arrived[at] !== 0) continue;
    if (first === NOWHERE && nextOf(list, at) === NOWHERE) return at;
    if (compare(of, at, fingerprint) === ROW_MATCH.faithful) return at;
    if (first === NOWHERE) first = at;
  }
  return first;
}

/** The place of the first of equal keys; NOWHERE: there is none. */
function firstOf({ of: { keys }, index }: List, key: Key): number {
  if (index !== null) return index.first(key);
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keys[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return keys[low] === key ? low : NOWHERE;
}

/** The place of the next equal key; NOWHERE: it is the last. */
function nextOf({ of: { keys }, index }: List, at: number): number {
  if (index !== null) return index.next(at);
  return keys[at + 1] === keys[at] ? at + 1 : NOWHERE;
}

function compare(list: RowList, at: number, row: Printed): RowMatch {
  const { prints, operation } = list;
  if (operation === 'delete') return ROW_MATCH.faithful;
  if (prints === null) return row.nullInNotNull ? ROW_MATCH.altered : ROW_MATCH.faithful;
  const { changing, fixed, projected } = row;
  const written = writtenFixed(list, at);
  if (changing !== null && changing !== prints.changing(at)) return ROW_MATCH.altered;
  if (fixed !== null && written !== null && fixed !== written) return ROW_MATCH.altered;
  if (row.nullInNotNull) return ROW_MATCH.altered;
  if (projected !== null) return compareProjected(prints, at, row, projected);
  return changing === null || (fixed === null && written !== null)
    ? ROW_MATCH.incomplete
    : ROW_MATCH.faithful;
}

/** The same of a row with projected columns: where a sum is not comparable, the projected one is. */
function compareProjected(
  prints: Fingerprints,
  at: number,
  { changing, fixed }: Printed,
  projected: ProjectedSums,
): RowMatch {
  const written = prints.coarseFixed(at);
  const isChangingKnown = changing !== null || projected.changing !== null;
  const isFixedKnown = fixed !== null || projected.fixed !== null || written === null;
  if (changing === null && projected.changing !== null) {
    if (projected.changing !== prints.coarseChanging(at)) return ROW_MATCH.altered;
  }
  if (fixed === null && projected.fixed !== null && written !== null) {
    if (projected.fixed !== written) return ROW_MATCH.altered;
  }
  return isChangingKnown && isFixedKnown ? ROW_MATCH.faithful : ROW_MATCH.incomplete;
}

/**
 * The ledger's fingerprint of a row's fixed columns; null: it has none. In a table without a key, the key of an update
 * is the old row's fingerprint, and updates leave the fixed columns alone.
 */
function writtenFixed({ table, prints, keys }: RowList, at: number): number | null {
  const written = prints === null ? null : prints.fixed(at);
  if (table.keyKind !== 'none' || written !== null || prints === null) return written;
  return fixedOfContentKey(String(keys[at]));
}
