import assert from 'node:assert/strict';
import type { TableCounts } from '../../../src/database/table-counts.js';
import type { RunSummary } from '../../../src/runs/summary.js';
import type { Operation, RowCounts } from '../../../src/schemas/hospital/changes.js';
import { TABLE_NAMES, type TableName } from '../../../src/schemas/hospital/tables.js';
import { type CliResult, runCli } from '../../helpers/cli.js';
import { type TestDatabase, withDatabase } from '../../helpers/database.js';
import type { TestServer } from '../../helpers/server.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { envOf } from '../../helpers/test-target.js';
import { auditedRows, auditedTransactions, clearAudit, installAudit } from './audit.js';

/** A hospital that streams go on in: small, but with something of everything. */
export const VOLUMES = {
  SEED_MIN_ROWS: '0',
  SEED_PACIENTES: '600',
  SEED_MEDICOS: '40',
  SEED_CONVENIOS: '10',
  SEED_PACIENTES_CONVENIOS: '700',
  SEED_CONSULTAS: '1000',
  SEED_EXAMES: '800',
  SEED_INTERNACOES: '300',
};

/** A database with the audit installed, and a working directory. */
export interface Workspace {
  readonly db: TestDatabase;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

export interface Streamed {
  readonly summary: RunSummary;
  readonly stderr: string;
}

/** Lends `body` a workspace of its own, with schema and lookups only. */
export function withBareWard(server: TestServer, body: (workspace: Workspace) => Promise<void>) {
  return withTempFolder((cwd) =>
    withDatabase(server, async (db) => {
      await installAudit(db);
      await body({ db, cwd, env: { APP_LANG: 'en', ...envOf(db.target) } });
    }),
  );
}

/** Lends `body` a workspace of its own that is seeded. */
export function withWorkspace(server: TestServer, body: (workspace: Workspace) => Promise<void>) {
  return withBareWard(server, async (workspace) => {
    const { code, stderr } = await run(workspace, ['seed'], VOLUMES);
    assert.equal(code, 0, stderr);
    await body(workspace);
  });
}

/** Runs a command of the program in a workspace. */
export function run(
  { cwd, env }: Workspace,
  args: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Promise<CliResult> {
  return runCli(args, { cwd, env: { ...env, ...more } });
}

/** Runs `stream --json`, which must end well. */
export async function stream(workspace: Workspace, args: readonly string[]): Promise<Streamed> {
  const { code, stdout, stderr } = await run(workspace, ['stream', '--json', ...args]);
  assert.equal(code, 0, stderr);
  return { summary: JSON.parse(stdout), stderr };
}

/** Runs a stream alone, and holds what it says against what the server saw. */
export async function streamAudited(
  workspace: Workspace,
  args: readonly string[],
): Promise<Streamed> {
  const before = await countTables(workspace.db);
  await clearAudit(workspace.db);
  const streamed = await stream(workspace, args);
  const { rows, events, transactions } = streamed.summary;
  assert.deepEqual(rows, await auditedRows(workspace.db));
  assert.equal(events, totalEvents(rows));
  assert.equal(transactions.committed, (await auditedTransactions(workspace.db)).length);
  const after = await countTables(workspace.db);
  for (const table of TABLE_NAMES) {
    const growth = rows[table].insert - rows[table].delete;
    assert.equal(after[table] - before[table], growth, table);
  }
  return streamed;
}

/** Rows of every table. */
export async function countTables(db: TestDatabase): Promise<TableCounts> {
  const counts = TABLE_NAMES.map((table) => `(SELECT count(*)::int FROM ${table}) AS ${table}`);
  const [row] = await db.query<TableCounts>(`SELECT ${counts.join(', ')}`);
  assert.ok(row !== undefined);
  return row;
}

/** `check` must find nothing. */
export async function requireClean(workspace: Workspace): Promise<void> {
  const { code, stdout, stderr } = await run(workspace, ['check']);
  assert.equal(code, 0, stdout + stderr);
}

/** Changed rows over all tables; of one operation where one is given. */
export function totalEvents(rows: RowCounts, only?: Operation): number {
  const operations: readonly Operation[] =
    only === undefined ? ['insert', 'update', 'delete'] : [only];
  return TABLE_NAMES.flatMap((table) => operations.map((op) => rows[table][op])).reduce(
    (sum, count) => sum + count,
    0,
  );
}

/** What the last line about each table gives as its total. */
export function lastTotals(stderr: string): Map<TableName, number> {
  const totals = new Map<TableName, number>();
  for (const [, table, total] of stderr.matchAll(/ - (\w+): .*\(total=([\d,]+)\)/g)) {
    totals.set(table as TableName, Number(total?.replaceAll(',', '')));
  }
  return totals;
}
