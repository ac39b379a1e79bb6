import assert from 'node:assert/strict';
import test from 'node:test';
import { startServer } from '../../helpers/server.js';
import { auditedTransactions } from './audit.js';
import { requireClean, streamAudited, withWard } from './streaming.js';

const server = await startServer(18);

const WORKERS = ['1', '3', '8'];

const PACES: Readonly<Record<string, readonly string[]>> = {
  'as fast as it goes': ['--rate', 'max'],
  'at a rate': ['--rate', '4000'],
  'in cycles': ['--interval', '0.02', '--jitter', '5'],
};

for (const [pace, args] of Object.entries(PACES)) {
  test(`1,000 events ${pace} are exactly 1,000, with one worker or many`, async () => {
    await withWard(server, async (ward) => {
      for (const workers of WORKERS) {
        const limit = ['--max-events', '1000', '--workers', workers];
        const { summary } = await streamAudited(ward, [...args, ...limit]);
        assert.equal(summary.events, 1000, `${workers} workers`);
        assert.equal(summary.stopped_by, 'max-events');
        assert.equal(summary.workers, Number(workers));
      }
      await requireClean(ward);
    });
  });
}

test('a batch is one transaction: of one event, of many, or of what a limit leaves', async () => {
  await withWard(server, async (ward) => {
    const run = async (batchSize: string, more: readonly string[] = []) => {
      const base = ['--rate', 'max', '--max-events', '230', '--workers', '1', '--only', 'exame'];
      const { summary } = await streamAudited(ward, [...base, '--batch-size', batchSize, ...more]);
      assert.equal(summary.events, 230);
      return auditedTransactions(ward.db);
    };
    assert.deepEqual(new Set(await run('1')), new Set([1]));
    assert.deepEqual(await run('50'), [30, 50, 50, 50, 50]);
    assert.deepEqual(await run('231'), [230]);
    assert.deepEqual(await run('5000', ['--update-ratio', '0.5']), [230]);
  });
});

test('--only leaves the tables of other event types alone', async () => {
  await withWard(server, async (ward) => {
    const args = ['--rate', 'max', '--max-events', '300', '--only', 'exame,internacao'];
    const { summary } = await streamAudited(ward, args);
    const { exames, internacoes, ...others } = summary.rows;
    for (const rows of [exames, internacoes]) assert.ok(rows.insert > 0);
    for (const [table, rows] of Object.entries(others)) {
      assert.deepEqual(rows, { insert: 0, update: 0, delete: 0 }, table);
    }
  });
});

test('whichever limit comes first ends the run', async () => {
  await withWard(server, async (ward) => {
    const args = ['--rate', '500', '--workers', '3', '--batch-size', '5'];
    const few = await streamAudited(ward, [...args, '--max-events', '200', '--duration', '60s']);
    assert.deepEqual([few.summary.events, few.summary.stopped_by], [200, 'max-events']);
    const short = await streamAudited(ward, [...args, '--max-events', '9999', '--duration', '1s']);
    assert.deepEqual([short.summary.events, short.summary.stopped_by], [500, 'duration']);
  });
});
