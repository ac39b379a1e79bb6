import type { Client } from 'pg';
import type { TableName } from '../../schemas/hospital/tables.js';
import type { RowEvent } from '../../sources/source.js';

/** Rows that are remembered; of more, none can be proved. */
const MOST = 200_000;
/** Rows that are asked for at a time. */
const CHUNK = 5_000;

interface Derived {
  readonly table: TableName;
  readonly key: RowEvent['key'];
  readonly xid: number | null;
  readonly operation: RowEvent['operation'];
}

/**
 * Rows that came within transactions of the run and that the ledger does not have. A trigger may have written
 * them; that it did is proved only by the row itself, when its `xmin` is the transaction's. One row proves one
 * insert and one update of a transaction, not that the same came again.
 */
export class DerivedRows {
  readonly #rows: Derived[] = [];
  #count = 0;
  #proved = 0;

  /** @param provable false: it changed nothing, so the row would be the same without it */
  add({ table, key, xid, operation }: RowEvent, provable: boolean): void {
    this.#count++;
    // A row that is gone bears no witness.
    if (!provable || operation === 'delete' || this.#rows.length >= MOST) return;
    this.#rows.push({ table, key, xid, operation });
  }

  /** They are none: nothing on the server writes rows by itself. */
  forget(): void {
    this.#rows.length = 0;
    this.#count = 0;
  }

  /** Those that are there as their transaction wrote them. */
  get proved(): number {
    return this.#proved;
  }

  /** Those that nothing bears witness for. */
  get unproved(): number {
    return this.#count - this.#proved;
  }

  /** Asks the tables, as the search_path of the connection shows them. */
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
