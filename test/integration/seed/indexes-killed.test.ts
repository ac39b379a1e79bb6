import assert from 'node:assert/strict';
import test from 'node:test';
import { totalOf } from '../../../src/database/table-counts.js';
import { withConnection } from '../../../src/postgres/connect.js';
import { schemaWith } from '../../../src/schemas/index.js';
import { takeOff } from '../../../src/seed/indexes.js';
import { type RunningCli, startCli } from '../../helpers/cli.js';
import { type TestDatabase, withDatabase } from '../../helpers/database.js';
import { startServers, type TestServer } from '../../helpers/server.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { envOf } from '../../helpers/test-target.js';
import { waitFor } from '../../helpers/wait-for.js';
import { countTables } from '../../helpers/workspace.js';
import { BUILDING, CATALOG, EXTRAS, NOT_ENFORCED, ROWS, SEED, waitUntilAlone } from './indexed.js';
import { requireClean, runOn, volumes } from './seeding.js';

const [oldest, newest] = (await startServers()) as [TestServer, TestServer];

/** Holds up the COPY of this table, by a tenth of a second for every ten rows. */
const NAPS = `
  CREATE FUNCTION nap(bigint) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_sleep(0.01); RETURN true; END $$;
  ALTER TABLE internacoes ADD CONSTRAINT slow CHECK (nap(id))`;

/** The steps of restoring. */
const STEPS = ['index', 'constraint', 'foreign-key', 'validation'] as const;
type Step = (typeof STEPS)[number];

/** Starts a seed with indexes and keys off, and lends it to `body` while a COPY is under way. */
async function duringCopy<T>(
  db: TestDatabase,
  cwd: string,
  body: (running: RunningCli) => Promise<T>,
): Promise<T> {
  await waitUntilAlone(db);
  const env = { APP_LANG: 'en', ...envOf(db.target), ...SEED };
  const running = startCli(['seed', '--json'], { cwd, env });
  try {
    // Asked from outside: a session in the database would keep indexes and keys on.
    const copying = async () => {
      const { length } = await db.server.query(
        "SELECT 1 FROM pg_stat_activity WHERE datname = $1 AND wait_event = 'PgSleep'",
        [db.name],
      );
      return length > 0;
    };
    await waitFor(copying, { what: 'a COPY' });
    return await body(running);
  } finally {
    running.child.kill('SIGKILL');
    await running.ended();
  }
}

/** Kills a seed in a COPY, or when it has carried out one note of a step. */
async function killSeed(db: TestDatabase, cwd: string, step: Step | 'copy'): Promise<void> {
  await duringCopy(db, cwd, async ({ child, ended }) => {
    if (step === 'copy') {
      child.kill('SIGKILL');
      assert.equal((await ended()).code, null);
      return;
    }
    await withConnection(db.target, async (holder) => {
      await holder.query('BEGIN');
      const { rowCount: held } = await holder.query(
        `SELECT id FROM oltp_simulator_seed.put_back
          WHERE id IN (SELECT id FROM oltp_simulator_seed.put_back WHERE step = $1
                        ORDER BY id OFFSET 1) FOR UPDATE`,
        [step],
      );
      assert.ok(held !== null && held > 0, step);
      const reached = async () => {
        const { rows } = await holder.query<{ of: Step; left: number }>(
          'SELECT step AS of, count(*)::int AS left FROM oltp_simulator_seed.put_back GROUP BY step',
        );
        const left = new Map(rows.map((row) => [row.of, row.left]));
        const before = STEPS.slice(0, STEPS.indexOf(step));
        return before.every((earlier) => !left.has(earlier)) && left.get(step) === held;
      };
      await waitFor(reached, { what: `the step ${step}` });
      child.kill('SIGKILL');
      assert.equal((await ended()).code, null);
      await holder.query('ROLLBACK');
    });
  });
}

