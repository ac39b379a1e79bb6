import assert from 'node:assert/strict';
import test from 'node:test';
import { auditedTransactions } from '../../helpers/audit.js';
import { startServer } from '../../helpers/server.js';
import { streamAudited } from '../../helpers/stream-run.js';
import { requireClean, withWorkspace } from '../../helpers/workspace.js';

const server = await startServer(18);

const RUNS: Readonly<Record<string, readonly string[]>> = {
  'one worker, as fast as it goes': ['--rate', 'max', '--workers', '1'],
  'three workers, as fast as it goes': ['--rate', 'max', '--workers', '3'],
  'eight workers, as fast as it goes': ['--rate', 'max', '--workers', '8'],
  'three workers, at a rate': ['--rate', '4000', '--workers', '3'],
  'eight workers, in cycles': ['--interval', '0.02', '--jitter', '5', '--workers', '8'],
};

test('1,000 events are exactly 1,000, at every pace, with one worker or many', async () => {
  await withWorkspace(server, async (workspace) => {
    for (const [name, args] of Object.entries(RUNS)) {
      const { summary } = await streamAudited(workspace, [...args, '--max-events', '1000']);
      assert.equal(summary.events, 1000, name);
      assert.equal(summary.stopped_by, 'max-events', name);
    }
    await requireClean(workspace);
  });
});

test('a batch is one transaction: of one event, of many, or of the rest before a limit', async () => {
  await withWorkspace(server, async (workspace) => {
    const run = async (batchSize: string) => {
      const args = ['--rate', 'max', '--max-events', '230', '--workers', '1', '--only', 'exame'];
      const { summary } = await streamAudited(workspace, [...args, '--batch-size', batchSize]);
      const { exames, ...others } = summary.rows;
      assert.equal(exames!.insert + exames!.update + exames!.delete, 230);
      for (const [table, rows] of Object.entries(others)) {
        assert.deepEqual(rows, { insert: 0, update: 0, delete: 0 }, table);
      }
      return auditedTransactions(workspace.db);
    };
    assert.deepEqual(new Set(await run('1')), new Set([1]));
    assert.deepEqual(await run('50'), [30, 50, 50, 50, 50]);
    assert.deepEqual(await run('5000'), [230]);
  });
});

test('the first limit to be reached ends the run', async () => {
  await withWorkspace(server, async (workspace) => {
    const args = ['--rate', '500', '--workers', '3', '--batch-size', '5'];
    const few = await streamAudited(workspace, [
      ...args,
      '--max-events',
      '200',
      '--duration',
      '60s',
    ]);
    assert.deepEqual([few.summary.events, few.summary.stopped_by], [200, 'max-events']);
    const short = await streamAudited(workspace, [
      ...args,
      '--max-events',
      '9999',
      '--duration',
      '1s',
    ]);
    assert.deepEqual([short.summary.events, short.summary.stopped_by], [500, 'duration']);
  });
});
