import assert from 'node:assert/strict';
import test from 'node:test';
import { startCli } from '../../helpers/cli.js';
import { startServers } from '../../helpers/server.js';
import { stream } from '../../helpers/stream-run.js';
import { waitFor } from '../../helpers/wait-for.js';
import { type Workspace, withPlainWorkspace } from '../../helpers/workspace.js';
import type { Envelope } from './recorded.js';
import {
  assertExact,
  dropSlots,
  makeSlot,
  makeSlots,
  readLines,
  verifyAfter,
  writeLines,
} from './verifying.js';

const LOAD = ['--workers', '2', '--rate', 'max', '--batch-size', '5', '--max-events', '250'];
const MIX = ['--update-ratio', '0.3', '--delete-ratio', '0.1'];
/** The run does not write the triggers' rows again: their xmin stays. */
const INSERTS = ['--update-ratio', '0', '--delete-ratio', '0'];

const servers = await startServers();

for (const server of servers) {
  const { version } = server;

  /** Lends `body` a workspace with these statements run, and the slot `all` of every table in it. */
  const withEffects = (statements: string, body: (workspace: Workspace) => Promise<void>) =>
    withPlainWorkspace(server, async (workspace) => {
      await workspace.db.query(statements);
      await makeSlot(workspace, 'every', 'FOR ALL TABLES');
      try {
        await body(workspace);
      } finally {
        await dropSlots(workspace);
      }
    });

  test(`${version}: rows are judged as BEFORE triggers stored them`, () =>
    withEffects(BEFORE, async (workspace) => {
      await makeSlots(workspace, 'copied');
      const streamed = await stream(workspace, [...LOAD, ...MIX]);
      const { document } = await verifyAfter(workspace, ['--source', 'slot:every']);
      assertExact(document, streamed);
      assert.equal(document.events.derived, 0);
      assert.equal(document.rows.compared, document.rows.followed);

      const { events } = streamed.summary;
      const lines = await readLines(workspace, 'copied', events, 'every');
      const at = lines.findIndex((line) => {
        const { op, source } = JSON.parse(line) as Envelope;
        return op === 'c' && source.table === 'consultas';
      });
      const { after } = JSON.parse(lines[at] ?? '') as Envelope;
      assert.match(String(after?.motivo), /^[^a-z]+$/);
      const altered = lines.with(at, lines[at]!.replace(`"${after?.motivo}"`, '"Outro"'));
      const wrong = await verifyAfter(
        workspace,
        ['--source', writeLines(workspace, 'a', altered)],
        7,
      );
      assert.equal(wrong.document.violations.altered, 1);
      const [example] = wrong.document.examples;
      assert.deepEqual(
        [example?.violation, example?.table, example?.key],
        ['altered', 'consultas', after?.id],
      );
    }));

  test(`${version}: rows that AFTER triggers write are proved by the rows themselves`, () =>
    withEffects(AFTER, async (workspace) => {
      await makeSlots(workspace, 'copied');
      const streamed = await stream(workspace, [...LOAD, ...INSERTS]);
      const { document } = await verifyAfter(workspace, ['--source', 'slot:every']);
      assertExact(document, streamed);
      const { pacientes, consultas, internacoes } = streamed.summary.rows;
      const derived = pacientes!.insert + consultas!.insert + internacoes!.insert;
      assert.ok(derived > 0);
      assert.equal(document.events.derived, derived);
      assert.ok((document.events.others.other_schema ?? 0) > 0);

      const { events } = streamed.summary;
      const lines = await readLines(workspace, 'copied', events + derived, 'every');
      // Also without the archive, whose rows count in `total_order`.
      const own = lines.filter((line) => (JSON.parse(line) as Envelope).source.schema === 'public');
      const copy = await verifyAfter(workspace, ['--source', writeLines(workspace, 'copy', own)]);
      assertExact(copy.document, streamed);
      const [first = ''] = own.filter((line) => line.includes('"table":"exames"'));
      const id = (JSON.parse(first) as Envelope).after?.id;
      const invented = own.flatMap((line) =>
        line === first ? [line, line.replace(`"id":${id}`, '"id":999999')] : [line],
      );
      const phantom = await verifyAfter(
        workspace,
        ['--source', writeLines(workspace, 'b', invented)],
        8,
      );
      assert.deepEqual(phantom.document.doubts, { server_changed: 1 });
      const acting = phantom.document.notes.find(({ kind }) => kind === 'server_acts');
      assert.ok(acting?.kind === 'server_acts' && acting.names.includes('pacientes.pede_exame'));

      // An existing row does not prove a repeated event at another LSN.
      const again = (line: string) => {
        const { lsn } = (JSON.parse(line) as Envelope).source;
        return line.replaceAll(String(lsn), String(lsn + 1));
      };
      const twice = (of: string, change: (line: string) => string) =>
        own.flatMap((line) => (line === of ? [line, change(again(line))] : [line]));
      const sent = own.find((line) => line.includes('"table":"pacientes"')) ?? assert.fail();
      for (const line of [first, sent]) {
        const source = writeLines(workspace, 'twice', twice(line, String));
        const inserted = await verifyAfter(workspace, ['--source', source], 7);
        const [cause] = inserted.document.causes;
        assert.deepEqual([cause?.detail, cause?.events], ['exists_already', 1]);
      }
      const asUpdate = (line: string) => line.replace('"op":"c"', '"op":"u"');
      const source = writeLines(workspace, 'updated', twice(sent, asUpdate));
      const updated = await verifyAfter(workspace, ['--source', source], 8);
      assert.deepEqual(updated.document.doubts, { server_changed: 1 });
    }));

  test(`${version}: rows that a trigger wrote in subtransactions are not proved`, () =>
    withEffects(SUBTRANSACTION, async (workspace) => {
      const streamed = await stream(workspace, [...LOAD, ...INSERTS]);
      const { document } = await verifyAfter(workspace, ['--source', 'slot:every'], 8);
      assert.deepEqual(document.doubts, {
        server_changed: streamed.summary.rows.consultas!.insert,
      });
      assert.equal(document.accounting.delivered, streamed.summary.events);
      assert.deepEqual(document.notes, [{ kind: 'server_acts', names: ['consultas.tenta_exame'] }]);
    }));

  test(`${version}: a trigger created during the run is a doubt, and named`, () =>
    withEffects('', async (workspace) => {
      const load = ['--workers', '2', '--rate', '400', '--batch-size', '5', '--only', 'consulta'];
      const streaming = startCli(['stream', '--json', ...load, ...INSERTS], workspace);
      const count = async (where: string) => {
        const [row] = await workspace.db.query<{ rows: number }>(
          `SELECT count(*)::int AS rows FROM consultas WHERE ${where}`,
        );
        return row?.rows ?? 0;
      };
      try {
        await waitFor(async () => (await count('id > 1000')) > 20, { what: 'consultas' });
        await workspace.db.query(UPPER);
        const changed = `id > 1000 AND motivo = upper(motivo)`;
        await waitFor(async () => (await count(changed)) > 20, { what: 'rows that it changed' });
        streaming.child.kill('SIGINT');
        const { code, stderr } = await streaming.ended();
        assert.equal(code, 0, stderr);
        const { document } = await verifyAfter(workspace, ['--source', 'slot:every'], 8);
        assert.deepEqual(document.doubts, { server_changed: await count(changed) });
        assert.deepEqual(document.notes, [{ kind: 'server_acts', names: ['consultas.grita'] }]);
      } finally {
        streaming.child.kill('SIGKILL');
        await streaming.ended();
      }
    }));
}

