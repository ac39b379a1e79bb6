import assert from 'node:assert/strict';
import test from 'node:test';
import { schemaWith } from '../../../src/schemas/index.js';
import { startServers } from '../../helpers/server.js';
import { stream } from '../../helpers/stream-run.js';
import { countTables, type Workspace, withWorkspace } from '../../helpers/workspace.js';

const { tables } = schemaWith([]);
for (const server of await startServers()) {
  test(`${server.version}: until its first batch is due a run writes nothing and takes no id`, async () => {
    await withWorkspace(server, async (workspace) => {
      const before = await stateOf(workspace);
      const args = ['--workers', '7', '--stage', 'constant:0.001/100ms', '--update-ratio', '0.3'];
      const { summary } = await stream(workspace, args);
      assert.equal(summary.events, 0);
      assert.deepEqual(await stateOf(workspace), before);
    });
  });
}

/** Rows, the last values of the sequences, and the number of transactions that wrote (vacuum may be one of them). */
async function stateOf(workspace: Workspace) {
  const counts = await countTables(workspace.db);
  const sequences = await workspace.db.query<{ name: string; last: string | null }>(
    'SELECT sequencename AS name, last_value AS last FROM pg_sequences ORDER BY sequencename',
  );
  const [dead] = await workspace.db.query<{ rows: string }>(
    `SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) AS rows FROM pg_stat_user_tables
      WHERE relname = ANY ($1)`,
    [tables.names],
  );
  return { counts, sequences, written: dead?.rows };
}
