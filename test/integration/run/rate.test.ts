import assert from 'node:assert/strict';
import test from 'node:test';
import { schemaWith } from '../../../src/schemas/index.js';
import { auditedRows, clearAudit } from '../../helpers/audit.js';
import { startCli } from '../../helpers/cli.js';
import { startServer } from '../../helpers/server.js';
import { lastTotals, streamAudited, totalEvents } from '../../helpers/stream-run.js';
import {
  countTables,
  requireClean,
  type Workspace,
  withWorkspace,
} from '../../helpers/workspace.js';

const QUANTILES = ['p50', 'p90', 'p99', 'p999', 'max'] as const;

const { tables } = schemaWith([]);
const server = await startServer(18);

test('at a rate the summary, the log and the tables agree', async () => {
  await withWorkspace(server, async (workspace) => {
    const args = ['--rate', '200', '--duration', '5s', '--workers', '4', '--batch-size', '10'];
    const { summary, stderr } = await streamAudited(workspace, args);
    assert.equal(summary.target_rate, 200);
    assert.ok(Math.abs(summary.achieved_rate / 200 - 1) < 0.01, String(summary.achieved_rate));
    assert.ok(Math.abs(summary.seconds - 5) < 0.5, String(summary.seconds));
    assert.equal(summary.events, 1000);
    assert.equal(summary.workers, 4);
    assert.equal(summary.batch_size, 10);
    assert.equal(summary.stopped_by, 'duration');
    assert.deepEqual(summary.rejected, {});
    assert.deepEqual([summary.retries, summary.reconnects], [0, 0]);
    assert.deepEqual(
      { ...summary.transactions, committed: 0, rolled_back: 0 },
      { committed: 0, rolled_back: 0, in_doubt: 0, settled: 0 },
    );
    const { response, service } = summary.latency_ms;
    for (const q of QUANTILES) {
      assert.ok((service[q] ?? 0) > 0, `service ${q}: ${service[q]}`);
      assert.ok((response[q] ?? 0) >= (service[q] ?? 0), `${q}: ${response[q]} < ${service[q]}`);
    }

    const counts = await countTables(workspace.db);
    const totals = lastTotals(stderr);
    assert.ok(totals.size >= 5, stderr);
    for (const [table, total] of totals) assert.equal(total, counts[table], table);
    await requireClean(workspace);
  });
});

test('SIGINT lets the batches in flight finish: code 0, and every row is accounted for', async () => {
  await withWorkspace(server, async (workspace) => {
    const before = await countTables(workspace.db);
    await clearAudit(workspace.db);
    const running = startStream(workspace, ['--rate', 'max', '--batch-size', '20']);
    await running.until(/consultas: inserted/);
    running.child.kill('SIGINT');
    const { code, stdout, stderr } = await running.ended();
    assert.equal(code, 0, stderr);
    const { rows, events, stopped_by, target_rate } = JSON.parse(stdout);
    assert.deepEqual([stopped_by, target_rate], ['signal', null]);
    assert.deepEqual(rows, await auditedRows(workspace.db));
    assert.equal(events, totalEvents(rows));
    const after = await countTables(workspace.db);
    for (const table of tables.names) {
      assert.equal(
        after[table]! - before[table]!,
        rows[table]!.insert - rows[table]!.delete,
        table,
      );
    }
  });
});

test('two streams at once disturb neither each other nor the rules', async () => {
  await withWorkspace(server, async (workspace) => {
    await clearAudit(workspace.db);
    const args = ['--rate', 'max', '--max-events', '1500', '--batch-size', '20'];
    // The same rng: only the ids tell their rows apart.
    const both = [startStream(workspace, args), startStream(workspace, args)];
    const results = await Promise.all(both.map((running) => running.ended()));
    const audited = await auditedRows(workspace.db);
    const summaries = results.map(({ code, stdout, stderr }) => {
      assert.equal(code, 0, stderr);
      return JSON.parse(stdout);
    });
    for (const { events, rejected } of summaries) {
      assert.equal(events, 1500);
      assert.deepEqual(rejected, {});
    }
    for (const table of tables.names) {
      for (const operation of ['insert', 'update', 'delete'] as const) {
        const reported = summaries.reduce((sum, { rows }) => sum + rows[table][operation], 0);
        assert.equal(reported, audited[table]![operation], `${operation} ${table}`);
      }
    }
    await requireClean(workspace);
  });
});

function startStream({ cwd, env }: Workspace, args: readonly string[]) {
  return startCli(['stream', '--json', ...args], { cwd, env });
}
