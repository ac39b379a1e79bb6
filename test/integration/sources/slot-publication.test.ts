import { schemaWith } from '../../../src/schemas/index.js';
import '../../../src/messages/english.js';
import assert from 'node:assert/strict';
import test from 'node:test';
import { initDb } from '../../../src/database/scripts.js';
import { EXIT, OperatorError } from '../../../src/errors.js';
import { withConnection } from '../../../src/postgres/connect.js';
import {
  dropPublication,
  findPublications,
  makePublication,
} from '../../../src/sources/slot/publication.js';
import { HOSPITAL_TABLES } from '../../helpers/any-scope.js';
import { type TestDatabase, withDatabase } from '../../helpers/database.js';
import { PARTITIONED_CONSULTAS } from '../../helpers/partitioned.js';
import { startServers } from '../../helpers/server.js';

const servers = await startServers({ settings: { wal_level: 'logical' } });

/** `schema.table` of everything that a publication publishes, sorted. */
async function published(db: TestDatabase, name: string): Promise<string[]> {
  const rows = await db.query<{ name: string }>(
    `SELECT schemaname || '.' || tablename AS name FROM pg_publication_tables
      WHERE pubname = $1 ORDER BY 1`,
    [name],
  );
  return rows.map((row) => row.name);
}

function refused(words: RegExp) {
  return (error: unknown) =>
    error instanceof OperatorError && error.exitCode === EXIT.state && words.test(error.message);
}

for (const server of servers) {
  const { version } = server;

  test(`${version}: publications are found by the tables of the search_path`, async () => {
    await withDatabase(server, async (db) => {
      const clinica = { ...db.target, searchPath: 'clinica' };
      await db.query('CREATE SCHEMA clinica');
      await withConnection(clinica, (client) => initDb(client, clinica, schemaWith([])));
      await db.query('CREATE PUBLICATION of_public FOR TABLE exames');
      await assert.rejects(
        findPublications(HOSPITAL_TABLES, clinica),
        refused(/no publication of the database/),
      );
      await db.query(
        version >= 15
          ? 'CREATE PUBLICATION of_clinica FOR TABLES IN SCHEMA clinica'
          : 'CREATE PUBLICATION of_clinica FOR TABLE clinica.pacientes',
      );
      assert.deepEqual(await findPublications(HOSPITAL_TABLES, clinica), ['of_clinica']);
      assert.deepEqual(await findPublications(HOSPITAL_TABLES, db.target), ['of_public']);
      // The first schema that has a table wins, table by table.
      await db.query('DROP TABLE clinica.exames');
      const both = { ...db.target, searchPath: 'clinica, public' };
      assert.deepEqual(await findPublications(HOSPITAL_TABLES, both), ['of_clinica', 'of_public']);
    });
  });

  test(`${version}: a publication of partitions counts, even of some`, async () => {
    await withDatabase(server, async (db) => {
      await db.query(`${PARTITIONED_CONSULTAS};
        CREATE TABLE other (id int);
        CREATE PUBLICATION alien FOR TABLE other;
        CREATE PUBLICATION leaves FOR TABLE consultas;
        CREATE PUBLICATION half FOR TABLE consultas_p1;
        CREATE PUBLICATION root FOR TABLE consultas WITH (publish_via_partition_root = true)`);
      assert.deepEqual(await findPublications(HOSPITAL_TABLES, db.target), [
        'half',
        'leaves',
        'root',
      ]);
    });
  });

  test(`${version}: --create-slot publishes the tables of the search_path, and removes that again`, async () => {
    await withDatabase(server, async (db) => {
      const clinica = { ...db.target, searchPath: 'clinica' };
      await db.query('CREATE SCHEMA clinica');
      await withConnection(clinica, (client) => initDb(client, clinica, schemaWith([])));
      await makePublication(HOSPITAL_TABLES, clinica, 'made');
      const tables = HOSPITAL_TABLES.names.map((table) => `clinica.${table}`).sort();
      assert.deepEqual(await published(db, 'made'), tables);
      // A killed process's publication is taken over, but not with other tables.
      await makePublication(HOSPITAL_TABLES, clinica, 'made');
      await assert.rejects(
        makePublication(HOSPITAL_TABLES, db.target, 'made'),
        refused(/already has a publication "made"/),
      );
      await dropPublication(HOSPITAL_TABLES, db.target, 'made', false);
      assert.deepEqual(await published(db, 'made'), tables);
      await dropPublication(HOSPITAL_TABLES, clinica, 'made', false);
      assert.deepEqual(await published(db, 'made'), []);
      await db.query('DROP TABLE clinica.exames');
      await assert.rejects(
        makePublication(HOSPITAL_TABLES, clinica, 'made'),
        refused(/missing .*search_path clinica \(exames\)/),
      );
    });
  });

  test(`${version}: TRUNCATE is published where it is asked for, whichever a killed process left`, async () => {
    await withDatabase(server, async (db) => {
      const left = async () => {
        const rows = await db.query<{ truncates: boolean }>(
          'SELECT pubtruncate AS truncates FROM pg_publication',
        );
        return rows.map(({ truncates }) => truncates);
      };
      for (const truncates of [true, false, false, true, true]) {
        await makePublication(HOSPITAL_TABLES, db.target, 'made', truncates);
        assert.deepEqual(await left(), [truncates]);
      }
      // Its comment does not fit any more: somebody changed it.
      await db.query(`ALTER PUBLICATION made SET (publish = 'insert, update, delete')`);
      await dropPublication(HOSPITAL_TABLES, db.target, 'made', false);
      assert.deepEqual(await left(), [false]);
      await db.query(`ALTER PUBLICATION made SET (publish = 'insert, update, delete, truncate')`);
      await dropPublication(HOSPITAL_TABLES, db.target, 'made', false);
      assert.deepEqual(await left(), []);
    });
  });

  test(`${version}: a partitioned table is published by its partitions, and that is ours to remove`, async () => {
    await withDatabase(server, async (db) => {
      await db.query(PARTITIONED_CONSULTAS);
      await makePublication(HOSPITAL_TABLES, db.target, 'made');
      const [made] = await db.query<{ root: boolean }>(
        'SELECT pubviaroot AS root FROM pg_publication',
      );
      assert.equal(made?.root, false);
      const found = (await published(db, 'made')).filter((name) => name.includes('consultas'));
      assert.deepEqual(found, ['public.consultas_p0', 'public.consultas_p1']);
      await makePublication(HOSPITAL_TABLES, db.target, 'made');
      await dropPublication(HOSPITAL_TABLES, db.target, 'made', false);
      assert.deepEqual(await published(db, 'made'), []);
    });
  });
}
