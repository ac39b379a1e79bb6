import type { Client } from 'pg';
import type { Repair } from '../schema/hazards.js';
import type { Schema } from '../schema/schema.js';
import type { Table, TableName } from '../schema/table.js';
import { findLeft, type Membership, rejoin } from './membership.js';
import { runSql } from './scripts.js';

/** SQL: the lock under which a hazard changes a table, so that no row of it is written meanwhile. */
export function exclusively(table: TableName): string {
  return `LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`;
}

/** The repairs that have something to undo, because a run that was killed changed the schema. */
export async function findLeftovers(
  client: Client,
  { hazards: { repair } }: Pick<Schema, 'hazards'>,
): Promise<Repair[]> {
  if (repair.length === 0) return [];
  const { rows } = await client.query<[boolean[]]>({
    text: `SELECT ARRAY[${repair.map(({ left }) => left).join(', ')}]`,
    rowMode: 'array',
  });
  return repair.filter((_, i) => rows[0]?.[0][i] === true);
}

/** The way back into a publication of the table that a run took out of it; null where there is none, or it is not the role's. */
async function findAway(
  client: Client,
  { hazards: { unpublish }, tables }: Pick<Schema, 'hazards' | 'tables'>,
): Promise<{ readonly table: Table; readonly membership: Membership } | null> {
  if (unpublish === null) return null;
  const table = tables.get(unpublish);
  const membership = await findLeft(client, table);
  if (membership === null) return null;
  const { rowCount } = await client.query(
    "SELECT FROM pg_publication WHERE pubname = $1 AND pg_has_role(pubowner, 'USAGE')",
    [membership.publication],
  );
  return rowCount === 0 ? null : { table, membership };
}

/** Whether there are changes of hazards to undo: of a killed run, or of one that is under way. */
export async function hasLeftovers(client: Client, schema: Schema): Promise<boolean> {
  const leftovers = await findLeftovers(client, schema);
  return leftovers.length > 0 || (await findAway(client, schema)) !== null;
}

/** Undoes what hazards left, each table in a transaction, and returns the tables. No run may be under way. */
export async function undoLeftovers(client: Client, schema: Schema): Promise<TableName[]> {
  const undone = new Set<TableName>();
  for (const { table, emptied, statements } of await findLeftovers(client, schema)) {
    const steps = [exclusively(table)];
    // The rows of a table that is dropped have no events: a consumer would keep them.
    if (emptied !== undefined) steps.push(`DELETE FROM ${table} WHERE ${rowsOf(emptied)}`);
    await runSql(client, [...steps, ...statements].join(';\n'));
    undone.add(table);
  }
  const away = await findAway(client, schema);
  if (away !== null) {
    await runSql(client, rejoin(away.table, away.membership));
    undone.add(away.table.name);
  }
  return [...undone];
}

/** SQL: the rows of a partition, if there is one. */
export function rowsOf({ partition, where }: NonNullable<Repair['emptied']>): string {
  return `tableoid = to_regclass('${partition}') AND ${where}`;
}
