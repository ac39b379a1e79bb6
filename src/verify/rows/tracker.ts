import { printedColumns } from '../../ledger/fingerprint.js';
import type { Key, Table, TableName } from '../../schema/table.js';
import type { Tables } from '../../schema/tables.js';
import type { RowEvent } from '../../sources/source.js';
import { MATCH, type Match } from '../match/matcher.js';
import type { TransactionProgress } from '../match/progress.js';
import type { Results } from '../verdict/accounting.js';
import type { Detail } from '../verdict/findings.js';
import { DerivedRows } from './derived-rows.js';
import { completed, type RowFingerprint } from './fingerprint.js';
import { FIRST_WORD, type KeyTable, NOWHERE } from './key-table.js';
import { KeyTables } from './key-tables.js';

/** A row according to its events. */
export interface KeyState {
  readonly table: Table;
  readonly key: Key;
  readonly present: boolean;
  /** Of the transaction that wrote it last. */
  readonly xid: number;
  /** `RowFingerprint.row` of its last event. */
  readonly row: number | null;
  /** As of `RowFingerprint`: how `row` was made. */
  readonly server: boolean;
  readonly coarse: boolean;
  readonly projected: boolean;
}

const PRESENT = 1;
const GONE = 2;
/** With PRESENT, of the last event: it left out own columns of the table, so `row` is null. */
const ROW_UNKNOWN = 4;
/** With PRESENT, of the last event: as of `RowFingerprint.coarse`. */
const COARSE = 8;
/** With PRESENT, of the last event: `stable` is known. */
const FIXED_KNOWN = 16;
/** With PRESENT, of the last event: as of `RowFingerprint.server`. */
const SERVER_KNOWN = 32;
/** With PRESENT: the last event was a snapshot row, which may be later than the changes that follow it. */
const OF_SNAPSHOT = 64;
/** With PRESENT, of the last event: `row` and `stable` are of projected columns. */
const PROJECTED = 128;

/**
 * Words of a row: the last writer's xid, and `row` and `stable` of the last event. With FIXED_KNOWN, the hashes of the
 * toasted columns follow.
 */
const XID = FIRST_WORD;
const ROW = FIRST_WORD + 1;
const STABLE = FIRST_WORD + 2;
const WORDS = 3;
const TOASTED = FIRST_WORD + WORDS;

/**
 * Follows each row from event to event: absent, created, updated, deleted. Rows of tables without a key are not followed:
 * nothing shows which of the identical rows an event is about.
 */
export class RowTracker {
  readonly #tables: Tables;
  readonly #rows: KeyTables;
  /** Tables whose rows are not followed any more; null: there are none. */
  #unfollowed: Set<Table> | null = null;

  /**
   * @param bytes of memory, about
   * @param sample share of keys to follow, 0 to 1
   */
  constructor(tables: Tables, bytes: number, sample: number) {
    this.#tables = tables;
    this.#rows = new KeyTables(tables, bytes, sample, wordsFor);
  }

  /** The share of keys that were followed from the beginning to the end. */
  get sample(): number {
    return this.#rows.sample;
  }

  /** Rows that are followed. */
  get size(): number {
    return this.#rows.size;
  }

