import assert from 'node:assert/strict';
import type { TableCounts } from '../../../src/database/table-counts.js';
import { sqlName, type TableName } from '../../../src/schema/table.js';
import { schemaWith } from '../../../src/schemas/index.js';
import { type CliResult, runCli } from '../../helpers/cli.js';
import type { TestDatabase } from '../../helpers/database.js';
import { envOf } from '../../helpers/test-target.js';

const { tables } = schemaWith([]);

/** The output of `seed --json`. */
export interface SeedDocument {
  readonly tables: TableCounts;
  readonly rows: number;
  readonly written: number;
  readonly seconds: number;
  readonly rows_per_second: number;
}

/** Runs a command of the program on a database, in English. */
export function runOn(
  db: TestDatabase,
  cwd: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<CliResult> {
  return runCli(args, { cwd, env: { APP_LANG: 'en', ...envOf(db.target), ...env } });
}

/** Runs `seed --json`, which must succeed, and returns its document. */
export async function seed(
  db: TestDatabase,
  cwd: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<SeedDocument> {
  const result = await runOn(db, cwd, ['seed', '--json', ...args], env);
  assert.equal(result.code, 0, result.stderr);
  return JSON.parse(result.stdout);
}

/** Runs `check --json`, which must find nothing. */
export async function requireClean(db: TestDatabase, cwd: string): Promise<void> {
  const result = await runOn(db, cwd, ['check', '--json']);
  assert.equal(result.code, 0, result.stdout + result.stderr);
}

/** Settings of `seed` that ask for these rows and for no more. */
export function volumes(
  rows: Readonly<Partial<Record<TableName, number>>>,
): Record<string, string> {
  return Object.fromEntries([
    ['SEED_MIN_ROWS', '0'],
    ...tables.names.map((table) => [`SEED_${table.toUpperCase()}`, String(rows[table] ?? 0)]),
  ]);
}

/** The one number that a query answers with. */
export async function number(db: TestDatabase, query: string): Promise<number> {
  const [row] = await db.query<{ answer: string }>(`SELECT (${query})::text AS answer`);
  return Number(row?.answer);
}

/** A checksum of each table over all columns that the program writes, in the order of ids. */
export async function checksums(db: TestDatabase): Promise<Record<string, string | undefined>> {
  const sums: Record<string, string | undefined> = {};
  for (const { name, columns } of tables) {
    const names = columns.map((column) => sqlName(column.name)).join(', ');
    const [row] = await db.query<{ sum: string }>(
      `SELECT md5(string_agg(ROW(${names})::text, E'\\n' ORDER BY id)) AS sum FROM ${name}`,
    );
    sums[name] = row?.sum;
  }
  return sums;
}
