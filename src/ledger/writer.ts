import { closeSync, existsSync, openSync, writeSync } from 'node:fs';
import { monotonicMs } from '../lib/clock.js';
import { MOST_BYTES_PER_UNIT } from '../lib/utf8.js';
import { LEDGER } from '../postgres/failures.js';
import type { ServerIdentity } from '../postgres/identity.js';
import type { Fate } from '../postgres/pending.js';
import { gidOf, type LedgerPlace } from '../postgres/prepared.js';
import type { Operation } from '../schema/changes.js';
import { columnIndex, type Key, type Row, type Table, type TableName } from '../schema/table.js';
import type { Tables } from '../schema/tables.js';
import { encodeUpdates, encodeWhole, joinPrints } from './fingerprint.js';
import { ledgerFile } from './folder.js';
import {
  type FingerprintsOf,
  type HazardRecord,
  type IntentRecord,
  type KeysOf,
  type LedgerHeader,
  type LedgerRecord,
  ledgerVersion,
  type TrailerRecord,
} from './format.js';
import {
  compareKeys,
  countKeys,
  decodeKeys,
  encodeKeys,
  isAscending,
  joinAscending,
  type KeyList,
  keyListOf,
} from './keys.js';
import { readTail } from './reader.js';
import { recordText } from './record-text.js';
import type { RecordedSchema } from './recorded-schema.js';
import { keyOf } from './row-key.js';
import { sealText } from './sealed-lines.js';

/** The ledger of one worker: its folder, and members of its header. */
export interface LedgerTask {
  readonly folder: string;
  readonly run: string;
  /** From 1. */
  readonly worker: number;
  readonly rng: number;
  /** The run has hazards: its ledger is of a version that has records of them. */
  readonly hazards: boolean;
}

/**
 * Rows that a transaction wrote by one operation: whole rows (insert), identifying and new values (update), or
 * identifying values (delete). Those are the values of the key, or of all columns where the table has no key. A changed
 * key is a delete and an insert.
 */
export interface Change {
  readonly table: TableName;
  readonly operation: Operation;
  readonly rows: readonly Row[];
  /** The columns that an update sets, in the order of the values in `rows`. */
  readonly columns?: readonly string[];
  /**
   * The rows as stored, whole, in the order of `rows`, if a trigger may have changed them. Absent if they are as sent.
   */
  readonly stored?: readonly Row[];
}

/** A transaction before its COMMIT. */
export interface Intent {
  readonly xid: string | null;
  readonly lsn: string | null;
  readonly changes: readonly Change[];
  readonly subtransactions: boolean;
  /** Left out or null: no hazard had a part in it. */
  readonly hazards?: HazardOutcome | null;
}

/** As of `HazardRecord`, with rows that are not encoded yet. */
export interface HazardOutcome extends Omit<HazardRecord, 'undone' | 'gid'> {
  readonly undone?: readonly Change[];
  /** It is prepared; the ledger gives it its name. */
  readonly prepared?: true;
  /** Changes of a transaction too large to keep its rows: encoded one chunk after the other. */
  readonly encoded?: readonly EncodedChange[];
}

/** Rows of one table and operation, as an intent has them. */
export interface EncodedChange {
  readonly table: TableName;
  readonly operation: Operation;
  readonly keys: KeyList;
  /** Base64, in the order of `keys`; null for deletes. */
  readonly prints: string | null;
  /** Of the rows. */
  readonly count: number;
}

/** The members of a ledger's header that the names of its prepared transactions have. */
export type LedgerName = Omit<LedgerPlace, 'intent'>;

/** The server's ids of a transaction; null if it did not return them. */
export interface TransactionName {
  readonly xid: string | null;
  readonly lsn: string | null;
}

/** The reopened ledger of a connection that has ended. */
export interface ClosedLedger {
  readonly writer: LedgerWriter;
  /** Its intents without an outcome. */
  readonly open: readonly number[];
  /** Null if its header was not written whole. */
  readonly server: ServerIdentity | null;
}

/** The bytes of the lines that are being written, for all writers of the thread: those of any packet have room in them. */
const bytes = Buffer.allocUnsafeSlow(1 << 18);

/** The ledger could not be written. The run must end: without a ledger its commits could not be verified. */
export class LedgerError extends Error {
  readonly code = LEDGER;
}

/**
 * Writes the ledger of one connection. Every line is handed to the operating system before the call returns, so it
 * outlives the process. A COMMIT is sent only after its intent was written.
 */
