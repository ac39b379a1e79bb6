import { closeSync, existsSync, openSync, writeSync } from 'node:fs';
import { monotonicMs } from '../lib/clock.js';
import { LEDGER } from '../postgres/failures.js';
import type { ServerIdentity } from '../postgres/identity.js';
import type { Fate } from '../postgres/pending.js';
import type { Operation } from '../schemas/hospital/changes.js';
import type { Row, TableName } from '../schemas/hospital/tables.js';
import { encodeUpdates, encodeWhole } from './fingerprint.js';
import { ledgerFile } from './folder.js';
import {
  type FingerprintsOf,
  type IntentRecord,
  type KeysOf,
  LEDGER_VERSION,
  type LedgerHeader,
  type LedgerRecord,
  seal,
} from './format.js';
import { compareKeys, encodeKeys, isAscending, keyListOf, type LedgerKey } from './keys.js';
import { readTail } from './tail.js';

/** Where a worker keeps its ledger, and what it says of itself there. */
export interface LedgerTask {
  readonly folder: string;
  readonly run: string;
  /** From 1. */
  readonly worker: number;
  readonly rng: number;
}

/** Rows that a transaction wrote in one way: whole ones (insert), key and new values, or the key. */
export interface Change {
  readonly table: TableName;
  readonly operation: Operation;
  readonly rows: readonly Row[];
  /** The columns that an update sets, in the order of the values in `rows`. */
  readonly columns?: readonly string[];
  /**
   * The rows as stored, whole, in the order of `rows`, where a trigger may have changed them. Left out:
   * they are as sent.
   */
  readonly stored?: readonly Row[];
}

/** A transaction as the ledger enters it before its COMMIT. */
export interface Intent {
  readonly xid: string | null;
  readonly lsn: string | null;
  readonly changes: readonly Change[];
  readonly subtransactions: boolean;
}

/** By which the server names a transaction; null where it did not tell. */
export interface TransactionName {
  readonly xid: string | null;
  readonly lsn: string | null;
}

/** The ledger of a connection that is over. */
export interface ClosedLedger {
  readonly writer: LedgerWriter;
  /** Its intents without an outcome. */
  readonly open: readonly number[];
  /** Null where its first line was not written whole. */
  readonly server: ServerIdentity | null;
}

/** The ledger could not be written: without it nothing that is committed could be known. */
export class LedgerError extends Error {
  readonly code = LEDGER;
}

/**
 * The ledger of one connection: every line is handed to the operating system before the call returns, so
 * it outlives the process, and a COMMIT is sent only after its intent was.
 */
export class LedgerWriter {
  readonly #path: string;
  readonly #fd: number;
  readonly #began: number;
  #chain: number;
  #number = 0;
  /** Set when a line could not be written whole: nothing may follow it. */
  #failure: LedgerError | null = null;
  /** Rows of the intents without an outcome. */
  readonly #open = new Map<number, readonly Change[]>();
  #committed = 0;
  #aborted = 0;
  readonly #rows: Partial<Record<TableName, Partial<Record<Operation, number>>>> = {};

  private constructor(path: string, flags: string, chain: number) {
    this.#path = path;
    this.#began = monotonicMs();
    this.#chain = chain;
    this.#fd = attempt(path, () => openSync(path, flags));
  }