async function requireStreamRefused(db: TestDatabase, cwd: string): Promise<void> {
  const { code, stderr } = await runOn(db, cwd, ['stream', '--max-events', '1']);
  assert.equal(code, 4, stderr);
  assert.match(stderr, /a seed was interrupted before it put indexes and keys back/);
}

for (const step of ['copy', ...STEPS] as const) {
  test(`killed at the step ${step}: stream refuses, init-db alone restores all`, async () => {
    await withTempFolder((cwd) =>
      withDatabase(newest, async (db) => {
        await db.query(`${EXTRAS}; ${NOT_ENFORCED}; ${NAPS}`);
        const before = await db.query(CATALOG);
        await killSeed(db, cwd, step);
        assert.notDeepEqual(await db.query(CATALOG), before);
        await requireStreamRefused(db, cwd);

        const { code, stderr } = await runOn(db, cwd, ['init-db'], SEED);
        assert.equal(code, 0, stderr);
        assert.match(stderr, /that an interrupted seed had taken off were put back/);
        assert.deepEqual(await db.query(CATALOG), before);
      }),
    );
  });
}

for (const step of ['copy', 'foreign-key'] as const) {
  test(`killed at the step ${step}: the next seed restores all and completes the rows`, async () => {
    await withTempFolder((cwd) =>
      withDatabase(oldest, async (db) => {
        await db.query(`${EXTRAS}; ${NAPS}`);
        const before = await db.query(CATALOG);
        await killSeed(db, cwd, step);
        const { code, stderr } = await runOn(db, cwd, ['seed'], SEED);
        assert.equal(code, 0, stderr);
        assert.deepEqual(await countTables(db), ROWS);
        assert.deepEqual(await db.query(CATALOG), before);
        await requireClean(db, cwd);
      }),
    );
  });
}

test('killed right after taking off: stream refuses, and the next seed restores all', async () => {
  await withTempFolder((cwd) =>
    withDatabase(newest, async (db) => {
      const before = await db.query(CATALOG);
      await waitUntilAlone(db);
      assert.ok(
        await withConnection(db.target, (client) => takeOff(client, schemaWith([]).tables)),
      );
      await requireStreamRefused(db, cwd);
      const few = { ...SEED, ...volumes({ pacientes: 100, exames: 100 }) };
      const { code, stderr } = await runOn(db, cwd, ['seed'], few);
      assert.equal(code, 0, stderr);
      assert.deepEqual(await db.query(CATALOG), before);
    }),
  );
});

test('killed with indexes and keys off, a reset begins anew', async () => {
  await withTempFolder((cwd) =>
    withDatabase(newest, async (db) => {
      const pristine = await db.query(CATALOG);
      await db.query(NAPS);
      await killSeed(db, cwd, 'constraint');
      const few = { ...SEED, ...volumes({ pacientes: 100, exames: 100 }) };
      const { code, stderr } = await runOn(db, cwd, ['reset', '--yes'], few);
      assert.equal(code, 0, stderr);
      assert.deepEqual(await db.query(CATALOG), pristine);
      await requireClean(db, cwd);
    }),
  );
});

test('SIGINT in a COPY puts indexes and keys back before the end', async () => {
  await withTempFolder((cwd) =>
    withDatabase(newest, async (db) => {
      await db.query(`${EXTRAS}; ${NAPS}`);
      const before = await db.query(CATALOG);
      const { code, stderr, stdout } = await duringCopy(db, cwd, ({ child, ended }) => {
        child.kill('SIGINT');
        return ended();
      });
      // The chunks in flight may have been the last ones.
      const missing = totalOf(ROWS) - totalOf(await countTables(db));
      assert.equal(code, missing > 0 ? 130 : 0, stderr);
      assert.match(stderr, BUILDING);
      assert.deepEqual(JSON.parse(stdout).tables, await countTables(db));
      assert.ok(totalOf(await countTables(db)) > 0);
      assert.deepEqual(await db.query(CATALOG), before);
    }),
  );
});
