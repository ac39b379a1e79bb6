import assert from 'node:assert/strict';
import test from 'node:test';
import { withConnection } from '../../../src/postgres/connect.js';
import { type RunningCli, startCli } from '../../helpers/cli.js';
import { type TestDatabase, withDatabase } from '../../helpers/database.js';
import { startServer } from '../../helpers/server.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { envOf } from '../../helpers/test-target.js';
import { waitFor } from '../../helpers/wait-for.js';
import { countTables } from '../../helpers/workspace.js';
import { number, requireClean, runOn, seed, volumes } from './seeding.js';

const server = await startServer(18);

/** Three chunks of patients and of links, so that a seed can be caught with some of them in and some not. */
const ROWS = {
  pacientes: 101_000,
  medicos: 300,
  convenios: 30,
  pacientes_convenios: 101_000,
  consultas: 3_000,
  exames: 2_000,
  internacoes: 1_000,
};
const VOLUMES: Record<string, string> = { ...volumes(ROWS), SEED_VALIDATE_FOREIGN_KEYS: 'false' };

function startSeed(db: TestDatabase, cwd: string, rows = VOLUMES): RunningCli {
  const env = { APP_LANG: 'en', ...envOf(db.target), ...rows };
  return startCli(['seed', '--json'], { cwd, env });
}

/** Whether a COPY into a table is under way. */
async function isCopying(db: TestDatabase, table: string): Promise<boolean> {
  const copies = await number(
    db,
    `SELECT count(*) FROM pg_stat_progress_copy
      WHERE relid = '${table}'::regclass AND tuples_processed > 0`,
  );
  return copies > 0;
}

/** Sessions of the database that wait for this. */
function waiting(db: TestDatabase, event: 'PgSleep' | 'relation'): Promise<number> {
  return number(
    db,
    `SELECT count(*) FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event = '${event}'`,
  );
}

/** Moments to be killed at: within the first phase, between chunks, within the second. */
const MOMENTS: Readonly<Record<string, (db: TestDatabase) => Promise<boolean>>> = {
  'while the first patients come': (db) => isCopying(db, 'pacientes'),
  'with some of the patients in': async (db) =>
    (await number(db, 'SELECT count(*) FROM pacientes')) > 0,
  'while the first links come': (db) => isCopying(db, 'pacientes_convenios'),
  'with some of the links in': async (db) =>
    (await number(db, 'SELECT count(*) FROM pacientes_convenios')) > 0,
};

test('a seed killed again and again, at every stage, is completed by the last one', async () => {
  await withTempFolder((cwd) =>
    withDatabase(server, async (db) => {
      for (const [moment, reached] of Object.entries(MOMENTS)) {
        const running = startSeed(db, cwd);
        await waitFor(() => reached(db), { what: moment });
        running.child.kill('SIGKILL');
        const { code, stderr } = await running.ended();
        assert.equal(code, null, `not killed ${moment}: ${stderr}`);
      }
      const { tables } = await seed(db, cwd, ['--workers', '2'], VOLUMES);
      assert.deepEqual(tables, ROWS);
      assert.deepEqual(await countTables(db), ROWS);
      await requireClean(db, cwd);
    }),
  );
});

test('rows that the server was still taking in when a seed was killed are counted by the next', async () => {
  await withTempFolder((cwd) =>
    withDatabase(server, async (db) => {
      // The COPY has all its rows and ends, seconds after the client is gone.
      await db.query(`CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_sleep(3); RETURN NULL; END $$`);
      await db.query(`CREATE TRIGGER linger AFTER INSERT ON pacientes_convenios
        FOR EACH STATEMENT EXECUTE FUNCTION linger()`);
      const few = volumes({ pacientes: 900, convenios: 9, pacientes_convenios: 1200 });
      const running = startSeed(db, cwd, few);
      await waitFor(async () => (await waiting(db, 'PgSleep')) === 1, { what: 'COPY at its end' });
      running.child.kill('SIGKILL');
      await running.ended();
      assert.equal(await waiting(db, 'PgSleep'), 1, 'the server was done too soon');

      const { tables } = await seed(db, cwd, [], few);
      assert.equal(tables.pacientes_convenios, 1200);
    }),
  );
});

test('a second seed is refused while the first goes on; SIGINT ends that after its chunk', async () => {
  const rows = volumes({ pacientes: 60_000, medicos: 10, convenios: 5, consultas: 500 });
  await withTempFolder((cwd) =>
    withDatabase(server, async (db) => {
      const ended = await withConnection(db.target, async (client) => {
        // Holds up the first chunk.
        await client.query('BEGIN; LOCK TABLE pacientes IN SHARE MODE');
        const first = startSeed(db, cwd, { ...rows, SEED_WORKERS: '1' });
        await waitFor(async () => (await waiting(db, 'relation')) === 1, { what: 'a seed' });

        const { code, stderr } = await runOn(db, cwd, ['seed'], rows);
        assert.equal(code, 4, stderr);
        assert.match(stderr, /another seed of this database is under way/);

        first.child.kill('SIGINT');
        await client.query('COMMIT');
        return first.ended();
      });
      assert.equal(ended.code, 130, ended.stderr);
      assert.match(ended.stderr, /interrupted after 50,000 rows; run `seed` again/);
      const document = JSON.parse(ended.stdout);
      assert.deepEqual(document.tables, await countTables(db));
      assert.equal(document.tables.pacientes, 50_000);

      const { tables } = await seed(db, cwd, [], rows);
      assert.deepEqual(tables, await countTables(db));
      assert.deepEqual([tables.pacientes, tables.consultas], [60_000, 500]);
      await requireClean(db, cwd);
    }),
  );
});
