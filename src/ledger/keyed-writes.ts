import { lsnBytes } from '../postgres/lsn.js';
import { OPERATIONS } from '../schema/changes.js';
import type { Table, TableName } from '../schema/table.js';
import type { Tables } from '../schema/tables.js';
import { Entries } from './entries.js';
import { decodeKeys } from './keys.js';
import type { RunHazards } from './run-hazards.js';
import type { LedgerTransaction } from './transactions.js';
import type { Remains } from './truncates.js';
import { type IntentLocation, without, xidOfRows } from './worker-writes.js';

/** The writes of a table whose keys are texts, or those of its ids that several workers may write. */
export interface KeyedEntries {
  readonly table: Table;
  /** By key: its number, which stands for the key in `entries`. */
  readonly numbers: ReadonlyMap<string, number>;
  readonly keys: readonly string[];
  readonly entries: Entries;
}

/** A transaction that wrote such keys. */
interface KeyedTransaction extends IntentLocation {
  /** In bytes; 0 if the ledger has none. */
  readonly lsn: number;
}

interface Growing extends KeyedEntries {
  readonly numbers: Map<string, number>;
  readonly keys: string[];
}

/**
 * Collects the writes of a whole run to tables whose keys are texts, and to ids that several workers may write. A worker
 * that changes a text may change rows of other workers, by ON UPDATE CASCADE. So the LSN orders the transactions of a key: the later one waited for the
 * COMMIT of the earlier one, and its LSN was read after that.
 */
export class KeyedWrites {
  readonly #tables: Tables;
  readonly #hazards: RunHazards | null;
  readonly #entries = new Map<TableName, Growing>();
  readonly #transactions: KeyedTransaction[] = [];
  #file = '';

  /** @param hazards of the run; null: it had none */
  constructor(tables: Tables, hazards: RunHazards | null = null) {
    this.#tables = tables;
    this.#hazards = hazards;
  }

  /** The tables that have entries. */
  get tables(): readonly KeyedEntries[] {
    return [...this.#entries.values()];
  }

  beginFile(path: string): void {
    this.#file = path;
  }

  add({ intent, outcome, xid, lsn, dropped }: LedgerTransaction): void {
    const fate = outcome === 'committed' || outcome === 'aborted' ? outcome : 'either';
    let transaction = -1;
    for (const name of Object.keys(intent.rows)) {
      const table = this.#tables.get(name);
      const shared = this.#hazards?.shared.get(name);
      if (table.keyKind !== 'columns' && shared === undefined) continue;
      if (transaction < 0) {
        const located = { file: this.#file, intent: intent.intent, lsn: lsnBytes(lsn) ?? 0 };
        transaction = this.#transactions.push(located) - 1;
      }
      const { lsn: at } = this.#transactions[transaction]!;
      const own = xidOfRows(intent, xid);
      const named = this.#hazards === null ? own : this.#hazards.rewrites.xidAt(name, at, own);
      const of = { fate, xid: named, transaction } as const;
      const { numbers, keys, entries } = this.#entriesOf(table);
      for (const write of OPERATIONS) {
        const all = intent.rows[name]?.[write];
        if (all === undefined) continue;
        for (const key of decodeKeys(table, without(table, all, dropped[name]?.[write]))) {
          if (shared?.has(key) === false) continue;
          const text = String(key);
          const known = numbers.get(text);
          const number = known ?? keys.push(text) - 1;
          if (known === undefined) numbers.set(text, number);
          entries.add({ first: number, last: number, write, ...of });
        }
      }
    }
  }

  /** By `Entry.transaction`: its place in the order in which the server committed those of a key. */
  order(): Uint32Array {
    const transactions = this.#transactions;
    const sorted = transactions
      .map((_, i) => i)
      .sort((a, b) => transactions[a]!.lsn - transactions[b]!.lsn);
    const places = new Uint32Array(sorted.length);
    for (const [place, transaction] of sorted.entries()) places[transaction] = place;
    return places;
  }

  /** As of `WorkerWrites`. */
  remainsOf(table: TableName): ((transaction: number) => Remains) | null {
    const remains = this.#hazards?.truncates.of(table) ?? null;
    return remains === null ? null : (transaction) => remains(this.#transactions[transaction]!.lsn);
  }

  /** The location of an entry's `transaction`. */
  locate(transaction: number): IntentLocation | null {
    return this.#transactions[transaction] ?? null;
  }

  #entriesOf(table: Table): Growing {
    const known = this.#entries.get(table.name);
    if (known !== undefined) return known;
    const made: Growing = { table, numbers: new Map(), keys: [], entries: new Entries() };
    this.#entries.set(table.name, made);
    return made;
  }
}