test('rows that are hidden from the role that verifies are not compared', () =>
  withPlainWorkspace(servers.at(-1)!, async (workspace) => {
    const role = `leitor_${process.pid}`;
    await workspace.db.query(
      `CREATE ROLE ${role} LOGIN REPLICATION PASSWORD 'x'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role};
       ALTER TABLE consultas ENABLE ROW LEVEL SECURITY;
       CREATE POLICY metade ON consultas FOR SELECT TO ${role} USING (id % 2 = 0)`,
    );
    await makeSlot(workspace, 'every', 'FOR ALL TABLES');
    try {
      const streamed = await stream(workspace, [...LOAD, ...MIX]);
      const reader = { ...workspace, env: { ...workspace.env, PG_USER: role, PG_PASSWORD: 'x' } };
      const { document } = await verifyAfter(reader, ['--source', 'slot:every']);
      assertExact(document, streamed);
      const { compared, superseded, followed } = document.rows;
      assert.ok((superseded ?? 0) > 10);
      assert.equal((compared ?? 0) + (superseded ?? 0), followed);
    } finally {
      await dropSlots(workspace);
      await workspace.db.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    }
  }));

const UPPER = trigger('grita', 'BEFORE INSERT', 'consultas', 'NEW.motivo := upper(NEW.motivo);');

/** Rewritten and dropped rows, a generated column, a trigger's `updated_at`, cascading deletes. */
const BEFORE = `
  ${UPPER}
  ${trigger('marca', 'BEFORE UPDATE', 'exames', `NEW.resultado := NEW.resultado || ' *';`)}
  ${trigger('cai', 'BEFORE INSERT', 'exames', 'IF NEW.id % 5 = 0 THEN RETURN NULL; END IF;')}
  CREATE OR REPLACE FUNCTION set_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN NEW.updated_at := clock_timestamp(); RETURN NEW; END $$;
  ALTER TABLE internacoes ADD COLUMN ala text GENERATED ALWAYS AS (left(quarto, 1)) STORED;
  CREATE TABLE laudos (id bigserial PRIMARY KEY, exame_id bigint REFERENCES exames ON DELETE CASCADE);
  INSERT INTO laudos (exame_id) SELECT id FROM exames;`;

/** Rows in other tables of the run, at once and at COMMIT; the same row again; an archive of the same name. */
const AFTER = `
  ${trigger('pede_exame', 'AFTER INSERT', 'pacientes', newExam('NEW.id'))}
  ${trigger('muda_quarto', 'AFTER INSERT', 'internacoes', `UPDATE internacoes SET quarto = 'S' WHERE id = NEW.id;`)}
  ${trigger('no_fim', 'AFTER INSERT', 'consultas', newExam('NEW.paciente_id'), 'DEFERRABLE INITIALLY DEFERRED')}
  CREATE SCHEMA arquivo;
  CREATE TABLE arquivo.exames (LIKE exames INCLUDING ALL);
  ${trigger('arquiva', 'AFTER INSERT', 'exames', 'INSERT INTO arquivo.exames SELECT NEW.*;')}`;

const SUBTRANSACTION = trigger(
  'tenta_exame',
  'AFTER INSERT',
  'consultas',
  `BEGIN ${newExam('NEW.paciente_id')} EXCEPTION WHEN OTHERS THEN NULL; END;`,
);

function newExam(patient: string): string {
  return `INSERT INTO exames (paciente_id, tipo_exame, data) VALUES (${patient}, 'ECG', now());`;
}

/** Statements that create a row trigger; `deferred` makes it a constraint trigger. */
function trigger(name: string, when: string, table: string, body: string, deferred = ''): string {
  return `CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN ${body} RETURN NEW; END $$;
    CREATE ${deferred === '' ? '' : 'CONSTRAINT '}TRIGGER ${name} ${when} ON ${table} ${deferred}
      FOR EACH ROW EXECUTE FUNCTION ${name}();`;
}
