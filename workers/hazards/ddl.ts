import type { Client } from 'pg';
import { exclusively, findLeftovers, rowsOf } from '../../src/database/hazard-leftovers.js';
import type { Every } from '../../src/hazards/hazards.js';
import { identifyingLength, parseRows, printedRows } from '../../src/postgres/statements.js';
import type { EventSpec } from '../../src/schema/event.js';
import type { Emptied, Repair, SchemaChange } from '../../src/schema/hazards.js';
import type { Schema } from '../../src/schema/schema.js';
import type { Table } from '../../src/schema/table.js';
import { limitWait } from './lock-wait.js';
import type { HazardTransaction } from './transaction.js';
import type { NeededIds, TimedPolicy, Turn } from './turn.js';

/** The schema changes while others write to it: the steps of a cycle in turn, which leads back to where it began. */
export function ddl({ everyMs }: Every, schema: Schema): TimedPolicy {
  const { changes } = schema.hazards;
  /** The step that is due; null: what is there is unknown, as after a loss of the connection. */
  let position: number | null = null;
  const make = (turn: Turn, change: SchemaChange) => {
    const { name, table, stays } = change;
    return turn.transact(
      async (transaction) => {
        transaction.note('ddl');
        await changeSchema(transaction, change);
      },
      { change: name, table, stays: stays !== null },
    );
  };
  const undo = async (turn: Turn) => {
    for (;;) {
      const [left] = await findLeftovers(turn.client, schema);
      if (left === undefined) break;
      await make(turn, undoing(left, schema.tables.get(left.table)));
    }
    position = 0;
  };
  return {
    everyMs,
    lengthMs: 0,
    ids: idsOf(schema),
    async prepare() {
      position = null;
    },
    async happen(turn) {
      if (position === null) await undo(turn);
      position = await nextOf(turn.client, changes, position ?? 0);
      await make(turn, changes[position]!);
      position++;
    },
    undo,
  };
}

/** The first step from a position on, and again from the first one, that no earlier run made for good. */
async function nextOf(
  client: Client,
  changes: readonly SchemaChange[],
  position: number,
): Promise<number> {
  for (let next = position; ; next++) {
    const at = next % changes.length;
    const { stays } = changes[at]!;
    if (stays === null || !(await holds(client, stays))) return at;
  }
}

/** The change that undoes all of a table's. */
function undoing(repair: Repair, { addedColumns }: Table): SchemaChange {
  const columns = addedColumns.length === 0 ? {} : { columns: {} };
  return { name: 'undo', ...repair, ...columns, stays: null };
}

/**
 * Makes a change, under a lock that is held until the end of the transaction: of two transactions that write the table,
 * the one with the lower LSN in the ledger committed first.
 */
async function changeSchema(transaction: HazardTransaction, change: SchemaChange): Promise<void> {
  const { client, schema } = transaction.tools;
  const { name, table, statements, columns, emptied, rewrites } = change;
  await limitWait(client);
  await client.query(exclusively(table));
  if (emptied !== undefined) await empty(transaction, schema.tables.get(table), emptied);
  for (const statement of statements) await client.query(statement);
  transaction.addSchemaChange({
    ...{ change: name, table },
    ...(columns === undefined ? {} : { columns }),
    ...(rewrites === undefined ? {} : { rewrites }),
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

/** The ids of `writeRows`, of the changes that write any. */
function idsOf(schema: Schema): NeededIds[] {
  const specs = new Set(
    schema.hazards.changes.flatMap(({ table, rowOf }) => {
      const spec = schema.seederOf(table);
      return rowOf === undefined || spec === null ? [] : [spec];
    }),
  );
  return [...specs].flatMap((spec) =>
    [spec.table, ...spec.parents].map((table) => [table, rowsToWrite(spec)] as const),
  );
}

/** Where there is no row to reference, the first ones are parents. */
const rowsToWrite = ({ parents }: EventSpec) => parents.length + 1;

/** Writes rows that use what was changed. */
async function writeRows(
  transaction: HazardTransaction,
  { table, rowOf }: SchemaChange,
): Promise<void> {
  const { schema, builder, now } = transaction.tools;
  const spec = schema.seederOf(table);
  if (rowOf === undefined || spec === null) return;
  const writes = builder.inserts(spec, rowsToWrite(spec), now);
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
