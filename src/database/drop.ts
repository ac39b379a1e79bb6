import type { Client } from 'pg';
import type { Schema } from '../schema/schema.js';
import { sqlName, type Table, type TableName } from '../schema/table.js';
import { readScript, runSql } from './scripts.js';

/**
 * Drops all tables of the schema `public`, those of other schemas that are named, and the sequences, types and schemas
 * that a schema's scripts created: all of it or nothing. A schema that holds other objects as well stays.
 */
export async function dropAll(
  client: Client,
  { drop, schemas }: Schema,
  elsewhere: readonly TableName[],
): Promise<void> {
  const statements = [
    ...elsewhere.map((name) => `DROP TABLE IF EXISTS ${name} CASCADE`),
    await readScript('99_drop_all.sql'),
    ...drop,
    ...schemas.map(dropUnlessUsed),
  ];
  await runSql(client, statements.join(';\n'));
}

/** The names of those tables that exist. */
export async function existingTables(
  client: Client,
  tables: readonly Table[],
): Promise<TableName[]> {
  const { rows } = await client.query<{ name: TableName }>(
    'SELECT name FROM unnest($1::text[]) AS t (name) WHERE to_regclass(name) IS NOT NULL',
    [tables.map(({ name }) => name)],
  );
  return rows.map(({ name }) => name);
}

function dropUnlessUsed(schema: string): string {
  return `DO $$ BEGIN DROP SCHEMA IF EXISTS ${sqlName(schema)};
    EXCEPTION WHEN dependent_objects_still_exist THEN NULL; END $$`;
}
