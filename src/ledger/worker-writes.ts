import { lsnBytes } from '../postgres/lsn.js';
import { OPERATIONS } from '../schema/changes.js';
import type { Key, Table, TableName } from '../schema/table.js';
import type { Tables } from '../schema/tables.js';
import { Entries } from './entries.js';
import type { IntentRecord, LeaseRecord } from './format.js';
import { decodeKeys, forEachBlock, type KeyList, keyListOf } from './keys.js';
import type { RunHazards } from './run-hazards.js';
import type { LedgerTransaction } from './transactions.js';
import type { Remains } from './truncates.js';

/** A transaction's file, and its number there. */
export interface IntentLocation {
  readonly file: string;
  readonly intent: number;
}

/**
 * Collects the leases and writes of one worker to tables whose keys are ids, by table. Only one worker of a run writes an
 * id, but for shared ones: these are left to `KeyedWrites`.
 */
export class WorkerWrites {
  readonly #tables: Tables;
  readonly #hazards: RunHazards | null;
  /** By transaction: its LSN in bytes, 0 if the ledger has none. */
  #lsns: number[] = [];
  readonly #entries = new Map<TableName, Entries>();
  /** The files, each with the number before its first transaction. */
  #files: { readonly path: string; readonly base: number }[] = [];
  #latest = 0;

  /** @param hazards of the run; null: it had none */
  constructor(tables: Tables, hazards: RunHazards | null = null) {
    this.#tables = tables;
    this.#hazards = hazards;
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
    forEachBlock(keys, (first, last) => entries.addBlock(first, last, fixed));
  }

  add({ intent, outcome, xid, lsn, dropped }: LedgerTransaction): void {
    const transaction = (this.#files.at(-1)?.base ?? 0) + intent.intent;
    this.#latest = Math.max(this.#latest, transaction);
    const hazards = this.#hazards;
    const at = hazards === null ? 0 : (lsnBytes(lsn) ?? 0);
    if (hazards !== null) this.#lsns[transaction] = at;
    const fate = outcome === 'committed' || outcome === 'aborted' ? outcome : 'either';
    const own = xidOfRows(intent, xid);
    for (const name of Object.keys(intent.rows)) {
      const table = this.#tables.get(name);
      if (table.keyKind !== 'id') continue;
      const named = hazards === null ? own : hazards.rewrites.xidAt(name, at, own);
      for (const write of OPERATIONS) {
        const all = intent.rows[name]?.[write];
        if (all === undefined) continue;
        const keys = this.#ownOf(table, without(table, all, dropped[name]?.[write]));
        const entries = this.#entriesOf(name);
        const of = { write, fate, xid: named, transaction } as const;
        forEachId(keys, (first, last) => entries.addBlock(first, last, of));
      }
    }
  }

  /** `keys` without those that several workers may write. */
  #ownOf(table: Table, keys: KeyList): KeyList {
    const shared = this.#hazards?.shared.get(table.name);
    if (shared === undefined) return keys;
    return keyListOf(decodeKeys(table, keys).filter((key) => !shared.has(key)));
  }

  /** Tells which rows of a transaction the run's TRUNCATEs left; null: the run did not truncate the table. */
  remainsOf(table: TableName): ((transaction: number) => Remains) | null {
    const remains = this.#hazards?.truncates.of(table) ?? null;
    return remains === null ? null : (transaction) => remains(this.#lsns[transaction] ?? 0);
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
    this.#lsns = [];
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

/** `keys` without those in `dropped`: a key that is listed several times is left out as often as it was dropped. */
export function without(table: Table, keys: KeyList, dropped: KeyList | undefined): KeyList {
  if (dropped === undefined) return keys;
  const gone = new Map<Key, number>();
  for (const key of decodeKeys(table, dropped)) gone.set(key, (gone.get(key) ?? 0) + 1);
  const isKept = (key: Key) => {
    const times = gone.get(key) ?? 0;
    if (times > 0) gone.set(key, times - 1);
    return times === 0;
  };
  return keyListOf(decodeKeys(table, keys).filter(isKept));
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
