import { decodeIds } from '../../ledger/keys.js';
import type { TableName } from '../../schema/table.js';
import type { RowEvent } from '../../sources/source.js';
import type { Expected } from '../ledger/expected.js';

/** By table, the ids of rows that all connections write: a key list each. */
export type SharedKeys = Readonly<Record<TableName, string>>;

/**
 * The order of transactions that wrote the same row. Each read its LSN while it held the row's lock, so the one with the
 * lower LSN in the ledger was committed first.
 */
export class HotRows {
  readonly #shared: ReadonlyMap<TableName, ReadonlySet<RowEvent['key']>>;
  /** By partition, table and key: the highest LSN of a transaction that arrived. */
  readonly #latest = new Map<string, number>();

  constructor(shared: SharedKeys) {
    this.#shared = new Map(
      Object.entries(shared).map(([table, keys]) => [table, new Set(decodeIds(keys))]),
    );
  }

  /** Takes an event of a transaction. False: one that was committed later arrived before, with the same row. */
  take({ table, key, partition }: RowEvent, { lsn, hazards }: Expected): boolean {
    if (lsn === null || hazards?.names.includes('hot-keys') !== true) return true;
    if (this.#shared.get(table)?.has(key) !== true) return true;
    const row = `${partition} ${table} ${key}`;
    const latest = this.#latest.get(row) ?? 0;
    this.#latest.set(row, Math.max(latest, lsn));
    return lsn >= latest;
  }
}
