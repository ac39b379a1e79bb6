import assert from 'node:assert/strict';
import test from 'node:test';
import { withConnection } from '../../../src/postgres/connect.js';
import { startCli } from '../../helpers/cli.js';
import { TEMPLATE_DATABASE } from '../../helpers/cluster-template.js';
import { PARTITIONED_CONSULTAS } from '../../helpers/partitioned.js';
import { startServers, type TestServer } from '../../helpers/server.js';
import { type Streamed, stream } from '../../helpers/stream-run.js';
import { envOf } from '../../helpers/test-target.js';
import { waitFor } from '../../helpers/wait-for.js';
import { run, withPlainWorkspace } from '../../helpers/workspace.js';
import {
  assertExact,
  confirmed,
  dropSlots,
  HOSPITAL,
  makeSlot,
  makeSlots,
  requireDocument,
  verifyAfter,
  verifyNext,
} from './verifying.js';

const LOAD = ['--workers', '2', '--rate', 'max', '--batch-size', '5', '--max-events', '200'];
const MIX = ['--update-ratio', '0.3', '--delete-ratio', '0.1'];

const servers = await startServers();
const newest = servers.at(-1) as TestServer;

test('rows of tables with the same names in another schema are ignored', async () => {
  await withPlainWorkspace(newest, async (workspace) => {
    // The run's tables are in the schema; others with the same names and ids are in public.
    const moved = HOSPITAL.names.map((table) => `ALTER TABLE ${table} SET SCHEMA clinica;`);
    const copied = HOSPITAL.names.map(
      (table) => `CREATE TABLE ${table} (LIKE clinica.${table} INCLUDING ALL);
                  INSERT INTO ${table} SELECT * FROM clinica.${table};`,
    );
    await workspace.db.query(`CREATE SCHEMA clinica; ${moved.join('')} ${copied.join('')}`);
    await makeSlot(workspace, 'every', 'FOR ALL TABLES');
    try {
      const write = () =>
        workspace.db.query(`UPDATE internacoes SET quarto = 'X' WHERE id < 4;
                       DELETE FROM consultas WHERE id IN (SELECT id FROM consultas LIMIT 5);
                       INSERT INTO consultas SELECT * FROM clinica.consultas c WHERE NOT EXISTS (
                         SELECT FROM consultas o WHERE o.id = c.id)`);
      await write();
      const clinica = { ...workspace, env: { ...workspace.env, PG_SEARCH_PATH: 'clinica' } };
      let streamed: Streamed | undefined;
      const own = ['--source', 'slot:own', '--create-slot'];
      const beside = await verifyNext(clinica, own, async () => {
        const streaming = stream(clinica, [...LOAD, ...MIX]);
        await write();
        streamed = await streaming;
      });
      assert.ok(streamed !== undefined);
      assertExact(beside.document, streamed);
      assert.deepEqual(beside.document.events.others, {});
      await write();
      // The ledger records the run's schema: today's search_path is another one.
      const { document } = await verifyAfter(workspace, ['--source', 'slot:every']);
      assertExact(document, streamed);
      assert.equal(document.events.foreign, 0);
      assert.ok((document.events.others.other_schema ?? 0) > 30);
      assert.equal(document.rows.compared, document.rows.followed);
    } finally {
      await dropSlots(workspace);
    }
  });
});

test('a slot of another database or cluster is refused before it is read', async () => {
  const [oldest = newest] = servers;
  await withPlainWorkspace(newest, async (workspace) => {
    const beside = `beside_${workspace.db.name}`;
    const elsewhere = [
      { server: newest, database: beside, says: `and this is "${beside}"` },
      ...(oldest === newest
        ? []
        : [
            {
              server: oldest,
              database: workspace.db.name,
              says: 'another server with one of this',
            },
          ]),
    ];
    const verify = (server: TestServer, database: string, name: string) => ({
      args: ['verify', name, '--source', 'slot:strange', '--publication', 'every'],
      options: { cwd: workspace.cwd, env: { APP_LANG: 'en', ...envOf(server.target(database)) } },
    });
    for (const { server, database, says } of elsewhere) {
      const there = await makeDatabase(server, database);
      try {
        await there.query('CREATE PUBLICATION every FOR ALL TABLES');
        await there.query("SELECT pg_create_logical_replication_slot('strange', 'pgoutput')");
        await there.query('DELETE FROM convenios');
        const before = await confirmed(there, 'strange');
        const { args, options } = verify(server, database, 'next');
        const next = startCli(args, options);
        try {
          await next.until(/waiting for the next run/);
          await stream(workspace, LOAD);
          const { code, stderr } = await next.ended();
          assert.equal(code, 4, stderr);
          assert.ok(stderr.includes(says), stderr);
        } finally {
          next.child.kill('SIGKILL');
        }
        const after = await run({ ...workspace, env: options.env }, args.toSpliced(1, 1));
        assert.equal(after.code, 4, after.stderr);
        assert.ok(after.stderr.includes(says), after.stderr);
        if (server === newest) {
          // The run's database with another database's slot: the server itself refuses it.
          await workspace.db.query('CREATE PUBLICATION every FOR ALL TABLES');
          const here = await run(workspace, args.toSpliced(1, 1));
          assert.equal(here.code, 4, here.stderr);
          assert.match(here.stderr, /"strange" .*not created in this database/);
        }
        assert.equal(await confirmed(there, 'strange'), before);
      } finally {
        await there.drop();
      }
    }
  });
});

