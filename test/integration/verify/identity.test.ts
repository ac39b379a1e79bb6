import assert from 'node:assert/strict';
import test from 'node:test';
import { startServers } from '../../helpers/server.js';
import { stream } from '../../helpers/stream-run.js';
import { run, withPlainWorkspace } from '../../helpers/workspace.js';
import { assertExact, dropSlots, HOSPITAL, makeSlot, verifyAfter } from './verifying.js';

const LOAD = ['--workers', '2', '--rate', 'max', '--batch-size', '5', '--max-events', '300'];
const MIX = ['--update-ratio', '0.2', '--delete-ratio', '0.3'];

for (const server of await startServers()) {
  const { version } = server;

  test(`${version}: deletes that identify rows by an index without the id are doubted, and the index is named`, () =>
    withPlainWorkspace(server, async (workspace) => {
      await workspace.db.query(
        `ALTER TABLE consultas ADD COLUMN codigo uuid NOT NULL DEFAULT gen_random_uuid();
         CREATE UNIQUE INDEX consultas_codigo ON consultas (codigo);
         ALTER TABLE consultas REPLICA IDENTITY USING INDEX consultas_codigo`,
      );
      await makeSlot(workspace, 'once');
      await makeSlot(workspace, 'as_text');
      try {
        const { summary } = await stream(workspace, [...LOAD, ...MIX]);
        const deleted = summary.rows.consultas!.delete;
        assert.ok(deleted > 0);
        const source = (slot: string) => ['--source', `slot:${slot}`, '--publication', slot];
        const { document } = await verifyAfter(workspace, source('once'), 8);
        assert.deepEqual(document.doubts, { replica_identity: deleted });
        assert.equal(document.accounting.delivered, summary.events - deleted);
        assert.deepEqual(document.notes, [
          {
            kind: 'replica_identity',
            tables: [{ table: 'consultas', kind: 'index', index: 'consultas_codigo' }],
          },
        ]);
        assert.equal(document.events.malformed, 0);
        const { code, stdout } = await run(workspace, ['verify', ...source('as_text')]);
        assert.equal(code, 8);
        assert.match(stdout, /consultas has REPLICA IDENTITY USING INDEX consultas_codigo/);
      } finally {
        await dropSlots(workspace);
      }
    }));

  test(`${version}: REPLICA IDENTITY FULL is exact`, () =>
    withPlainWorkspace(server, async (workspace) => {
      const full = HOSPITAL.names.map((table) => `ALTER TABLE ${table} REPLICA IDENTITY FULL;`);
      await workspace.db.query(full.join(''));
      await makeSlot(workspace, 'whole');
      try {
        const streamed = await stream(workspace, [...LOAD, ...MIX]);
        const { document } = await verifyAfter(workspace, ['--source', 'slot:whole']);
        assertExact(document, streamed);
        assert.equal(document.rows.compared, document.rows.followed);
      } finally {
        await dropSlots(workspace);
      }
    }));
}
