import assert from 'node:assert/strict';
import test from 'node:test';
import { connect } from '../../../src/postgres/connect.js';
import { startCli } from '../../helpers/cli.js';
import { withDatabase } from '../../helpers/database.js';
import { startServer } from '../../helpers/server.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { envOf } from '../../helpers/test-target.js';

const server = await startServer(18);

test("another session's lock is named while a command waits for it", async () => {
  await withDatabase(server, (db) =>
    withTempFolder(async (cwd) => {
      const holder = await connect({ ...db.target, applicationName: 'migration' });
      try {
        await holder.query('BEGIN; LOCK TABLE pacientes IN ACCESS EXCLUSIVE MODE');
        const env = { ...envOf(db.target), APP_LANG: 'en' };
        const counts = startCli(['counts'], { cwd, env });
        await counts.until(
          /waited \d+ s for a lock on pacientes held by process \d+ \(migration, idle in transaction\).*lock_timeout is 0/,
        );
        await holder.query('COMMIT');
        assert.equal((await counts.ended()).code, 0);
      } finally {
        await holder.end();
      }
    }),
  );
});

test('a COMMIT that waits for an absent standby is reported, and Ctrl+C ends a seed that hangs on it', async () => {
  await withDatabase(server, (db) =>
    withTempFolder(async (cwd) => {
      const sync = async (names: string) => {
        await server.query(`ALTER SYSTEM SET synchronous_standby_names = '${names}'`);
        await server.query('SELECT pg_reload_conf()');
      };
      await sync('ghost');
      try {
        const env = { ...envOf(db.target), APP_LANG: 'en' };
        const seed = startCli(['seed'], { cwd, env });
        await seed.until(/COMMIT has waited .* synchronous_standby_names is "ghost"/);
        seed.child.kill('SIGINT');
        const { code, stderr } = await seed.ended();
        assert.equal(code, 130, stderr);
        assert.match(stderr, /has made no progress for 1\.5 s/);
      } finally {
        await sync('');
        await server.terminateBackends(db.name);
      }
    }),
  );
});
