import type { Client } from 'pg';
import { idOfText } from '../../ledger/keys.js';
import { hashText, hashUtf8, NULL } from '../../ledger/value-hash.js';
import { type DataRow, readRows } from '../../postgres/data-rows.js';
import { keyIsIn, keyParameters } from '../../postgres/key-sql.js';
import { keyOfTexts } from '../../schema/key.js';
import { type Key, sqlName, type Table } from '../../schema/table.js';

/** Rows of a query. */
export const ROWS_PER_QUERY = 5_000;

/** A row in the database, of the last query's bytes: it is another one after the call that it is passed to. */
class StoredRow {
  readonly #row: DataRow;
  readonly #table: Table;

  constructor(table: Table, row: DataRow) {
    this.#table = table;
    this.#row = row;
  }

  /** As in events. */
  get key(): Key {
    const { key, keyKind } = this.#table;
    if (keyKind !== 'id') return keyOfTexts(key.map((_, i) => this.#row.text(i)!));
    const id = this.#row.digits(0);
    return Number.isNaN(id) ? idOfText(this.#row.text(0)!) : id;
  }

  get xmin(): number {
    return this.#row.digits(this.#table.key.length);
  }

  /** A value as PostgreSQL prints it: a cast to text would drop the blanks of a `char(n)`. */
  text(column: number): string | null {
    return this.#row.text(this.#placeOf(column));
  }

  /** Continues a hash with the value: equals `hashText` of it. */
  hash(column: number, before: number): number {
    const place = this.#placeOf(column);
    const row = this.#row;
    if (row.isNull(place)) return hashText(before, NULL);
    return hashUtf8(before, row.bytes, row.begins[place]!, row.ends[place]!);
  }

  #placeOf(column: number): number {
    return this.#table.key.length + 1 + column;
  }
}

/**
 * Passes on the rows of a table with these keys, as far as they exist, in no order.
 *
 * @param columns to read besides key and `xmin`, by name
 */
export async function readRowsByKey(
  client: Client,
  table: Table,
  keys: readonly Key[],
  columns: readonly string[],
  onRow: (row: StoredRow) => void,
): Promise<void> {
  const list = [...table.key.map(sqlName), 'xmin', ...columns.map(sqlName)].join(', ');
  const query = {
    text: `SELECT ${list} FROM ${table.name} WHERE ${keyIsIn(table)}`,
    values: keyParameters(table, keys),
  };
  let row: StoredRow | null = null;
  await readRows(client, query, (data) => {
    row ??= new StoredRow(table, data);
    onRow(row);
  });
}
