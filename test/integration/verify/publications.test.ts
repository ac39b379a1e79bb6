import assert from 'node:assert/strict';
import test from 'node:test';
import type { VerificationDocument } from '../../../src/verify/verdict/document.js';
import { startCli } from '../../helpers/cli.js';
import { startServer } from '../../helpers/server.js';
import { stream } from '../../helpers/stream-run.js';
import { waitFor } from '../../helpers/wait-for.js';
import { run, withPlainWorkspace } from '../../helpers/workspace.js';
import { dropSlots, HOSPITAL, makeSlot, verifyAfter } from './verifying.js';

const server = await startServer(18);
const LOAD = ['--workers', '2', '--rate', 'max', '--batch-size', '5', '--max-events', '300'];
const MIX = ['--update-ratio', '0.3', '--delete-ratio', '0.1'];
const ALL = HOSPITAL.names.join(', ');
const WITHOUT_CONSULTAS = HOSPITAL.names.filter((table) => table !== 'consultas').join(', ');
const WITHOUT_EXAMES = HOSPITAL.names.filter((table) => table !== 'exames').join(', ');
/** The last id of the seed. */
const SEEDED_CONSULTAS = 1_000;

const reading = (slot: string) => ['--source', `slot:${slot}`, '--publication', slot];

test('changes that a publication leaves out are explained by the publication', async (t) => {
  await withPlainWorkspace(server, async (workspace) => {
    await makeSlot(workspace, 'lacking', `FOR TABLE ${WITHOUT_CONSULTAS}`);
    await makeSlot(workspace, 'lacking_text', `FOR TABLE ${WITHOUT_CONSULTAS}`);
    await makeSlot(workspace, 'later', `FOR TABLE ${WITHOUT_CONSULTAS}`);
    await makeSlot(
      workspace,
      'later_lossy',
      `FOR TABLE ${WITHOUT_CONSULTAS} WITH (publish = 'insert')`,
    );
    await makeSlot(workspace, 'inserting', `FOR TABLE ${ALL} WITH (publish = 'insert')`);
    await makeSlot(
      workspace,
      'filtering',
      `FOR TABLE ${WITHOUT_EXAMES}, exames WHERE (id % 2 = 0)`,
    );
    await makeSlot(
      workspace,
      'narrow',
      `FOR TABLE ${WITHOUT_CONSULTAS}, consultas (id, paciente_id, medico_id, data, status)`,
    );
    try {
      const { summary } = await stream(workspace, [...LOAD, ...MIX]);
      const consultas = summary.rows.consultas!;
      const changed = consultas.insert + consultas.update + consultas.delete;

      await t.test('a table that it lacks', async () => {
        const { document } = await verifyAfter(workspace, reading('lacking'), 7);
        assert.equal(document.accounting.missing, changed);
        assert.equal(document.accounting.delivered, summary.events - changed);
        requireOmitted(document, 'table', 'lacking');
        assert.ok(document.causes.every(({ table }) => table === 'consultas'));
        const { code, stdout } = await run(workspace, ['verify', ...reading('lacking_text')]);
        assert.equal(code, 7);
        assert.match(stdout, /`consultas` .*; publication `lacking_text` does not publish the tab/);
      });

      await t.test('operations that it lacks', async () => {
        const { document } = await verifyAfter(workspace, reading('inserting'), 7);
        const inserted = Object.values(summary.rows).reduce((sum, { insert }) => sum + insert, 0);
        assert.equal(document.accounting.delivered, inserted);
        assert.equal(document.accounting.missing, summary.events - inserted);
        requireOmitted(document, 'operation', 'inserting');
        const operations = new Set(document.causes.map(({ operation }) => operation));
        assert.deepEqual([...operations].sort(), ['delete', 'update']);
      });

      await t.test('a row filter', async () => {
        const { document } = await verifyAfter(workspace, reading('filtering'), 7);
        assert.ok(document.accounting.missing > 0);
        requireOmitted(document, 'filter', 'filtering');
        assert.ok(
          document.examples.every(({ table, key }) => table === 'exames' && Number(key) % 2),
        );
      });

      await t.test('a column list leaves the contents doubted', async () => {
        const { document } = await verifyAfter(workspace, reading('narrow'), 8);
        assert.deepEqual(Object.keys(document.doubts), ['contents_not_told']);
        // No update sets the column.
        assert.equal(document.doubts.contents_not_told, consultas.insert);
        assert.equal(document.accounting.delivered, summary.events - consultas.insert);
      });

      await t.test('a table that was added after the run is excused', async () => {
        await workspace.db.query(`ALTER PUBLICATION later ADD TABLE consultas;
                             ALTER PUBLICATION later_lossy ADD TABLE consultas`);
        const { document } = await verifyAfter(workspace, reading('later'));
        assert.equal(document.accounting.excused, changed);
        assert.equal(document.accounting.delivered, summary.events - changed);
        assert.equal(document.verdict, 'exact');
        // It excuses that table only.
        const lossy = await verifyAfter(workspace, reading('later_lossy'), 7);
        assert.equal(lossy.document.accounting.excused, consultas.insert);
        for (const { table, omitted } of lossy.document.causes) {
          assert.equal(omitted?.kind, table === 'consultas' ? 'table' : 'operation');
        }
      });
    } finally {
      await dropSlots(workspace);
    }
  });
});

