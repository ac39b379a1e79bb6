import assert from 'node:assert/strict';
import test from 'node:test';
import { connect } from '../../../src/postgres/connect.js';
import { identify } from '../../../src/postgres/identity.js';
import { endBackend } from '../../../src/postgres/in-doubt.js';
import type { ConnectionTarget } from '../../../src/postgres/target.js';
import { runCli } from '../../helpers/cli.js';
import { withDatabase } from '../../helpers/database.js';
import { noPooler, withPooler } from '../../helpers/pgbouncer.js';
import { startServer } from '../../helpers/server.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { envOf } from '../../helpers/test-target.js';

const server = await startServer(18);
const skip = noPooler;

/** A target's database through the pooler. */
const through = (target: ConnectionTarget, port: number): ConnectionTarget => ({ ...target, port });

for (const mode of ['transaction', 'statement'] as const) {
  test(`a pooler in ${mode} mode is refused at the start, and nothing is left on its connections`, {
    skip,
  }, async () => {
    await withDatabase(server, (db) =>
      withPooler(server, mode, async (port) => {
        const target = through(db.target, port);
        for (const command of ['init-db', 'doctor', 'seed', 'stream', 'check', 'counts']) {
          await withTempFolder(async (cwd) => {
            const env = { ...envOf(target), APP_LANG: 'en' };
            const result = await runCli([command], { cwd, env });
            assert.equal(result.code, 4, result.stderr);
            assert.match(result.stderr, /a connection pooler answers at .* from transaction to/);
          });
        }
        const rows = await server.query<{ locks: number; readable: number }>(
          `SELECT count(*)::int AS locks FROM pg_locks l JOIN pg_database d ON d.oid = l.database
            WHERE d.datname = $1 AND locktype = 'advisory'`,
          [db.name],
        );
        assert.equal(rows[0]?.locks, 0);
      }),
    );
  });
}

test('a pooler that keeps a session for each client is accepted', { skip }, async () => {
  await withDatabase(server, (db) =>
    withPooler(server, 'session', async (port) => {
      await withTempFolder(async (cwd) => {
        const env = { ...envOf(through(db.target, port)), SEED_MIN_ROWS: '0', APP_LANG: 'en' };
        const seed = await runCli(['seed', '--scale', '0.01'], { cwd, env });
        assert.equal(seed.code, 0, seed.stderr);
        const stream = await runCli(['stream', '--max-events', '50', '--rate', 'max'], {
          cwd,
          env,
        });
        assert.equal(stream.code, 0, stream.stderr);
        const check = await runCli(['ledger', 'check'], { cwd, env });
        assert.equal(check.code, 0, check.stderr);
      });
    }),
  );
});

test("a parameter or database that a pooler lacks is reported as the pooler's", {
  skip,
}, async () => {
  await withPooler(server, 'session', (port) =>
    withTempFolder(async (cwd) => {
      const url = (rest: string) => ({
        DATABASE_URL: `postgresql://postgres@127.0.0.1:${port}/${rest}`,
        APP_LANG: 'en',
      });
      const options = await runCli(['counts'], { cwd, env: url('postgres?options=-cjit%3Doff') });
      assert.equal(options.code, 4, options.stderr);
      assert.match(options.stderr, /a connection pooler .* does not support what .*options/);
      const missing = await runCli(['counts'], { cwd, env: url('nope') });
      assert.equal(missing.code, 4, missing.stderr);
      assert.match(missing.stderr, /no database "nope".*DATABASE_URL/);
    }),
  );
});

test("a pooler's server process is never ended: it may serve another client by now", {
  skip,
}, async () => {
  await withDatabase(server, (db) =>
    withPooler(server, 'session', async (port) => {
      const target = through(db.target, port);
      // The pooler gives the process to another client after the first one is lost.
      const lent = await connect(target);
      const direct = await connect(db.target);
      try {
        const { backend } = await identify(lent);
        assert.equal(backend.pooled, true);
        assert.equal(await endBackend(direct, backend, 0), false);
        assert.equal((await identify(lent)).backend.pid, backend.pid);
        assert.equal((await identify(direct)).backend.pooled, undefined);
      } finally {
        await lent.end();
        await direct.end();
      }
    }),
  );
});
