import assert from 'node:assert/strict';
import test from 'node:test';
import { initDb, runScript } from '../../src/database/scripts.js';
import { connect, withConnection } from '../../src/postgres/connect.js';
import { readTableOids } from '../../src/postgres/table-oids.js';
import { schemaWith } from '../../src/schemas/index.js';
import { areTakenOff, takeOff } from '../../src/seed/indexes.js';
import { joinStream } from '../../src/seed/locks.js';
import { runCli, startCli } from '../helpers/cli.js';
import { withDatabase } from '../helpers/database.js';
import { startServer } from '../helpers/server.js';
import { summaryOf } from '../helpers/stream-run.js';
import { withTempFolder } from '../helpers/temp-folder.js';
import { envOf } from '../helpers/test-target.js';
import { waitFor } from '../helpers/wait-for.js';
import { run, type Workspace, withPlainWorkspace, withWorkspace } from '../helpers/workspace.js';

const server = await startServer(18);

const LOAD = ['stream', '--json', '--workers', '4', '--batch-size', '10'];
/** Warnings before the run ends; a run that went on with other tables would log one for each row. */
const MOST_WARNINGS = 4;

/** Runs a stream in a workspace, and `body` once it has written something. */
async function whileStreaming(
  workspace: Workspace,
  args: readonly string[],
  body: () => Promise<unknown>,
) {
  const cli = startCli([...LOAD, ...args], workspace);
  try {
    await cli.until(/ - \w+: inserted/);
    await body();
    return { cli, ended: () => cli.ended() };
  } catch (error) {
    cli.child.kill('SIGKILL');
    throw error;
  }
}

test('reset refuses while a stream is at these tables, also a paused one, and not of another database', () =>
  withWorkspace(server, async (workspace) => {
    const { cli } = await whileStreaming(workspace, ['--rate', '200'], async () => {
      const refused = await run(workspace, ['reset', '--yes']);
      assert.equal(refused.code, 4, refused.stderr);
      assert.match(refused.stderr, /a stream is writing to these tables \(server processes \d+,/);
      await run(workspace, ['pause']);
      assert.equal((await run(workspace, ['reset', '--yes'])).code, 4);
      await run(workspace, ['resume']);
    });
    await withDatabase(server, (other) =>
      withTempFolder(async (cwd) => {
        const env = { APP_LANG: 'en', ...envOf(other.target) };
        const done = await runCli(['reset', '--yes', '--scale', '0.1'], { cwd, env });
        assert.equal(done.code, 0, done.stderr);
      }),
    );
    cli.child.kill('SIGINT');
    const summary = summaryOf(await cli.ended());
    assert.equal(summary.rejected['23503'], undefined);
    const done = await run(workspace, ['reset', '--yes', '--scale', '0.1']);
    assert.equal(done.code, 0, done.stderr);
  }));

test('a stream does not begin while somebody rebuilds the tables', () =>
  withWorkspace(server, async (workspace) => {
    const rebuilding = await connect(workspace.db.target);
    try {
      const { rows } = await rebuilding.query<{ locked: boolean }>(
        `SELECT pg_try_advisory_lock(${0x7374726d}, 'pacientes'::regclass::oid::int) AS locked`,
      );
      assert.equal(rows[0]?.locked, true);
      const refused = await run(workspace, ['stream', '--max-events', '10', '--rate', 'max']);
      assert.equal(refused.code, 4);
      assert.match(refused.stderr, /is rebuilding these tables/);
    } finally {
      await rebuilding.end();
    }
  }));

test('indexes are neither taken off nor put back while a stream has the tables', () =>
  withPlainWorkspace(server, async (workspace) => {
    await withConnection(workspace.db.target, (client) =>
      // Another session may be about to end.
      waitFor(() => takeOff(client, schemaWith([]).tables), {
        what: 'the database to be left alone',
      }),
    );
    const streaming = await connect(workspace.db.target);
    try {
      const tables = await readTableOids(streaming, schemaWith([]).tables);
      await waitFor(() => joinStream(streaming, tables), { what: 'the lock of the seed to end' });
      for (const command of ['init-db', 'seed']) {
        const refused = await run(workspace, [command]);
        assert.equal(refused.code, 4, refused.stderr);
        assert.match(refused.stderr, /a stream is writing to these tables \(server process \d+\)/);
      }
      assert.equal(await areTakenOff(streaming), true);
    } finally {
      await streaming.end();
    }
    assert.equal((await run(workspace, ['init-db'])).code, 0);
  }));

test('a stream whose tables are made anew under it ends with one sentence', () =>
  withWorkspace(server, async (workspace) => {
    const { ended } = await whileStreaming(workspace, ['--rate', 'max'], () =>
      withConnection(workspace.db.target, async (client) => {
        // Where this session and a worker wait for each other, the worker looks after 1 s, and is the one that fails. A
        // worker that waited before this session did has looked in vain: this one fails, and its script runs again.
        await client.query("SET deadlock_timeout = '3s'");
        await runScript(client, '99_drop_all.sql');
        await initDb(client, workspace.db.target, schemaWith([]));
      }),
    );
    const { code, stdout, stderr } = await ended();
    assert.equal(code, 4, stderr);
    assert.equal(JSON.parse(stdout).stopped_by, 'critical');
    const errors = stderr.split('\n').filter((line) => line.includes(' ERROR '));
    assert.equal(errors.length, 1, stderr);
    assert.match(errors[0] ?? '', /tables of the database .* (were dropped|are not the ones)/);
    // Before they are gone, whoever drops them and the stream may have to wait for each other.
    const warnings = (stderr.match(/ WARNING .* \[stream\].*/g) ?? []).filter(
      (line) => !/40P01/.test(line),
    );
    assert.ok(warnings.length <= MOST_WARNINGS, stderr);
  }));

test('a table that the events only refer to is missed, too', () =>
  withWorkspace(server, async (workspace) => {
    const args = ['--rate', '100', '--only', 'consulta'];
    const { ended } = await whileStreaming(workspace, args, () =>
      workspace.db.query('DROP TABLE medicos CASCADE'),
    );
    const { code, stderr } = await ended();
    assert.equal(code, 4, stderr);
    // By whoever meets it first: a statement, or the look of every second.
    assert.match(
      stderr,
      / ERROR .*(dropped or created again during the run \(medicos\)|medicos.* does not exist)/,
    );
  }));
