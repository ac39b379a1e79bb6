import type { Client } from 'pg';
import type { Table } from '../../schema/table.js';
import type { Tables } from '../../schema/tables.js';
import type { RowEvent } from '../../sources/source.js';
import { ROWS_PER_QUERY, readRowsByKey } from './rows-by-key.js';

/** Rows that are remembered: those above it cannot be proved. */
const MOST = 200_000;

interface Derived {
  readonly table: Table;
  readonly key: RowEvent['key'];
  readonly xid: number | null;
  readonly operation: RowEvent['operation'];
}

/**
 * Rows that arrived within transactions of the run and that the ledger lacks. A trigger may have written them. The proof
 * is the row itself, if its `xmin` is the transaction's. A row proves one insert and one update of a transaction: a
 * repeated event stays unproved, and so does a row without a key.
 */
export class DerivedRows {
  readonly #tables: Tables;
  readonly #rows: Derived[] = [];
  #count = 0;
  #proved = 0;

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  /** @param provable false: the event changed nothing, so the row proves nothing */
  add({ table: name, key, xid, operation }: RowEvent, provable: boolean): void {
    this.#count++;
    const table = this.#tables.get(name);
    if (table.keyKind === 'none') return;
    // A deleted row proves nothing.
    if (!provable || operation === 'delete' || this.#rows.length >= MOST) return;
    this.#rows.push({ table, key, xid, operation });
  }

  /** Forgets the rows: nothing on the server adds any, so they are phantoms. */
  forget(): void {
    this.#rows.length = 0;
    this.#count = 0;
  }

  /** Rows that the table has as their transaction wrote them. */
  get proved(): number {
    return this.#proved;
  }

  /** Rows without a proof. */
  get unproved(): number {
    return this.#count - this.#proved;
  }

  /** Looks for the proofs in the tables of the connection's search_path. */
  async prove(client: Client): Promise<void> {
    const tables = new Map<Table, Derived[]>();
    for (const row of this.#rows) {
      const own = tables.get(row.table);
      if (own === undefined) tables.set(row.table, [row]);
      else own.push(row);
    }
    const proved = new Set<string>();
    for (const [table, rows] of tables) {
      for (let at = 0; at < rows.length; at += ROWS_PER_QUERY) {
        const chunk = rows.slice(at, at + ROWS_PER_QUERY);
        const keys = chunk.map(({ key }) => key);
        const xmins = new Map<RowEvent['key'], number>();
        await readRowsByKey(client, table, keys, [], (row) => xmins.set(row.key, row.xmin));
        for (const { key, xid, operation } of chunk) {
          if (xid === null || xmins.get(key) !== xid) continue;
          proved.add(`${table.name} ${operation} ${key} ${xid}`);
        }
      }
    }
    this.#proved = proved.size;
  }
}
