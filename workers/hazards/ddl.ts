import type { Client } from 'pg';
import { exclusively, findLeftovers, rowsOf } from '../../src/database/hazard-leftovers.js';
import { identifyingLength, parseRows, printedRows } from '../../src/postgres/statements.js';
import type { Emptied, SchemaChange } from '../../src/schema/hazards.js';
import type { Schema } from '../../src/schema/schema.js';
import type { Table } from '../../src/schema/table.js';
import { limitWait } from './lock-wait.js';
import type { HazardTransaction } from './transaction.js';

/** The changes of a schema, one after the other, and again from the first. */
export class ChangeCycle {
  readonly #schema: Schema;
  #position = 0;
  /** The schema is as the position says. */
  #isKnown = false;

  constructor(schema: Schema) {
    this.#schema = schema;
  }

  /**
   * The change that is due: first one that undoes what a killed run, or an earlier life of this thread, left. Null: the
   * schema has none.
   */
  async next(client: Client): Promise<SchemaChange | null> {
    if (!this.#isKnown) {
      const undo = await this.undo(client);
      if (undo !== null) return undo;
      this.#isKnown = true;
    }
    const { changes } = this.#schema.hazards;
    for (let tried = 0; tried < changes.length; tried++) {
      const change = changes[this.#position]!;
      if (change.stays === null || !(await holds(client, change.stays))) return change;
      this.#advance();
    }
    return null;
  }

  /** A change that undoes those of one table; null: the schema is as it was before the first change. */
  async undo(client: Client): Promise<SchemaChange | null> {
    const [left] = await findLeftovers(client, this.#schema);
    if (left === undefined) return null;
    const { addedColumns } = this.#schema.tables.get(left.table);
    const columns = addedColumns.length === 0 ? {} : { columns: {} };
    return { name: 'undo', ...left, ...columns, stays: null };
  }

  /** A change was committed. */
  made(change: SchemaChange): void {
    if (change === this.#schema.hazards.changes[this.#position]) this.#advance();
  }

  /** A change may have been committed, or not: what is there is undone, and the cycle begins anew. */
  restart(): void {
    this.#position = 0;
    this.#isKnown = false;
  }

  #advance(): void {
    this.#position = (this.#position + 1) % this.#schema.hazards.changes.length;
  }
}

/**
 * Makes a change, under a lock that is held until the end of the transaction: of two transactions that write the table,
 * the one with the lower LSN in the ledger committed first.
 */
export async function changeSchema(
  transaction: HazardTransaction,
  change: SchemaChange,
): Promise<void> {
  const { client, schema } = transaction.tools;
  const { name, table, statements, columns, emptied } = change;
  await limitWait(client);
  await client.query(exclusively(table));
  if (emptied !== undefined) await empty(transaction, schema.tables.get(table), emptied);
  for (const statement of statements) await client.query(statement);
  transaction.addSchemaChange({
    change: name,
    table,
    ...(columns === undefined ? {} : { columns }),
  });
  await writeRows(transaction, change);
}

/** Deletes the rows of a partition, each with an event of its own: dropped with it, they would have none. */
async function empty(
  transaction: HazardTransaction,
  table: Table,
  emptied: Emptied,
): Promise<void> {
  const { client, schema } = transaction.tools;
  const { rows } = await client.query<[string | null]>({
    text: `SELECT ${printedRows(table, '')} FROM ${table.name} WHERE ${rowsOf(emptied)}`,
    rowMode: 'array',
  });
  const keys = parseRows(table, rows[0]?.[0] ?? null).map((row) =>
    row.slice(0, identifyingLength(table)),
  );
  if (keys.length === 0) return;
  const spec = schema.seederOf(table.name);
  await transaction.write([{ table, operation: 'delete', rows: keys, candidates: [], spec }]);
}

/** Writes rows that use what was changed. */
async function writeRows(
  transaction: HazardTransaction,
  { table, rowOf }: SchemaChange,
): Promise<void> {
  const { schema, builder, now } = transaction.tools;
  const spec = schema.seederOf(table);
  if (rowOf === undefined || spec === null) return;
  // Where there is no row to reference, the first ones are parents.
  const writes = builder.inserts(spec, spec.parents.length + 1, now);
  await transaction.write(
    writes.map((write) =>
      write.table.name === table ? { ...write, rows: write.rows.map(rowOf) } : write,
    ),
  );
}

async function holds(client: Client, condition: string): Promise<boolean> {
  const { rows } = await client.query<[boolean]>({ text: `SELECT ${condition}`, rowMode: 'array' });
  return rows[0]?.[0] === true;
}
