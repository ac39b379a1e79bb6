import assert from 'node:assert/strict';
import test from 'node:test';
import { assertExact, assertExactButDoubts } from '../helpers/audit.js';
import type { TestDatabase } from '../helpers/database.js';
import { startServer } from '../helpers/server.js';
import { type StreamRun, summaryOf, withStream } from '../helpers/stream-run.js';
import { waitFor } from '../helpers/wait-for.js';

const server = await startServer(18, { durable: true });

const BATCH = 5;
const LOAD = ['--rate', 'max', '--workers', '3', '--batch-size', String(BATCH)];

test('a server that stays away ends the run when the attempts are used up', async () => {
  await withStream(
    server,
    LOAD,
    async ({ db, cli, progress }) => {
      await progress(100);
      await server.stop('fast');
      const result = await cli.ended();
      await server.start();
      const summary = summaryOf(result, 3);
      await assertExactButDoubts(db, summary, BATCH);
      assert.equal(summary.stopped_by, 'critical');
      assert.match(
        result.stderr,
        /ERROR .* perda de conexão — tentando reconectar em [\d,]+s \(tentativa 3\/3\)/,
      );
      assert.doesNotMatch(result.stderr, /tentativa 4/);
      assert.match(
        result.stderr,
        /conexão perdida e não recuperada \(.+\); a execução foi encerrada/,
      );
    },
    { env: { STREAM_RECONNECT_ATTEMPTS: '3' } },
  );
});

test('without fail-fast a run goes on trying until it is told to stop', async () => {
  await withStream(
    server,
    LOAD,
    async ({ db, cli, progress, interrupt }) => {
      await progress(100);
      await server.stop('fast');
      await cli.until(/tentativa 6\)/);
      const result = await interrupt();
      await server.start();
      const summary = summaryOf(result);
      await assertExactButDoubts(db, summary, BATCH);
      assert.equal(summary.stopped_by, 'signal');
    },
    { env: { STREAM_RECONNECT_ATTEMPTS: '3', STREAM_FAIL_FAST: 'false' } },
  );
});

test('without fail-fast a run ends when its time is over, also while the server is away', async () => {
  await withStream(
    server,
    [...LOAD, '--duration', '3'],
    async ({ db, cli, progress }) => {
      await progress(100);
      await server.stop('fast');
      const summary = summaryOf(await cli.ended());
      await server.start();
      await assertExactButDoubts(db, summary, BATCH);
      assert.equal(summary.stopped_by, 'duration');
    },
    { env: { STREAM_FAIL_FAST: 'false' } },
  );
});

test('a server that takes connections and fails every batch uses the attempts up as well', async () => {
  const failing = async (db: TestDatabase) => {
    await db.query(`CREATE FUNCTION audit.fail() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION 'disk full' USING ERRCODE = '53100'; END $$`);
    await db.query(`CREATE TRIGGER fail BEFORE INSERT ON pacientes
      FOR EACH ROW EXECUTE FUNCTION audit.fail()`);
  };
  await withStream(
    server,
    LOAD,
    async ({ db, cli }) => {
      const result = await cli.ended();
      await assertExact(db, summaryOf(result, 3));
      assert.match(result.stderr, /tentativa 3\/3/);
    },
    { prepare: failing, env: { STREAM_RECONNECT_ATTEMPTS: '3' } },
  );
});

/** What makes going on pointless, the exit code that follows, and the sentence. */
const HOPELESS: Readonly<Record<string, [(run: StreamRun) => Promise<unknown>, number, RegExp]>> = {
  'a table that is dropped': [
    ({ db }) => db.query('DROP TABLE exames'),
    4,
    /o servidor recusa o trabalho: .*exames/,
  ],
  'privileges that are revoked': [
    ({ db }) => db.query('REVOKE INSERT ON consultas FROM simulador'),
    4,
    /o servidor recusa o trabalho: .*simulador.*consultas/,
  ],
  'a password that is changed': [
    async ({ db }) => {
      await db.query(`ALTER ROLE simulador PASSWORD 'outra'`);
      await server.stop('fast');
      await server.start();
    },
    3,
    /o servidor recusa o trabalho: .*senha.*simulador/,
  ],
};

for (const [what, [disturb, code, sentence]] of Object.entries(HOPELESS)) {
  test(`${what} amid the run ends it at once with one sentence`, async () => {
    const grant = async (db: TestDatabase) => {
      await db.query('DROP ROLE IF EXISTS simulador');
      await db.query(`CREATE ROLE simulador LOGIN PASSWORD 'segredo'`);
      await db.query(`GRANT ALL ON SCHEMA public, audit TO simulador`);
      await db.query(`GRANT ALL ON ALL TABLES IN SCHEMA public, audit TO simulador`);
      await db.query(`GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO simulador`);
    };
    await withStream(
      server,
      LOAD,
      async (run) => {
        await run.progress(100);
        await disturb(run);
        const result = await run.cli.ended();
        const summary = summaryOf(result, code);
        assert.equal(summary.stopped_by, 'critical');
        assert.match(result.stderr, sentence);
        assert.equal(result.stderr.split('recusa o trabalho').length - 1, 1);
        assert.ok(!result.stderr.includes('segredo'));
        // A server that turns us away cannot be asked what became of a COMMIT.
        if (code === 3) await assertExactButDoubts(run.db, summary, BATCH);
        else await assertExact(run.db, summary);
        await waitFor(() => run.cli.child.exitCode === code);
        await run.db.query('DROP OWNED BY simulador');
      },
      { prepare: grant, through: { user: 'simulador', password: 'segredo' } },
    );
  });
}