  /** Updates a row by its next event. Returns the event's contradiction to the earlier ones; null: there is none. */
  fold(event: RowEvent, fingerprint: RowFingerprint): Detail | null {
    const { operation } = event;
    const table = this.#tables.get(event.table);
    if (this.#unfollowed?.has(table) === true) return null;
    const rows = this.#rows.of(table);
    const at = rows?.claim(table, event.key) ?? NOWHERE;
    if (rows === null || at === NOWHERE) return null;
    const before = rows.state(at);
    // The row's changes outrank a snapshot row, which may hide their error.
    if (operation === 'snapshot' && before !== 0 && (before & OF_SNAPSHOT) === 0) return null;
    const { words } = rows;
    const whole = carried(rows, at, event, fingerprint);
    const state = operation === 'delete' ? GONE : presentBy(event, whole);
    const { row, stable, toasted } = whole;
    const changed =
      operation === 'update' && isComparable(before, state) && (stable ?? 0) !== words[at + STABLE];
    rows.setState(at, state);
    words[at + XID] = event.xid ?? 0;
    words[at + ROW] = row ?? 0;
    if (operation !== 'delete') words[at + STABLE] = stable ?? 0;
    if (toasted !== null)
      words.set(
        toasted.hashes.map((hash) => hash ?? 0),
        at + TOASTED,
      );
    if (operation === 'insert' && (before & (PRESENT | OF_SNAPSHOT)) === PRESENT)
      return 'exists_already';
    if (operation !== 'insert' && operation !== 'snapshot' && before === GONE)
      return 'does_not_exist';
    return changed ? 'column_changed' : null;
  }

  /** Whether a row already has an event's contents, in all columns. */
  holds(event: RowEvent, fingerprint: RowFingerprint): boolean {
    const table = this.#tables.get(event.table);
    const rows = this.#rows.of(table);
    const at = rows?.find(table, event.key) ?? NOWHERE;
    if (rows === null || at === NOWHERE) return false;
    const { row, server, projected } = carried(rows, at, event, fingerprint);
    if (row === null || !server) return false;
    const flags = PRESENT | ROW_UNKNOWN | SERVER_KNOWN | PROJECTED;
    const own = PRESENT | SERVER_KNOWN | (projected === null ? 0 : PROJECTED);
    return (rows.state(at) & flags) === own && rows.words[at + ROW] === row;
  }

  /** Empties a table: its rows exist no longer. */
  truncate(name: TableName): void {
    const truncated = this.#tables.get(name);
    for (const { table, at, keys } of this.#rows.entriesOf(truncated)) {
      if (table === truncated) keys.setState(at, GONE);
    }
  }

  /** Follows the rows of a table no longer. */
  unfollow(name: TableName): void {
    this.#unfollowed ??= new Set();
    this.#unfollowed.add(this.#tables.get(name));
  }

  *[Symbol.iterator](): Generator<KeyState> {
    for (const { table, key, at, keys } of this.#rows.entries()) {
      if (this.#unfollowed?.has(table) === true) continue;
      const { words } = keys;
      const state = keys.state(at);
      yield {
        table,
        key,
        present: (state & PRESENT) !== 0,
        xid: words[at + XID]! >>> 0,
        row: (state & ROW_UNKNOWN) === 0 ? words[at + ROW]! : null,
        server: (state & SERVER_KNOWN) !== 0,
        coarse: (state & COARSE) !== 0,
        projected: (state & PROJECTED) !== 0,
      };
    }
  }
}

/** The words of a row in these tables, besides its state. */
function wordsFor(tables: readonly Table[]): number {
  const toasted = tables.map(
    (table) => printedColumns(table).filter(({ part }) => part === 'toasted').length,
  );
  return WORDS + Math.max(0, ...toasted);
}

/** The fingerprint of an event with the columns that an update lacks as unchanged TOAST, as the event before had them. */
function carried(
  rows: KeyTable,
  at: number,
  { operation }: RowEvent,
  fingerprint: RowFingerprint,
): RowFingerprint {
  const isWhole = fingerprint.toasted === null || operation !== 'update';
  if (isWhole || (rows.state(at) & FIXED_KNOWN) === 0) return fingerprint;
  return completed(fingerprint, (place) => rows.words[at + TOASTED + place]!);
}

/** The state of a row after an insert, an update or a snapshot row. */
function presentBy(
  { operation }: RowEvent,
  { row, stable, server, coarse, projected }: RowFingerprint,
): number {
  return (
    PRESENT |
    (row === null ? ROW_UNKNOWN : 0) |
    (coarse ? COARSE : 0) |
    (stable === null ? 0 : FIXED_KNOWN) |
    (server ? SERVER_KNOWN : 0) |
    (operation === 'snapshot' ? OF_SNAPSHOT : 0) |
    (projected === null ? 0 : PROJECTED)
  );
}

/** Whether `stable` of two events includes the same columns, at the same precision, whole or projected. */
function isComparable(before: number, now: number): boolean {
  const flags = PRESENT | COARSE | FIXED_KNOWN | SERVER_KNOWN | PROJECTED;
  return (before & flags) === (now & flags) && (now & FIXED_KNOWN) !== 0;
}

/** Checks the contents of each event: against the ledger, and against the row's earlier events. */
export class RowChecks {
  /** Rows that the server may have added in transactions of the run. */
  readonly derived: DerivedRows;
  readonly #results: Results;

  constructor(tables: Tables, results: Results) {
    this.derived = new DerivedRows(tables);
    this.#results = results;
  }

  /**
   * Checks a change that its transaction expects.
   *
   * @param match how its fingerprints compare with the ledger's
   */
  checkExpected(
    tracker: RowTracker,
    transaction: TransactionProgress,
    event: RowEvent,
    fingerprint: RowFingerprint,
    match: Match,
  ): void {
    const results = this.#results;
    const { expected } = transaction;
    if (event.renamed !== undefined) results.note('altered', 'renamed', event, expected);
    if (match === MATCH.altered && fingerprint.nullInNotNull) {
      // Nor can the server have stored it so.
      results.note('altered', 'null_in_not_null', event, expected);
    } else if (match === MATCH.altered && expected.fate !== 'committed') {
      results.note('altered', 'contents', event, expected);
    } else if (match === MATCH.altered) {
      const { alteredCoarse, alteredExact } = results.ofServer;
      const into = fingerprint.coarse ? alteredCoarse : alteredExact;
      results.note('altered', 'contents', event, expected, into);
    } else if (match === MATCH.incomplete) transaction.doubt('contents_not_told');
    const detail = tracker.fold(event, fingerprint);
    if (detail === null) return;
    if (detail !== 'column_changed') {
      results.note('inconsistent', detail, event);
      return;
    }
    // A trigger or a cascade changed the row, and the server returned it so.
    if (transaction.rows.fixedAgrees(event, fingerprint)) return;
    results.note('inconsistent', detail, event, undefined, results.ofServer.columnChanged);
  }

  /**
   * Checks a change that the ledger lacks: a phantom, unless the server added it.
   *
   * @param transaction null: it was complete before
   */
  checkUnsent(
    tracker: RowTracker,
    transaction: TransactionProgress | null,
    event: RowEvent,
    fingerprint: RowFingerprint,
  ): void {
    const results = this.#results;
    // An update to the contents that the row has already: the table cannot prove that the server made it.
    const repeats = event.operation === 'update' && tracker.holds(event, fingerprint);
    const detail = tracker.fold(event, fingerprint);
    if (detail === 'exists_already' || detail === 'does_not_exist') {
      const { evenIfAdded } = results.ofServer;
      results.note('inconsistent', detail, event, transaction?.expected, evenIfAdded);
      return;
    }
    const provable = detail !== null || !repeats;
    results.defer(event.origin, () => this.derived.add(event, provable));
  }
}
