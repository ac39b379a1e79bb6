import type { Client } from 'pg';
import type { Repair } from '../schema/hazards.js';
import type { Schema } from '../schema/schema.js';
import type { TableName } from '../schema/table.js';
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

/** Undoes what a run left; each table in a transaction. No run may be under way: it undoes its changes itself. */
export async function undoLeftovers(client: Client, leftovers: readonly Repair[]): Promise<void> {
  for (const { table, emptied, statements } of leftovers) {
    const steps = [exclusively(table)];
    // The rows of a table that is dropped have no events: a consumer would keep them.
    if (emptied !== undefined) {
      steps.push(`DELETE FROM ${table} WHERE ${rowsOf(emptied)}`);
    }
    await runSql(client, [...steps, ...statements].join(';\n'));
  }
}

/** SQL: the rows of a partition, if there is one. */
export function rowsOf({ partition, where }: NonNullable<Repair['emptied']>): string {
  return `tableoid = to_regclass('${partition}') AND ${where}`;
}