test('a table that joined or left a publication during the run is a doubt', async (t) => {
  await withPlainWorkspace(server, async (workspace) => {
    await makeSlot(workspace, 'joined', `FOR TABLE ${WITHOUT_CONSULTAS}`);
    await makeSlot(workspace, 'left_out', `FOR TABLE ${ALL}`);
    const load = ['--workers', '2', '--rate', '400', '--batch-size', '5'];
    const streaming = startCli(['stream', '--json', ...load, ...MIX], workspace);
    const progress = async (from: number) => {
      const count = async () => {
        const [row] = await workspace.db.query<{ rows: number }>(
          `SELECT count(*)::int AS rows FROM consultas WHERE id > ${SEEDED_CONSULTAS}`,
        );
        return row?.rows ?? 0;
      };
      return waitFor(async () => ((await count()) > from ? await count() : null), {
        what: `${from} consultas`,
      });
    };
    try {
      const before = await progress(20);
      await workspace.db.query(`ALTER PUBLICATION joined ADD TABLE consultas;
                           ALTER PUBLICATION left_out DROP TABLE consultas`);
      await progress(before + 40);
      streaming.child.kill('SIGINT');
      const { code, stdout, stderr } = await streaming.ended();
      assert.equal(code, 0, stderr);
      const { rows } = JSON.parse(stdout) as { rows: Record<string, Record<string, number>> };
      const { insert = 0, update = 0, delete: deleted = 0 } = rows.consultas ?? {};
      const doubted = new Map<string, number>();
      for (const slot of ['joined', 'left_out']) {
        await t.test(slot, async () => {
          const { document } = await verifyAfter(workspace, reading(slot), 8);
          assert.deepEqual(Object.keys(document.doubts), ['database_changed']);
          const { committed, delivered } = document.accounting;
          const { database_changed = 0 } = document.doubts;
          assert.equal(delivered, committed - database_changed);
          assert.ok(database_changed > 0 && database_changed < insert + update + deleted);
          doubted.set(slot, database_changed);
        });
      }
      // Each publication lacked what the other one had.
      const [joined = 0, left = 0] = doubted.values();
      assert.equal(joined + left, insert + update + deleted);
    } finally {
      streaming.child.kill('SIGKILL');
      await streaming.ended();
      await dropSlots(workspace);
    }
  });
});

/** Every cause is explained by what the publication leaves out. */
function requireOmitted({ causes }: VerificationDocument, kind: string, publication: string): void {
  assert.ok(causes.length > 0);
  for (const { violation, omitted } of causes) {
    assert.equal(violation, 'missing');
    assert.deepEqual(omitted, { kind, publications: [publication] });
  }
}
