import '../../../src/messages/english.js';
import assert from 'node:assert/strict';
import test from 'node:test';
import { describeProblem, requireSchema, schemaState } from '../../../src/database/schema.js';
import {
  ensureDatabase,
  initDb,
  requireWritable,
  runScript,
} from '../../../src/database/scripts.js';
import { EXIT } from '../../../src/errors.js';
import { en } from '../../../src/messages/en.js';
import { withConnection } from '../../../src/postgres/connect.js';
import type { ConnectionTarget } from '../../../src/postgres/target.js';
import { schemaWith } from '../../../src/schemas/index.js';
import { type TestDatabase, withDatabase } from '../../helpers/database.js';
import { startServers, type TestServer } from '../../helpers/server.js';

const SCHEMA = schemaWith([]);
const EXTENDED = schemaWith(['prontuario']);
const EMPTY = { empty: true };

/** `init-db`. */
function make(target: ConnectionTarget): Promise<void> {
  return withConnection(target, (client) => initDb(client, target, SCHEMA));
}

function required(target: ConnectionTarget): Promise<void> {
  return withConnection(target, (client) => requireSchema(client, SCHEMA));
}

function writable(target: ConnectionTarget): Promise<void> {
  return withConnection(target, (client) => requireWritable(client, target, SCHEMA));
}

function stateOf(db: TestDatabase) {
  return withConnection(db.target, (client) => schemaState(client, SCHEMA.tables));
}

/** The differences that the database shows after a statement, in words. */
async function problemsAfter(server: TestServer, statement: string): Promise<string[]> {
  return withDatabase(server, async (db) => {
    await db.query(statement);
    const state = await stateOf(db);
    if (typeof state === 'string') return [state];
    return state.problems.map((problem) => describeProblem(problem, en));
  });
}

