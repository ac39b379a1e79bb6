import { TABLE_NAMES, type TableName } from '../hospital/tables.js';
import { OPERATIONS, type Operation } from '../threads/tally.js';
import { Entries } from './entries.js';
import type { LeaseRecord } from './format.js';
import { decodeIds, encodeKeys, forEachBlock, type KeyList } from './keys.js';
import type { LedgerTransaction } from './transactions.js';

/** Where a transaction stands in the ledger. */
export interface Place {
  readonly file: string;
  readonly intent: number;
}

/** Gathers what one worker's ledger says, table by table. A key is written by one worker of a run only. */
export class Collector {
  readonly #tables = new Map<TableName, Entries>();
  /** The files, each with the number before its first transaction. */
  #files: { readonly path: string; readonly base: number }[] = [];
  #latest = 0;

  /** The tables that anything was said of. */
  get tables(): [TableName, Entries][] {
    return TABLE_NAMES.flatMap((table) => {
      const entries = this.#tables.get(table);
      return entries === undefined || entries.size === 0 ? [] : [[table, entries]];
    });
  }

  beginFile(path: string): void {
    this.#files.push({ path, base: this.#latest });
  }

  addLease({ leased, keys }: LeaseRecord): void {
    const fixed = { write: null, fate: 'committed', xid: null, transaction: this.#latest } as const;
    const entries = this.#entriesOf(leased);
    forEachBlock(keys, (first, last) => entries.add({ first, last, ...fixed }));
  }

  add({ intent, outcome, xid, dropped }: LedgerTransaction): void {
    const transaction = (this.#files.at(-1)?.base ?? 0) + intent.intent;
    this.#latest = Math.max(this.#latest, transaction);
    const fate = outcome === 'committed' || outcome === 'aborted' ? outcome : 'either';
    // Rows of subtransactions bear the names of those.
    const named = intent.subtransactions === true || xid === null ? null : Number(xid);
    for (const table of TABLE_NAMES) {
      for (const write of OPERATIONS) {
        const keys = without(intent.rows[table]?.[write], dropped[table]?.[write]);
        if (keys === '') continue;
        this.#add(table, write, keys, { fate, xid: named, transaction });
      }
    }
  }

  /** Where transaction `transaction` of an entry is; the file alone counts for a lease. */
  placeOf(transaction: number): Place | null {
    const file = this.#files.findLast(({ base }) => base < transaction);
    return file === undefined ? null : { file: file.path, intent: transaction - file.base };
  }

  clear(): void {
    for (const entries of this.#tables.values()) entries.clear();
    this.#files = [];
    this.#latest = 0;
  }

  #add(
    table: TableName,
    write: Operation,
    keys: string,
    of: { fate: 'committed' | 'aborted' | 'either'; xid: number | null; transaction: number },
  ): void {
    const entries = this.#entriesOf(table);
    forEachBlock(keys, (first, last) => entries.add({ first, last, write, ...of }));
  }

  #entriesOf(table: TableName): Entries {
    const entries = this.#tables.get(table) ?? new Entries();
    this.#tables.set(table, entries);
    return entries;
  }
}

/** The ids that are left when some are taken out. Rows are looked up by id: other keys are left out. */
function without(keys: KeyList = '', dropped: KeyList = ''): string {
  if (typeof keys !== 'string') return '';
  if (typeof dropped !== 'string' || dropped === '' || keys === '') return keys;
  const gone = new Set(decodeIds(dropped));
  return encodeKeys(decodeIds(keys).filter((key) => !gone.has(key)));
}
