import assert from 'node:assert/strict';
import test from 'node:test';
import { startCli } from '../../helpers/cli.js';
import { startServers } from '../../helpers/server.js';
import { waitFor } from '../../helpers/wait-for.js';
import { EXTENSION, run, type Workspace, withExtendedWorkspace } from '../../helpers/workspace.js';

const servers = await startServers({ settings: { max_prepared_transactions: '20' } });

const HAZARDS = [
  ...['rollback=10%', 'savepoints=10%', 'hot-keys=30%', 'same-row=10%', 'out-of-order', 'copy=5%'],
  ...['unchanged-toast=10%', 'two-phase=30%', 'message=10%'],
  ...['key-change=500ms', 'huge=2000/1s', 'long=500ms/1s', 'truncate=500ms', 'ddl=500ms'],
].flatMap((hazard) => ['--hazard', hazard]);

/** The hazards above that all happen within seconds. */
const SURE = ['hot-keys', 'two-phase', 'truncate', 'ddl'];

const STREAM = [
  ...['stream', ...EXTENSION, '--rate', '400', '--batch-size', '10', '--workers', '4', '--json'],
  ...HAZARDS,
];

/** `ledger check` of a run must find nothing. Returns what it printed. */
async function requireHeld(workspace: Workspace, id: string) {
  const args = ['ledger', 'check', id, '--json', '--lang', 'en'];
  const { code, stdout, stderr } = await run(workspace, args);
  assert.equal(code, 0, stdout + stderr);
  const document = JSON.parse(stdout);
  assert.deepEqual(document.problems.count, 0);
  for (const name of SURE) assert.ok(document.hazards.times[name] > 0, `${name} did not happen`);
  return document;
}

async function prepared({ db }: Workspace): Promise<string[]> {
  const rows = await db.query<{ gid: string }>(
    `SELECT gid FROM pg_prepared_xacts WHERE gid LIKE 'oltp-simulator/%'`,
  );
  return rows.map(({ gid }) => gid);
}

async function countOf({ db }: Workspace, table: string): Promise<number> {
  const [row] = await db.query<{ count: number }>(`SELECT count(*)::int FROM ${table}`);
  return row?.count ?? 0;
}

for (const server of servers) {
  test(`${server.version}: runs with hazards agree with their database, also one that was killed with its server`, () =>
    withExtendedWorkspace(server, async (workspace) => {
      const streamed = await run(workspace, [...STREAM, '--duration', '3s']);
      assert.equal(streamed.code, 0, streamed.stderr);
      const { run_id: first } = JSON.parse(streamed.stdout);
      assert.deepEqual(await prepared(workspace), []);
      const { summary_agrees } = await requireHeld(workspace, first);
      assert.equal(summary_agrees, true);

      const before = await countOf(workspace, 'exames');
      const { child, ended } = startCli([...STREAM, '--duration', '60s'], workspace);
      const isBusy = async () => (await countOf(workspace, 'exames')) > before + 4_000;
      await waitFor(isBusy);
      // A process that is stopped leaves prepared what it has prepared.
      await waitFor(async () => {
        child.kill('SIGSTOP');
        if ((await prepared(workspace)).length > 0 && (await prepared(workspace)).length > 0) {
          return true;
        }
        child.kill('SIGCONT');
        return false;
      });
      child.kill('SIGKILL');
      await ended();
      await server.stop('immediate');
      await server.start();
      const orphans = await prepared(workspace);
      assert.ok(orphans.length > 0);
      const args = ['ledger', 'resolve', '--json', '--lang', 'en'];
      const { code, stdout, stderr } = await run(workspace, args);
      assert.equal(code, 0, stdout + stderr);
      const { finished, run: second } = JSON.parse(stdout);
      assert.equal(finished, orphans.length);
      assert.deepEqual(await prepared(workspace), []);
      const { transactions } = await requireHeld(workspace, second);
      assert.equal(transactions.open + transactions.unknown, 0);

      // The rows of the first run that the second one changed, truncated or wrote anew are explained.
      const { changed_since } = await requireHeld(workspace, first);
      assert.ok(changed_since.count > 0);
    }));
}
