import type { Client } from 'pg';
import type { TableName } from '../../legacy/tables.js';
import type { RowEvent } from '../../sources/source.js';

/** Rows that are remembered: those above it cannot be proved. */
const MOST = 200_000;
/** Rows of a query. */
const CHUNK = 5_000;

interface Derived {
  readonly table: TableName;
  readonly key: RowEvent['key'];
  readonly xid: number | null;
  readonly operation: RowEvent['operation'];
}

/**
 * Rows that arrived within transactions of the run and that the ledger lacks. A trigger may have written them. The proof
 * is the row itself, if its `xmin` is the transaction's. A row proves one insert and one update of a transaction: a
 * repeated event stays unproved.
 */
export class DerivedRows {
  readonly #rows: Derived[] = [];
  #count = 0;
  #proved = 0;

  /** @param provable false: the event changed nothing, so the row proves nothing */
  add({ table, key, xid, operation }: RowEvent, provable: boolean): void {
    this.#count++;
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
    const tables = new Map<TableName, Derived[]>();
    for (const row of this.#rows) {
      const own = tables.get(row.table);
      if (own === undefined) tables.set(row.table, [row]);
      else own.push(row);
    }
    const proved = new Set<string>();
    for (const [table, rows] of tables) {
      for (let at = 0; at < rows.length; at += CHUNK) {
        const chunk = rows.slice(at, at + CHUNK);
        const { rows: found } = await client.query<[string, string]>({
          text: `SELECT id::text, xmin::text FROM ${table} WHERE id = ANY ($1)`,
          values: [chunk.map(({ key }) => String(key))],
          rowMode: 'array',
        });
        const xmins = new Map(found);
        for (const { key, xid, operation } of chunk) {
          if (xid === null || Number(xmins.get(String(key))) !== xid) continue;
          proved.add(`${table} ${operation} ${key} ${xid}`);
        }
      }
    }
    this.#proved = proved.size;
  }
}
