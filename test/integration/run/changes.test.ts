import assert from 'node:assert/strict';
import test from 'node:test';
import { schemaWith } from '../../../src/schemas/index.js';
import { auditedUpdates } from '../../helpers/audit.js';
import { startServer } from '../../helpers/server.js';
import { streamAudited, totalEvents } from '../../helpers/stream-run.js';
import { requireClean, withWorkspace } from '../../helpers/workspace.js';

const { tables } = schemaWith([]);
const server = await startServer(18);

const ratios = (update: string, remove: string) => [
  '--rate',
  'max',
  '--batch-size',
  '25',
  ...['--update-ratio', update, '--delete-ratio', remove],
];

test('updates and deletes come in the configured shares', async () => {
  await withWorkspace(server, async (workspace) => {
    // Links: all of them may be changed and deleted, so that chance alone decides.
    const args = [...ratios('0.5', '0.3'), '--max-events', '1000', '--only', 'vinculo'];
    const { summary } = await streamAudited(workspace, args);
    // Four standard deviations of 1,000 draws are 0.063 and 0.058.
    const share = (operation: 'update' | 'delete') =>
      totalEvents(summary.rows, operation) / summary.events;
    assert.ok(Math.abs(share('update') - 0.5) < 0.065, String(share('update')));
    assert.ok(Math.abs(share('delete') - 0.3) < 0.06, String(share('delete')));

    const none = await streamAudited(workspace, [...ratios('0', '0'), '--max-events', '200']);
    assert.equal(totalEvents(none.summary.rows, 'insert'), 200);
    await requireClean(workspace);
  });
});

test('an update moves a row to its next state', async () => {
  await withWorkspace(server, async (workspace) => {
    const args = [...ratios('0.5', '0.3'), '--max-events', '2000'];
    const { summary } = await streamAudited(workspace, args);
    for (const table of ['consultas', 'exames', 'internacoes', 'pacientes'] as const) {
      assert.ok(summary.rows[table]!.update > 0, table);
      assert.ok(summary.rows[table]!.delete > 0, table);
    }
    assert.ok(summary.rows.pacientes_convenios!.update > 0);

    for (const table of tables.names) {
      for (const { before, after } of await auditedUpdates(workspace.db, table)) {
        assert.equal(after.id, before.id);
        assert.equal(after.created_at, before.created_at);
        assert.ok(String(after.updated_at) > String(before.updated_at), table);
        const changed = Object.keys(after).filter((column) => after[column] !== before[column]);
        assert.ok(changed.length > 1, `${table}: nothing but updated_at changed`);
      }
    }
    for (const { before, after } of await auditedUpdates(workspace.db, 'consultas')) {
      assert.equal(before.status, 'agendada');
      assert.match(String(after.status), /^(realizada|cancelada|faltou)$/);
    }
    for (const { before, after } of await auditedUpdates(workspace.db, 'exames')) {
      assert.equal(before.resultado, null);
      assert.notEqual(after.resultado, null);
    }
    for (const { before, after } of await auditedUpdates(workspace.db, 'internacoes')) {
      assert.equal(before.data_saida, null);
      assert.notEqual(after.data_saida, null);
    }
    for (const { before, after } of await auditedUpdates(workspace.db, 'pacientes')) {
      assert.deepEqual([after.cpf, after.nome], [before.cpf, before.nome]);
      assert.notEqual(after.endereco, before.endereco);
    }
    await requireClean(workspace);
  });
});