for (const server of servers) {
  test(`partitions belong to their table in any schema, also one attached during the run (${server.version})`, async () => {
    await withPlainWorkspace(server, async (workspace) => {
      await workspace.db.query(`${PARTITIONED_CONSULTAS}; ${PARTITIONED_EXAMES}`);
      const tables = `FOR TABLE ${HOSPITAL.names.join(', ')}`;
      await makeSlot(workspace, 'rooted', `${tables} WITH (publish_via_partition_root = true)`);
      await makeSlot(workspace, 'leaves', tables);
      await makeSlots(workspace, 'beside');
      // One worker: ids rise one by one, and reach the new partition.
      const load = [
        '--workers',
        '1',
        '--rate',
        '500',
        '--batch-size',
        '5',
        '--only',
        'exame,consulta',
      ];
      const streaming = startCli(['stream', '--json', ...load, ...MIX], workspace);
      const verify = ['verify', '--json', '--source', 'slot:beside', '--publication', 'leaves'];
      const exames = async () => {
        const [row] = await workspace.db.query<{ id: number }>(
          'SELECT max(id)::int AS id FROM exames',
        );
        return row?.id ?? 0;
      };
      try {
        await waitFor(async () => (await exames()) > LAST_EXAME, { what: 'the first exame' });
        const verifying = startCli(verify, workspace);
        try {
          await verifying.until(/comparing slot/);
          await workspace.db.query(`CREATE TABLE particoes.exames_mais PARTITION OF exames
                                 FOR VALUES FROM (${FIRST_ADDED}) TO (MAXVALUE)`);
          await waitFor(async () => (await exames()) > FIRST_ADDED + 10, { what: 'rows in it' });
          streaming.child.kill('SIGINT');
          const { code, stdout, stderr } = await streaming.ended();
          assert.equal(code, 0, stderr);
          const streamed = { summary: JSON.parse(stdout), stderr };
          for (const slot of ['rooted', 'leaves']) {
            const source = ['--source', `slot:${slot}`, '--publication', slot];
            const { document } = await verifyAfter(workspace, source);
            assertExact(document, streamed);
            assert.deepEqual(document.events.others, {});
            assert.equal(document.rows.compared, document.rows.followed);
          }
          // A verifier that began before the partition existed ignores its rows.
          const { document } = requireDocument(await verifying.ended(), 8);
          const { other_table = 0 } = document.events.others;
          assert.deepEqual(document.doubts, { database_changed: other_table });
          assert.ok(other_table > 10);
        } finally {
          verifying.child.kill('SIGKILL');
          await verifying.ended();
        }
      } finally {
        streaming.child.kill('SIGKILL');
        await streaming.ended();
        await dropSlots(workspace);
      }
    });
  });
}

/** The last id of the seed, and the first one that has no partition at first. */
const LAST_EXAME = 800;
const FIRST_ADDED = 1000;

/** Creates `exames` again, partitioned by ranges of the id, one range divided further, in another schema. */
const PARTITIONED_EXAMES = `
  ALTER TABLE exames RENAME TO plain;
  CREATE SCHEMA particoes;
  CREATE TABLE exames (LIKE plain INCLUDING DEFAULTS INCLUDING CONSTRAINTS, PRIMARY KEY (id),
    FOREIGN KEY (paciente_id) REFERENCES pacientes) PARTITION BY RANGE (id);
  CREATE TABLE exames_antigos PARTITION OF exames FOR VALUES FROM (MINVALUE) TO (${LAST_EXAME});
  CREATE TABLE particoes.exames_novos PARTITION OF exames
    FOR VALUES FROM (${LAST_EXAME}) TO (${FIRST_ADDED}) PARTITION BY HASH (id);
  CREATE TABLE particoes.pares PARTITION OF particoes.exames_novos
    FOR VALUES WITH (MODULUS 2, REMAINDER 0);
  CREATE TABLE particoes.impares PARTITION OF particoes.exames_novos
    FOR VALUES WITH (MODULUS 2, REMAINDER 1);
  INSERT INTO exames SELECT * FROM plain;
  ALTER SEQUENCE exames_id_seq OWNED BY exames.id;
  DROP TABLE plain;
  CREATE TRIGGER exames_updated_at BEFORE UPDATE ON exames
    FOR EACH ROW EXECUTE FUNCTION set_updated_at()`;

/** A database of this name with the schema, on any server. */
async function makeDatabase(server: TestServer, name: string) {
  await server.query(`CREATE DATABASE ${name} TEMPLATE ${TEMPLATE_DATABASE}`);
  const target = server.target(name);
  const query = <Row extends object>(text: string, values: readonly unknown[] = []) =>
    withConnection(target, async (client) => (await client.query<Row>(text, [...values])).rows);
  const drop = async () => {
    await query(
      'SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = $1',
      [name],
    );
    await server.query(`DROP DATABASE ${name} WITH (FORCE)`);
  };
  return { server, name, target, query, drop };
}