  /** Begins the ledger of a new connection. */
  static create(
    path: string,
    header: Omit<LedgerHeader, 'ledger' | 'started' | 'clock_ms'>,
  ): LedgerWriter {
    // Whoever began this file before did not come to enter anything.
    const writer = new LedgerWriter(path, 'w', 0);
    writer.#orClose(() =>
      writer.#append([
        {
          ledger: LEDGER_VERSION,
          started: new Date().toISOString(),
          clock_ms: writer.#began,
          ...header,
        },
      ]),
    );
    return writer;
  }

  /**
   * Goes on with the ledger of a connection that is over, to enter what became of its transactions. Its
   * last line may have been cut off: then it stands on a line of its own, and counts as not written.
   */
  static reopen(path: string): ClosedLedger {
    const { chain, cutOff, open, header } = attempt(path, () => readTail(path));
    const writer = new LedgerWriter(path, 'a', chain);
    if (cutOff) writer.#orClose(() => writer.#write('\n'));
    return { writer, open, server: header?.server ?? null };
  }

  /** That of a worker's last connection; null when there is none. */
  static last(
    { folder, worker }: LedgerTask,
    { connections }: { readonly connections: number },
  ): ClosedLedger | null {
    const path = ledgerFile(folder, worker, connections);
    return existsSync(path) ? LedgerWriter.reopen(path) : null;
  }

  /** Ids were taken from the table's sequence. */
  lease(table: TableName, ids: readonly number[]): void {
    this.#append([{ leased: table, keys: encodeKeys(ids) }]);
  }

  /** Enters transactions before their COMMITs are sent; their numbers in this file. */
  intend(intents: readonly Intent[]): number[] {
    const at = this.#now();
    const records = intents.map((intent) => intentOf(intent, ++this.#number, at));
    this.#append(records);
    for (const [i, { intent }] of records.entries()) this.#open.set(intent, intents[i]!.changes);
    return records.map(({ intent }) => intent);
  }

  /** The server answered to these COMMITs. `dropped`: keys that something there did not let in. */
  commit(
    outcomes: readonly (TransactionName & { number: number; dropped: readonly Change[] })[],
  ): void {
    const at = this.#now();
    for (const { number, dropped } of outcomes) {
      for (const { table, operation, rows } of this.#open.get(number) ?? []) {
        this.#count(table, operation, rows.length);
      }
      for (const { table, operation, rows } of dropped) this.#count(table, operation, -rows.length);
      this.#open.delete(number);
      this.#committed++;
    }
    this.#append(
      outcomes.map(({ number, xid, lsn, dropped }) => ({
        committed: number,
        at,
        xid,
        lsn,
        ...(dropped.length > 0 ? { dropped: keysOf(dropped) } : {}),
      })),
    );
  }

  /** The server answered that these are not committed, or they were never sent. */
  abort(numbers: readonly number[]): void {
    for (const number of numbers) this.#open.delete(number);
    this.#aborted += numbers.length;
    this.#append(numbers.map((number) => ({ aborted: number })));
  }

  /** No answer came, and the connection is gone. */
  doubt(numbers: readonly number[]): void {
    this.#append(numbers.map((number) => ({ doubt: number })));
  }

  /** It was found out what became of a transaction. */
  resolve(number: number, verdict: Fate, xid: string | null): void {
    this.#append([{ resolved: number, verdict, xid }]);
  }

  /** Ends the file in order, with what it comes to. `close` must follow. */
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

  /** Does what a writer needs before anybody has it to close it. */
  #orClose(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Milliseconds since the file was begun, to a microsecond, on a clock that nobody sets. */
  #now(): number {
    return Math.round((monotonicMs() - this.#began) * 1000) / 1000;
  }

  #append(records: readonly LedgerRecord[]): void {
    let text = '';
    let chain = this.#chain;
    for (const record of records) {
      const sealed = seal(record, chain);
      text += sealed.line;
      chain = sealed.chain;
    }
    this.#write(text);
    this.#chain = chain;
  }

  #write(text: string): void {
    try {
      if (this.#failure !== null) throw this.#failure;
      const bytes = Buffer.from(text);
      // A disk that is nearly full takes a part of it, and refuses the rest.
      for (let at = 0; at < bytes.length; ) {
        const from = at;
        at += attempt(this.#path, () => writeSync(this.#fd, bytes, from));
      }
    } catch (error) {
      this.#failure = error as LedgerError;
      throw error;
    }
  }
}

/** The record of a transaction whose COMMIT is about to be sent. */
export function intentOf(
  { xid, lsn, changes, subtransactions }: Intent,
  number: number,
  at: number,
): IntentRecord {
  const lists = changes.length === 1 ? changes : joined(changes);
  const rows: KeysOf = {};
  const prints: FingerprintsOf = {};
  for (const change of lists) {
    const { table, operation } = change;
    const sorted = byKey(change);
    const ofTable = rows[table] ?? {};
    rows[table] = ofTable;
    ofTable[operation] = keyListOf(sorted.rows.map(keyOf));
    if (operation === 'delete') continue;
    const ofPrints = prints[table] ?? {};
    prints[table] = ofPrints;
    ofPrints[operation] = printsOf(sorted);
  }
  const record = { intent: number, at, xid, lsn, rows, prints };
  return subtransactions ? { ...record, subtransactions } : record;
}

function printsOf({ table, operation, rows, columns = [], stored }: Change): string {
  if (stored !== undefined) return encodeWhole(table, stored);
  return operation === 'insert' ? encodeWhole(table, rows) : encodeUpdates(table, columns, rows);
}

/** Keys of changes, of which there may be several of one table and operation. */
function keysOf(changes: readonly Change[]): KeysOf {
  const keys: KeysOf = {};
  for (const { table, operation, rows } of joined(changes)) {
    keys[table] = { ...keys[table], [operation]: keyListOf(rows.map(keyOf)) };
  }
  return keys;
}

/** One change for each table and operation: rows that were written one by one are put together. */
function joined(changes: readonly Change[]): Change[] {
  const groups = new Map<string, Change>();
  for (const change of changes) {
    const name = `${change.table} ${change.operation}`;
    const before = groups.get(name);
    groups.set(name, before === undefined ? change : concatenated(before, change));
  }
  return [...groups.values()];
}

function concatenated(one: Change, other: Change): Change {
  const { stored: before, ...change } = one;
  const rows = [...one.rows, ...other.rows];
  if (before === undefined || other.stored === undefined) return { ...change, rows };
  return { ...change, rows, stored: [...before, ...other.stored] };
}

/** In the order in which the ledger has keys, so that fingerprints follow it. */
function byKey(change: Change): Change {
  const { rows, stored } = change;
  const keys = rows.map(keyOf);
  if (isAscending(keys)) return change;
  const order = rows.map((_, i) => i).sort((a, b) => compareKeys(keys[a]!, keys[b]!));
  const sorted = { ...change, rows: order.map((i) => rows[i]!) };
  return stored === undefined ? sorted : { ...sorted, stored: order.map((i) => stored[i]!) };
}

/** A number, unless the server gave the row an id that is none exactly. */
function keyOf([id]: Row): LedgerKey {
  return typeof id === 'number' ? id : String(id);
}

function attempt<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw new LedgerError(`${path}: ${(error as Error).message}`, { cause: error });
  }
}
