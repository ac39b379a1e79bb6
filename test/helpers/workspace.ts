import assert from 'node:assert/strict';
import type { TableCounts } from '../../src/database/table-counts.js';
import { installAudit } from './audit.js';
import { type CliResult, runCli } from './cli.js';
import { TEMPLATE_DATABASE } from './cluster-template.js';
import { type TestDatabase, withDatabase } from './database.js';
import { hospital } from './hospital.js';
import type { TestServer } from './server.js';
import { withTempFolder } from './temp-folder.js';
import { envOf } from './test-target.js';

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
/** Settings of the program in a workspace: fewer workers than by default, for each takes 0.2 s to start. */
const SETTINGS = { STREAM_WORKERS: '2' };
const SEEDED_DATABASE = 'hospital_seeded';

/** A database, and a working directory of the program. */
export interface Workspace {
  readonly db: TestDatabase;
  readonly cwd: string;
  /** Settings that lead the program to the database. */
  readonly env: Readonly<Record<string, string>>;
}

type Body = (workspace: Workspace) => Promise<void>;

/** Lends `body` a workspace with schema and lookups only, whose changes are audited. */
export function withBareWorkspace(server: TestServer, body: Body): Promise<void> {
  return lend(server, TEMPLATE_DATABASE, audited(body));
}

/** Lends `body` a seeded workspace whose changes are audited. */
export async function withWorkspace(server: TestServer, body: Body): Promise<void> {
  await lend(server, await seededDatabase(server), audited(body));
}

/** Lends `body` a seeded workspace whose server does nothing by itself: no audit, hence no trigger. */
export async function withPlainWorkspace(server: TestServer, body: Body): Promise<void> {
  await lend(server, await seededDatabase(server), body);
}

/** Options that ask for the extension. */
export const EXTENSION = ['--with', 'prontuario'];

/** Lends `body` a plain workspace with the extension, seeded on a small scale. */
export async function withExtendedWorkspace(server: TestServer, body: Body): Promise<void> {
  await lend(server, TEMPLATE_DATABASE, async (workspace) => {
    for (const command of [['init-db'], ['seed', '--scale', '0.2']]) {
      const { code, stderr } = await run(workspace, [...command, ...EXTENSION]);
      assert.equal(code, 0, stderr);
    }
    await body(workspace);
  });
}

function lend(server: TestServer, template: string, body: Body): Promise<void> {
  return withTempFolder((cwd) =>
    withDatabase(server, (db) => body({ db, cwd, env: { ...SETTINGS, ...envOf(db.target) } }), {
      template,
    }),
  );
}

function audited(body: Body): Body {
  return async (workspace) => {
    await installAudit(workspace.db);
    await body(workspace);
  };
}

/** By server, a database that is seeded: workspaces are copies of it. */
const seeded = new Map<TestServer, Promise<string>>();

function seededDatabase(server: TestServer): Promise<string> {
  const database = seeded.get(server) ?? seed(server);
  seeded.set(server, database);
  return database;
}

async function seed(server: TestServer): Promise<string> {
  await server.query(`CREATE DATABASE ${SEEDED_DATABASE} TEMPLATE ${TEMPLATE_DATABASE}`);
  await withTempFolder(async (cwd) => {
    const env = { ...SETTINGS, ...envOf(server.target(SEEDED_DATABASE)), ...VOLUMES };
    const { code, stderr } = await runCli(['seed'], { cwd, env });
    assert.equal(code, 0, stderr);
  });
  return SEEDED_DATABASE;
}

/** Runs a command of the program in a workspace. */
export function run(
  { cwd, env }: Workspace,
  args: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Promise<CliResult> {
  return runCli(args, { cwd, env: { ...env, ...more } });
}

/** `check` must find nothing. */
export async function requireClean(workspace: Workspace): Promise<void> {
  const { code, stdout, stderr } = await run(workspace, ['check']);
  assert.equal(code, 0, stdout + stderr);
}

/** Rows of every table. */
export async function countTables(db: TestDatabase): Promise<TableCounts> {
  const counts = hospital.tables.names.map(
    (table) => `(SELECT count(*)::int FROM ${table}) AS ${table}`,
  );
  const [row] = await db.query<TableCounts>(`SELECT ${counts.join(', ')}`);
  assert.ok(row !== undefined);
  return row;
}