for (const server of await startServers()) {
  const { version } = server;

  test(`${version}: init-db makes the schema, the indexes and the lookups`, async () => {
    await withDatabase(
      server,
      async (db) => {
        assert.equal(await stateOf(db), 'missing');
        await make(db.target);
        assert.equal(await stateOf(db), 'complete');
        await required(db.target);
        const lookups = await db.query('SELECT nome FROM convenios ORDER BY id');
        assert.deepEqual(lookups, [{ nome: 'SUS' }, { nome: 'SaudePlus' }]);
        const indexes = await db.query("SELECT 1 FROM pg_indexes WHERE indexname ~ '^idx_'");
        assert.equal(indexes.length, 9);
        const triggers = await db.query("SELECT 1 FROM pg_trigger WHERE tgname ~ '_updated_at$'");
        assert.equal(triggers.length, SCHEMA.tables.size);
      },
      EMPTY,
    );
  });

  test(`${version}: a second init-db changes nothing and consumes no ids`, async () => {
    await withDatabase(
      server,
      async (db) => {
        for (let i = 0; i < 3; i++) await make(db.target);
        const [sequence] = await db.query('SELECT last_value::int FROM convenios_id_seq');
        assert.deepEqual(sequence, { last_value: 2 });
        const [convenios] = await db.query('SELECT count(*)::int AS n FROM convenios');
        assert.deepEqual(convenios, { n: 2 });
      },
      EMPTY,
    );
  });

  test(`${version}: five init-db at once leave one schema`, async () => {
    await withDatabase(
      server,
      async (db) => {
        await Promise.all(Array.from({ length: 5 }, () => make(db.target)));
        assert.equal(await stateOf(db), 'complete');
        const [sequence] = await db.query('SELECT last_value::int FROM convenios_id_seq');
        assert.deepEqual(sequence, { last_value: 2 });
      },
      EMPTY,
    );
  });

  test(`${version}: init-db adds missing tables and restores a lookup row`, async () => {
    await withDatabase(server, async (db) => {
      await db.query('DROP TABLE internacoes');
      await db.query('DROP INDEX idx_exames_data');
      await db.query("DELETE FROM convenios WHERE nome = 'SUS'");
      await make(db.target);
      assert.equal(await stateOf(db), 'complete');
      const [found] = await db.query("SELECT to_regclass('idx_exames_data') IS NOT NULL AS ok");
      assert.deepEqual(found, { ok: true });
      const lookups = await db.query("SELECT 1 FROM convenios WHERE nome = 'SUS'");
      assert.equal(lookups.length, 1);
    });
  });

  test(`${version}: init-db refuses tables with other columns, and leaves them unchanged`, async () => {
    await withDatabase(
      server,
      async (db) => {
        await db.query('CREATE TABLE pacientes (id int)');
        await assert.rejects(make(db.target), {
          exitCode: EXIT.state,
          message: /pacientes\.nome/,
        });
        const tables = await db.query("SELECT 1 FROM pg_tables WHERE schemaname = 'public'");
        assert.equal(tables.length, 1);
      },
      EMPTY,
    );
  });

  test(`${version}: init-db by a role that may not create says so`, async () => {
    await withDatabase(
      server,
      async (db) => {
        await db.query("CREATE ROLE builder LOGIN PASSWORD 'x'");
        await db.query('REVOKE CREATE ON SCHEMA public FROM PUBLIC');
        const target = { ...db.target, user: 'builder', password: 'x' };
        try {
          await assert.rejects(make(target), {
            exitCode: EXIT.state,
            message: /"builder".*CREATE/,
          });
        } finally {
          await db.query('DROP ROLE builder');
        }
      },
      EMPTY,
    );
  });

  test(`${version}: init-db with a search_path without a schema says so`, async () => {
    await withDatabase(
      server,
      async (db) => {
        const target = { ...db.target, searchPath: 'nowhere' };
        await assert.rejects(make(target), {
          exitCode: EXIT.state,
          message: /PG_SEARCH_PATH/,
        });
      },
      EMPTY,
    );
  });

  test(`${version}: the schema may lie in another schema than public`, async () => {
    await withDatabase(
      server,
      async (db) => {
        await db.query('CREATE SCHEMA hospital');
        const target = { ...db.target, searchPath: 'hospital' };
        await make(target);
        await required(target);
        assert.equal(await stateOf(db), 'missing');
      },
      EMPTY,
    );
  });

  test(`${version}: each difference of the schema is reported in one sentence`, async () => {
    const problems = (statement: string) => problemsAfter(server, statement);
    assert.deepEqual(await problems('DROP TABLE exames'), ['there is no table exames']);
    assert.deepEqual(await problems('ALTER TABLE exames DROP COLUMN resultado'), [
      'there is no column exames.resultado',
    ]);
    assert.deepEqual(await problems('ALTER TABLE exames ALTER COLUMN data TYPE timestamptz'), [
      'the column exames.data is timestamp with time zone, not timestamp without time zone',
    ]);
    assert.deepEqual(await problems('ALTER TABLE exames ADD COLUMN preco int NOT NULL'), [
      'the column exames.preco is NOT NULL without a default, and the simulator does not fill it',
    ]);
    assert.deepEqual(await problems('DROP TABLE exames; CREATE VIEW exames AS SELECT 1 AS id'), [
      'exames is not a table',
    ]);
    assert.deepEqual(await problems('DROP SEQUENCE exames_id_seq CASCADE'), [
      'exames.id has no sequence (BIGSERIAL)',
    ]);
    assert.deepEqual(await problems('DROP TABLE exames, internacoes'), [
      'there is no table exames',
      'there is no table internacoes',
    ]);
  });

  test(`${version}: types that store a value differently are reported, with their modifiers`, async () => {
    await withDatabase(server, async (db) => {
      const itens = 'faturamento."Itens da Conta"';
      await withConnection(db.target, async (client) => {
        const problems = async () => {
          const state = await schemaState(client, EXTENDED.tables);
          if (typeof state === 'string') return [state];
          return state.problems.map((problem) => describeProblem(problem, en));
        };
        assert.equal((await problems()).length, EXTENDED.tables.size - SCHEMA.tables.size);
        await initDb(client, db.target, EXTENDED);
        assert.deepEqual(await problems(), ['complete']);
        await client.query(`
          ALTER TABLE prescricoes ALTER medicamento TYPE varchar(300);
          ALTER TABLE consultas ALTER data TYPE timestamp(0)`);
        assert.deepEqual(await problems(), ['complete']);
        await client.query(`
          ALTER TABLE sinais_vitais ALTER peso TYPE numeric(8,3);
          ALTER TABLE prescricoes ALTER via TYPE text, ALTER classe TYPE char(5),
            ALTER alertas TYPE varchar(9)[];
          DROP SEQUENCE prescricoes_numero;
          ALTER TABLE ${itens} ALTER "Valor" TYPE numeric(12,3), DROP COLUMN "Glosa"`);
        assert.deepEqual(await problems(), [
          'the column sinais_vitais.peso is numeric(8,3), not numeric',
          'the column prescricoes.via is text, not via_administracao',
          'the column prescricoes.classe is character(5), not character(4)',
          'the column prescricoes.alertas is character varying[], not text[]',
          'there is no sequence prescricoes_numero (it numbers the rows of prescricoes)',
          `the column ${itens}.Valor is numeric(12,3), not numeric(12,2)`,
          `there is no column ${itens}.Glosa`,
        ]);
      });
    });
  });

  test(`${version}: other columns are allowed if a row needs no value for them`, async () => {
    const nullable = 'ALTER TABLE exames ADD COLUMN preco int';
    assert.deepEqual(await problemsAfter(server, nullable), ['complete']);
    assert.deepEqual(await problemsAfter(server, `${nullable} NOT NULL DEFAULT 0`), ['complete']);
  });

  test(`${version}: a missing schema and an incomplete one lead to init-db`, async () => {
    await withDatabase(
      server,
      async (db) => {
        await assert.rejects(required(db.target), { exitCode: EXIT.state, message: /init-db/ });
        await db.query('CREATE TABLE unrelated (id int)');
        await assert.rejects(required(db.target), { exitCode: EXIT.state, message: /init-db/ });
        await make(db.target);
        await db.query('DROP TABLE consultas');
        await assert.rejects(required(db.target), {
          exitCode: EXIT.state,
          message: /consultas.*init-db/,
        });
      },
      EMPTY,
    );
  });

  test(`${version}: a failing script is rolled back as a whole`, async () => {
    await withDatabase(
      server,
      async (db) => {
        await db.query('CREATE VIEW internacoes AS SELECT 1 AS id');
        await withConnection(db.target, async (client) => {
          await assert.rejects(runScript(client, '01_schema.sql'), { code: '42809' });
        });
        const tables = await db.query("SELECT 1 FROM pg_tables WHERE schemaname = 'public'");
        assert.equal(tables.length, 0);
      },
      EMPTY,
    );
  });

  test(`${version}: the drop script removes the tables and the function`, async () => {
    await withDatabase(server, async (db) => {
      await withConnection(db.target, (client) => runScript(client, '99_drop_all.sql'));
      assert.equal(await stateOf(db), 'missing');
      assert.deepEqual(
        await db.query("SELECT 1 FROM pg_proc WHERE proname = 'set_updated_at'"),
        [],
      );
    });
  });

  test(`${version}: a read-only database is refused with code 4`, async () => {
    await withDatabase(server, async (db) => {
      await writable(db.target);
      await db.query(`ALTER DATABASE ${db.name} SET default_transaction_read_only = on`);
      const refusal = { exitCode: EXIT.state, message: /read-only/ };
      await assert.rejects(writable(db.target), refusal);
      await assert.rejects(make(db.target), refusal);
    });
  });

  test(`${version}: a missing database is created, also by two at once`, async () => {
    const target = server.target('Made by "Test"');
    await Promise.all([ensureDatabase(target), ensureDatabase(target), ensureDatabase(target)]);
    await withConnection(target, (client) => client.query('SELECT 1'));
    await server.query('DROP DATABASE "Made by ""Test"""');
  });
}
