import { OPERATIONS, type Operation } from '../schema/changes.js';
import type { Table, TableName } from '../schema/table.js';
import type { Tables } from '../schema/tables.js';
import { Entries } from './entries.js';
import type { IntentRecord, LeaseRecord } from './format.js';
import { decodeKeys, forEachBlock, type KeyList, keyListOf } from './keys.js';
import type { LedgerTransaction } from './transactions.js';

/** A transaction's file, and its number there. */
export interface IntentLocation {
  readonly file: string;
  readonly intent: number;
}

/**
 * Collects the leases and writes of one worker to tables whose keys are ids, by table. Only one worker of a run writes an
 * id.
 */
export class WorkerWrites {
  readonly #tables: Tables;
  readonly #entries = new Map<TableName, Entries>();
  /** The files, each with the number before its first transaction. */
  #files: { readonly path: string; readonly base: number }[] = [];
  #latest = 0;

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  /** The tables that have entries. */
  get tables(): [Table, Entries][] {
    return this.#tables.flatMap((table) => {
      const entries = this.#entries.get(table.name);
      return entries === undefined || entries.size === 0 ? [] : [[table, entries]];
    });
  }

  beginFile(path: string): void {
    this.#files.push({ path, base: this.#latest });
  }

  addLease({ leased, keys }: LeaseRecord): void {
    // In other tables the sequence numbers the rows, and is not their key.
    if (this.#tables.get(leased).keyKind !== 'id') return;
    const fixed = { write: null, fate: 'committed', xid: null, transaction: this.#latest } as const;
    const entries = this.#entriesOf(leased);
    forEachBlock(keys, (first, last) => entries.add({ first, last, ...fixed }));
  }

  add({ intent, outcome, xid, dropped }: LedgerTransaction): void {
    const transaction = (this.#files.at(-1)?.base ?? 0) + intent.intent;
    this.#latest = Math.max(this.#latest, transaction);
    const fate = outcome === 'committed' || outcome === 'aborted' ? outcome : 'either';
    const named = xidOfRows(intent, xid);
    for (const name of Object.keys(intent.rows)) {
      const table = this.#tables.get(name);
      if (table.keyKind !== 'id') continue;
      for (const write of OPERATIONS) {
        const all = intent.rows[name]?.[write];
        if (all === undefined) continue;
        const keys = without(table, all, dropped[name]?.[write]);
        this.#add(name, write, keys, { fate, xid: named, transaction });
      }
    }
  }

  /** The location of an entry's `transaction`. Of a lease, only the file is right. */
  locate(transaction: number): IntentLocation | null {
    const file = this.#files.findLast(({ base }) => base < transaction);
    return file === undefined ? null : { file: file.path, intent: transaction - file.base };
  }

  clear(): void {
    for (const entries of this.#entries.values()) entries.clear();
    this.#files = [];
    this.#latest = 0;
  }

  #add(
    table: TableName,
    write: Operation,
    keys: KeyList,
    of: { fate: 'committed' | 'aborted' | 'either'; xid: number | null; transaction: number },
  ): void {
    const entries = this.#entriesOf(table);
    forEachId(keys, (first, last) => entries.add({ first, last, write, ...of }));
  }

  #entriesOf(table: TableName): Entries {
    const entries = this.#entries.get(table) ?? new Entries();
    this.#entries.set(table, entries);
    return entries;
  }
}

/** The xid that a transaction's rows have as their `xmin`; null if unknown, or if those of savepoints may have another. */
export function xidOfRows({ subtransactions }: IntentRecord, xid: string | null): number | null {
  return subtransactions === true || xid === null ? null : Number(xid);
}

/** `keys` without those in `dropped`. */
export function without(table: Table, keys: KeyList, dropped: KeyList | undefined): KeyList {
  if (dropped === undefined) return keys;
  const gone = new Set(decodeKeys(table, dropped));
  return keyListOf(decodeKeys(table, keys).filter((key) => !gone.has(key)));
}

/** Calls `each` with the blocks of a list. Leaves out keys that are not ids below 2^53: rows are looked up by id. */
function forEachId(list: KeyList, each: (first: number, last: number) => void): void {
  if (typeof list === 'string') {
    if (list !== '') forEachBlock(list, each);
    return;
  }
  for (const text of list) {
    const id = Number(text);
    if (text !== '' && Number.isSafeInteger(id)) each(id, id);
  }
}
