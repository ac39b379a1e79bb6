import assert from 'node:assert/strict';
import test from 'node:test';
import { startServers } from '../../helpers/server.js';
import { lastTotals, streamAudited, totalEvents } from '../../helpers/stream-run.js';
import { countTables, requireClean, run, withBareWorkspace } from '../../helpers/workspace.js';
import { volumes } from '../seed/seeding.js';

const servers = await startServers();
const newest = servers.at(-1)!;

for (const server of servers) {
  const { version } = server;

  test(`${version}: in an empty database the stream makes parents first, and goes on`, async () => {
    await withBareWorkspace(server, async (workspace) => {
      await workspace.db.query('DELETE FROM convenios');
      const args = [
        '--rate',
        'max',
        '--max-events',
        '1000',
        '--batch-size',
        '10',
        '--workers',
        '6',
      ];
      const { summary, stderr } = await streamAudited(workspace, args);
      assert.equal(summary.events, 1000);
      assert.deepEqual(summary.rejected, {});
      const counts = await countTables(workspace.db);
      for (const [table, rows] of Object.entries(counts)) assert.ok(rows > 0, table);
      for (const [table, total] of lastTotals(stderr)) assert.equal(total, counts[table], table);
      await requireClean(workspace);
    });
  });
}

test('one event type alone makes no more parents than its workers need', async () => {
  await withBareWorkspace(newest, async (workspace) => {
    const args = ['--rate', 'max', '--max-events', '400', '--batch-size', '1', '--workers', '3'];
    const { summary } = await streamAudited(workspace, [...args, '--only', 'consulta']);
    assert.equal(summary.events, 400);
    const { pacientes, medicos, consultas } = summary.rows;
    for (const { insert } of [pacientes!, medicos!])
      assert.ok(insert >= 1 && insert <= 3, `${insert}`);
    assert.ok(consultas!.insert > 300);
    await requireClean(workspace);
  });
});

test('links go on when every patient has the most links that a patient may have', async () => {
  await withBareWorkspace(newest, async (workspace) => {
    // More convênios than a patient may have, so that the rule is the limit.
    const { code, stderr } = await run(
      workspace,
      ['seed'],
      volumes({ pacientes: 2, convenios: 9 }),
    );
    assert.equal(code, 0, stderr);
    const args = ['--rate', 'max', '--batch-size', '7', '--workers', '3', '--only', 'vinculo'];
    const inserts = ['--update-ratio', '0', '--delete-ratio', '0', '--max-events', '300'];
    const { summary } = await streamAudited(workspace, [...args, ...inserts]);
    assert.equal(totalEvents(summary.rows, 'insert'), 300);
    // Workers compete for the same few patients, and must not deadlock.
    assert.equal(summary.retries, 0);
    const { pacientes = 0, pacientes_convenios: links = 0 } = await countTables(workspace.db);
    assert.ok(pacientes > 2, 'nobody new came');
    assert.ok(links > 6 && links <= 3 * pacientes, `${links} links of ${pacientes}`);
    await requireClean(workspace);
  });
});
