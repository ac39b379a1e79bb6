import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { from as copyFrom } from 'pg-copy-streams';
import { DatabaseError } from '../../src/postgres/driver.js';
import { send } from '../../src/postgres/packet.js';
import { missingIds, NAME_TRANSACTION, parseNumbers } from '../../src/postgres/statements.js';
import { idOf } from '../../src/schema/table.js';
import { copyCommand, csvChunks } from '../../src/seed/csv.js';
import { insertion, newRows } from './new-rows.js';
import type { HazardTransaction } from './transaction.js';

/** Rows of one COPY: enough for several records in the WAL, each of as many rows as fit into a page. */
const FEWEST_ROWS = 20;
const MOST_ROWS = 100;

/** Writes rows by one COPY: those of a page have one LSN. Not where a trigger may change them, which COPY does not tell. */
export async function copyRows(transaction: HazardTransaction): Promise<void> {
  const { tools } = transaction;
  const { client, schema, returning, random } = tools;
  const { bulk } = schema.hazards;
  if (bulk === null) return;
  const spec = schema.event(bulk);
  const table = schema.tables.get(spec.table);
  if (returning[table.name]?.includes('insert')) return;
  const count = FEWEST_ROWS + Math.floor(random() * (MOST_ROWS - FEWEST_ROWS + 1));
  const rows = await newRows(tools, spec, count);
  if (rows.length === 0) return;
  const copying = client.query(copyFrom(copyCommand(table)));
  const csv = csvChunks(
    table,
    rows.length,
    (index) => rows[index]!,
    () => undefined,
  );
  try {
    await pipeline(Readable.from(csv), copying);
  } catch (error) {
    if (error instanceof DatabaseError) throw error;
    throw new Error(`Connection terminated: ${(error as Error).message}`, { cause: error });
  }
  // A trigger that was made after the run began may drop some.
  const [missing, name] = await send(client, [missingIds(table, rows.map(idOf)), NAME_TRANSACTION]);
  const dropped = new Set(parseNumbers(missing?.fields[0] ?? null));
  const stored = rows.filter((row) => !dropped.has(idOf(row)));
  if (stored.length === 0) return;
  const [xid = null, lsn = null] = name?.fields ?? [];
  transaction.addAsSent(insertion(table, stored), { xid, lsn });
  transaction.note('copy');
}