export class LedgerWriter {
  readonly #tables: Tables;
  readonly #path: string;
  readonly #fd: number;
  readonly #began: number;
  #chain: number;
  #number = 0;
  /** Null: it may not record hazards. */
  #name: LedgerName | null = null;
  /** Set if a line could not be written whole: no line may follow it. */
  #failure: LedgerError | null = null;
  /** The intents without an outcome. */
  readonly #open = new Map<number, Intent>();
  #committed = 0;
  #aborted = 0;
  readonly #rows: TrailerRecord['end']['rows'] = {};

  private constructor(tables: Tables, path: string, flags: string, chain: number) {
    this.#tables = tables;
    this.#path = path;
    this.#began = monotonicMs();
    this.#chain = chain;
    this.#fd = attempt(path, () => openSync(path, flags));
  }

  /** Begins the ledger of a new connection. `hazards`: the run has some. */
  static create(
    schema: RecordedSchema,
    path: string,
    header: Omit<LedgerHeader, 'ledger' | 'started' | 'clock_ms'>,
    hazards = false,
  ): LedgerWriter {
    // A file of this name is of a connection that failed before its first transaction: overwrite it.
    const writer = new LedgerWriter(schema.tables, path, 'w', 0);
    if (hazards) writer.#name = header;
    writer.#orClose(() =>
      writer.#append([
        {
          ledger: ledgerVersion(schema, hazards),
          started: new Date().toISOString(),
          clock_ms: writer.#began,
          ...header,
        },
      ]),
    );
    return writer;
  }

  /**
   * Continues the ledger of a connection that has ended, to add outcomes. If its last line was cut off, that line
   * gets its line feed and counts as not written.
   */
  static reopen(tables: Tables, path: string): ClosedLedger {
    const { chain, cutOff, open, header } = attempt(path, () => readTail(tables, path));
    const writer = new LedgerWriter(tables, path, 'a', chain);
    if (cutOff) writer.#orClose(() => writer.#write('\n'));
    return { writer, open, server: header?.server ?? null };
  }

  /** Reopens the ledger of a worker's last connection; null if there is none. */
  static last(
    tables: Tables,
    { folder, worker }: LedgerTask,
    { connections }: { readonly connections: number },
  ): ClosedLedger | null {
    const path = ledgerFile(folder, worker, connections);
    return existsSync(path) ? LedgerWriter.reopen(tables, path) : null;
  }

  /** Records ids that the worker took from the table's sequence. */
  lease(table: TableName, ids: readonly number[]): void {
    this.#append([{ leased: table, keys: encodeKeys(ids) }]);
  }

  /** Records transactions before their COMMITs are sent. Returns their numbers in this file. */
  intend(intents: readonly Intent[]): number[] {
    const at = this.#now();
    const records = intents.map((intent) =>
      intentOf(this.#tables, intent, ++this.#number, at, this.#name),
    );
    this.#append(records);
    const numbers = records.map(({ intent }) => intent);
    for (let i = 0; i < numbers.length; i++) this.#open.set(numbers[i]!, intents[i]!);
    return numbers;
  }

  /** Records that the server answered these COMMITs. `dropped`: rows that a trigger dropped. */
  commit(
    outcomes: readonly (TransactionName & { number: number; dropped: readonly Change[] })[],
  ): void {
    const at = this.#now();
    for (const { number, dropped } of outcomes) {
      const intent = this.#open.get(number);
      for (const { table, operation, rows } of intent?.changes ?? []) {
        this.#count(table, operation, rows.length);
      }
      for (const { table, operation, count } of intent?.hazards?.encoded ?? []) {
        this.#count(table, operation, count);
      }
      for (const { table, operation, rows } of dropped) this.#count(table, operation, -rows.length);
      this.#open.delete(number);
      this.#committed++;
    }
    this.#append(
      outcomes.map(({ number, xid, lsn, dropped }): LedgerRecord => {
        const record = { committed: number, at, xid, lsn };
        if (dropped.length === 0) return record;
        return { ...record, dropped: keysOf(this.#tables, dropped) };
      }),
    );
  }

  /** Records that these are not committed: the server answered so, or COMMIT was not sent. */
  abort(numbers: readonly number[]): void {
    for (const number of numbers) this.#open.delete(number);
    this.#aborted += numbers.length;
    this.#append(numbers.map((number) => ({ aborted: number })));
  }

  /** Records that the connection was lost before the answer. */
  doubt(numbers: readonly number[]): void {
    this.#append(numbers.map((number) => ({ doubt: number })));
  }

  /** Records the result of an inquiry about a transaction. */
  resolve(number: number, verdict: Fate, xid: string | null): void {
    this.#append([{ resolved: number, verdict, xid }]);
  }

  /** Writes the trailer. `close` must follow. */
  end(): void {
    const { size: doubt } = this.#open;
    this.#append([
      { end: { committed: this.#committed, aborted: this.#aborted, doubt, rows: this.#rows } },
    ]);
  }

  close(): void {
    closeSync(this.#fd);
  }

  #count(table: TableName, operation: Operation, rows: number): void {
    const ofTable = this.#rows[table] ?? {};
    ofTable[operation] = (ofTable[operation] ?? 0) + rows;
    this.#rows[table] = ofTable;
  }

  /** Runs a step of the construction, and closes the file if it throws: the caller has no writer to close yet. */
  #orClose(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Milliseconds since the writer was created, to a microsecond, on a monotonic clock. */
  #now(): number {
    return Math.round((monotonicMs() - this.#began) * 1000) / 1000;
  }

  #append(records: readonly LedgerRecord[]): void {
    let text = '';
    let chain = this.#chain;
    for (const record of records) {
      const sealed = sealText(recordText(record), chain);
      text += sealed.line;
      chain = sealed.chain;
    }
    this.#write(text);
    this.#chain = chain;
  }

  #write(text: string): void {
    try {
      if (this.#failure !== null) throw this.#failure;
      const fits = text.length * MOST_BYTES_PER_UNIT <= bytes.length;
      const lines = fits ? bytes.subarray(0, bytes.write(text)) : Buffer.from(text);
      // A disk that is nearly full accepts a part and refuses the rest.
      for (let at = 0; at < lines.length; ) {
        const from = at;
        at += attempt(this.#path, () => writeSync(this.#fd, lines, from));
      }
    } catch (error) {
      this.#failure = error as LedgerError;
      throw error;
    }
  }
}

/**
 * The record of a transaction whose COMMIT is about to be sent.
 *
 * @param name of the ledger; null: it may not record hazards, and an intent with some is an error
 */
export function intentOf(
  tables: Tables,
  { xid, lsn, changes, subtransactions, hazards = null }: Intent,
  number: number,
  at: number,
  name: LedgerName | null = null,
): IntentRecord {
  const lists = changes.length === 1 ? changes : joined(tables, changes);
  const rows: KeysOf = {};
  const prints: FingerprintsOf = {};
  for (const change of lists) {
    const { table: name, operation } = change;
    const table = tables.get(name);
    const { keys, sorted } = byKey(table, change);
    const ofTable = rows[name] ?? {};
    rows[name] = ofTable;
    ofTable[operation] = keyListOf(keys);
    if (operation === 'delete') continue;
    const ofPrints = prints[name] ?? {};
    prints[name] = ofPrints;
    ofPrints[operation] = printsOf(table, sorted);
  }
  const record = { intent: number, at, xid, lsn, rows, prints };
  const whole = subtransactions ? { ...record, subtransactions } : record;
  if (hazards === null) return whole;
  if (name === null) throw new Error('a ledger of a run without hazards has none');
  addEncoded(tables, whole, hazards.encoded ?? []);
  return { ...whole, hazards: hazardRecordOf(tables, hazards, { ...name, intent: number }) };
}

/** Adds rows that are encoded already to the lists of a record. */
function addEncoded(
  tables: Tables,
  { rows, prints }: { readonly rows: KeysOf; readonly prints: FingerprintsOf },
  encoded: readonly EncodedChange[],
): void {
  for (const parts of grouped(encoded)) {
    const { table, operation } = parts[0]!;
    const keys = rows[table]?.[operation];
    if (keys !== undefined) {
      const count = countKeys(keys);
      parts.unshift({ ...parts[0]!, keys, prints: prints[table]?.[operation] ?? null, count });
    }
    const all = joinEncoded(tables.get(table), parts);
    rows[table] = { ...rows[table], [operation]: all.keys };
    if (all.prints !== null) prints[table] = { ...prints[table], [operation]: all.prints };
  }
}

/** Changes by table and operation. */
function grouped(changes: readonly EncodedChange[]): EncodedChange[][] {
  const groups = new Map<string, EncodedChange[]>();
  for (const change of changes) {
    const name = `${change.table} ${change.operation}`;
    const group = groups.get(name) ?? [];
    groups.set(name, group);
    group.push(change);
  }
  return [...groups.values()];
}

/** Joins rows of one table and operation. Of equal keys, those of an earlier part come first. */
function joinEncoded(
  table: Table,
  parts: readonly EncodedChange[],
): Pick<EncodedChange, 'keys' | 'prints'> {
  const joinedPrints = (order: readonly number[] | null) => {
    const rows = parts.map(({ prints, count }) => ({ prints: prints ?? '', count }));
    return parts[0]!.operation === 'delete' ? null : joinPrints(table, rows, order);
  };
  const lists = parts.map(({ keys }) => keys);
  const ids = lists.filter((list) => typeof list === 'string');
  const text = ids.length === lists.length ? joinAscending(ids) : null;
  if (text !== null) return { keys: text, prints: joinedPrints(null) };
  const keys = lists.flatMap((list) => decodeKeys(table, list));
  const order = keys.map((_, i) => i).sort((a, b) => compareKeys(keys[a]!, keys[b]!));
  return { keys: keyListOf(order.map((i) => keys[i]!)), prints: joinedPrints(order) };
}

function hazardRecordOf(
  tables: Tables,
  { names, undone, prepared, rollback, truncated, ddl, messages }: HazardOutcome,
  place: LedgerPlace,
): HazardRecord {
  return {
    names,
    ...(undone === undefined ? {} : { undone: keysOf(tables, undone) }),
    ...(prepared === undefined ? {} : { gid: gidOf(place) }),
    ...(rollback === undefined ? {} : { rollback }),
    ...(truncated === undefined ? {} : { truncated }),
    ...(ddl === undefined ? {} : { ddl }),
    ...(messages === undefined ? {} : { messages }),
  };
}

function printsOf(table: Table, { operation, rows, columns = [], stored }: Change): string {
  if (stored !== undefined) return encodeWhole(table, stored);
  return operation === 'insert' ? encodeWhole(table, rows) : encodeUpdates(table, columns, rows);
}

/** The keys of changes by table and operation. */
function keysOf(tables: Tables, changes: readonly Change[]): KeysOf {
  const keys: KeysOf = {};
  for (const { table, operation, rows } of joined(tables, changes)) {
    const list = keyListOf(rows.map((row) => keyOf(tables.get(table), row)));
    keys[table] = { ...keys[table], [operation]: list };
  }
  return keys;
}

/** Joins the changes of each table and operation: a batch that was written row by row has many. */
function joined(tables: Tables, changes: readonly Change[]): Change[] {
  const groups = new Map<string, Change>();
  for (const change of changes) {
    const name = `${change.table} ${change.operation}`;
    const before = groups.get(name);
    const next = before === undefined ? change : concatenated(tables, before, change);
    groups.set(name, next);
  }
  return [...groups.values()];
}

function concatenated(tables: Tables, one: Change, other: Change): Change {
  const bothStored = one.stored !== undefined && other.stored !== undefined;
  if (bothStored) {
    const rows = [...one.rows, ...other.rows];
    return { ...one, rows, stored: [...one.stored, ...other.stored] };
  }
  if (one.stored === undefined && other.stored === undefined) {
    return { ...one, rows: [...one.rows, ...other.rows] };
  }
  const table = tables.get(one.table);
  const columns = (one.stored === undefined ? one : other).columns ?? [];
  const rows = [one, other].flatMap((change) => asSent(table, change, columns));
  const { stored: _, ...change } = one;
  return { ...change, columns, rows };
}

/** The rows of a change as if they had been stored as sent: all of the sums, or `changing` alone, can be known of a list. */
function asSent(
  table: Table,
  { operation, rows, stored }: Change,
  columns: readonly string[],
): readonly Row[] {
  if (stored === undefined || operation === 'delete') return rows;
  if (operation === 'insert') return stored;
  const indexes = columns.map((column) => columnIndex(table, column));
  const identifying = table.keyKind === 'none' ? table.columns.length : table.key.length;
  return stored.map((row, i) => [
    ...rows[i]!.slice(0, identifying),
    ...indexes.map((index) => row[index]!),
  ]);
}

/** The keys of a change as `keyListOf` sorts them, and its rows in the same order as that of fingerprints. */
function byKey(table: Table, change: Change): { keys: readonly Key[]; sorted: Change } {
  const { rows, stored } = change;
  const keys = rows.map((row) => keyOf(table, row));
  if (isAscending(keys)) return { keys, sorted: change };
  const order = rows.map((_, i) => i).sort((a, b) => compareKeys(keys[a]!, keys[b]!));
  const sorted = { ...change, rows: order.map((i) => rows[i]!) };
  return {
    keys: order.map((i) => keys[i]!),
    sorted: stored === undefined ? sorted : { ...sorted, stored: order.map((i) => stored[i]!) },
  };
}

function attempt<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw new LedgerError(`${path}: ${(error as Error).message}`, { cause: error });
  }
}
