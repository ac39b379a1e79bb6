import '../../../src/messages/english.js';
import assert from 'node:assert/strict';
import test from 'node:test';
import type { DatabaseFacts, TableFacts } from '../../../src/database/facts.js';
import { readDatabaseFacts } from '../../../src/database/read-facts.js';
import { initDb } from '../../../src/database/scripts.js';
import { withConnection } from '../../../src/postgres/connect.js';
import type { ConnectionTarget } from '../../../src/postgres/target.js';
import { schemaWith } from '../../../src/schemas/index.js';
import { type TestDatabase, withDatabase } from '../../helpers/database.js';
import { PARTITIONED_CONSULTAS } from '../../helpers/partitioned.js';
import { startServers } from '../../helpers/server.js';

const SCHEMA = schemaWith([]);

const servers = await startServers({ settings: { wal_level: 'logical' } });

const facts = (target: ConnectionTarget): Promise<DatabaseFacts> =>
  withConnection(target, (client) => readDatabaseFacts(client, SCHEMA.tables));

/** A table as `init-db` leaves it. */
const PLAIN: TableFacts = {
  schema: 'public',
  partitions: [],
  identity: { kind: 'default', index: null, tells_id: true },
  triggers: [],
  rules: [],
  policies: null,
  generated: [],
  cascades: [],
};

/** Facts of one table after some statements. */
async function after(db: TestDatabase, statements: string, table: string): Promise<TableFacts> {
  await db.query(statements);
  return (await facts(db.target)).tables[table]!;
}

for (const server of servers) {
  const { version } = server;
  const listing = version >= 15;

  test(`${version}: a schema made by init-db has no server-side effects`, async () => {
    await withDatabase(server, async (db) => {
      const { at, ...found } = await facts(db.target);
      assert.ok(Math.abs(Date.parse(at) - Date.now()) < 60_000, at);
      assert.deepEqual(found, {
        search_path: 'public',
        role: db.target.user,
        tables: SCHEMA.tables.record(() => PLAIN),
        publications: [],
      });
    });
  });

  test(`${version}: the triggers of an extension's tables are the program's own`, async () => {
    await withDatabase(server, async (db) => {
      const extended = schemaWith(['prontuario']);
      const { tables } = await withConnection(db.target, async (client) => {
        await initDb(client, db.target, extended);
        return readDatabaseFacts(client, extended.tables);
      });
      assert.deepEqual(
        extended.tables.names.filter((name) => tables[name]!.triggers.length > 0),
        [],
      );
    });
  });

  test(`${version}: the search_path decides which tables are read`, async () => {
    await withDatabase(server, async (db) => {
      await db.query(
        'CREATE SCHEMA "Clinica"; CREATE RULE r AS ON UPDATE TO exames DO ALSO NOTHING',
      );
      const target = { ...db.target, searchPath: '"Clinica", public' };
      await withConnection(target, (client) => initDb(client, target, SCHEMA));
      const own = await facts(target);
      assert.equal(own.search_path, '"Clinica", public');
      assert.deepEqual(own.tables.exames, { ...PLAIN, schema: 'Clinica' });
      assert.deepEqual((await facts(db.target)).tables.exames!.rules, ['r']);
      await db.query(`CREATE TABLE "Clinica".tmp (); DROP TABLE "Clinica".exames`);
      assert.deepEqual((await facts(target)).tables.exames, { ...PLAIN, rules: ['r'] });
      assert.equal((await facts(target)).tables.medicos!.schema, 'Clinica');
    });
  });

  test(`${version}: without the tables the error says what to do`, async () => {
    await withDatabase(
      server,
      async (db) => {
        await assert.rejects(facts(db.target), /does not have the simulator's tables yet/);
      },
      { empty: true },
    );
  });

  test(`${version}: a replica identity includes the id, or does not`, async () => {
    await withDatabase(server, async (db) => {
      const identity = async (statements: string) =>
        (await after(db, statements, 'pacientes')).identity;
      const using = 'ALTER TABLE pacientes REPLICA IDENTITY';
      const of = (kind: string, tells_id: boolean, index: string | null = null) => ({
        kind,
        index,
        tells_id,
      });
      assert.deepEqual(await identity(`${using} FULL`), of('full', true));
      assert.deepEqual(await identity(`${using} NOTHING`), of('nothing', false));
      const cpf = 'pacientes_cpf_key';
      assert.deepEqual(await identity(`${using} USING INDEX ${cpf}`), of('index', false, cpf));
      assert.deepEqual(
        await identity(`CREATE UNIQUE INDEX both_key ON pacientes (cpf, id);
                        ${using} USING INDEX both_key`),
        of('index', true, 'both_key'),
      );
      // INCLUDEd columns are not sent.
      assert.deepEqual(
        await identity(`CREATE UNIQUE INDEX beside_key ON pacientes (cpf) INCLUDE (id);
                        ${using} USING INDEX beside_key`),
        of('index', false, 'beside_key'),
      );
      assert.deepEqual(await identity('DROP INDEX beside_key'), of('index', false));
      assert.deepEqual(
        await identity(
          `${using} DEFAULT; ALTER TABLE pacientes DROP CONSTRAINT pacientes_pkey CASCADE`,
        ),
        of('default', false),
      );
      assert.deepEqual(
        await identity('ALTER TABLE pacientes ADD PRIMARY KEY (cpf)'),
        of('default', false),
      );
    });
  });

  test(`${version}: a replica identity includes the columns of any key, or of none`, async () => {
    await withDatabase(server, async (db) => {
      const extended = schemaWith(['prontuario']);
      await withConnection(db.target, (client) => initDb(client, db.target, extended));
      const read = async (statements: string) => {
        await db.query(statements);
        return withConnection(db.target, (client) => readDatabaseFacts(client, extended.tables));
      };
      const { tables } = await read('');
      const itens = tables['faturamento."Itens da Conta"']!;
      assert.deepEqual(itens, { ...PLAIN, schema: 'faturamento' });
      assert.deepEqual(tables.prontuarios!.generated, ['busca']);
      assert.ok(tables.sinais_vitais!.partitions.length > 24);
      for (const { name, key } of extended.tables) {
        const kind = key.length === 0 ? 'full' : 'default';
        assert.deepEqual(tables[name]!.identity, { kind, index: null, tells_id: true }, name);
      }
      // Half of a composite key, an index of a table without a key, and a key whose columns have another order.
      const changed = await read(`
        CREATE UNIQUE INDEX half ON sinais_vitais_outros (medido_em);
        ALTER TABLE sinais_vitais_outros REPLICA IDENTITY USING INDEX half;
        CREATE UNIQUE INDEX any_row ON auditoria (dia, usuario, acao, revisada);
        ALTER TABLE auditoria REPLICA IDENTITY USING INDEX any_row;
        CREATE UNIQUE INDEX also ON prescricoes (paciente_id, codigo);
        ALTER TABLE prescricoes REPLICA IDENTITY USING INDEX also`);
      const identity = (table: string) => changed.tables[table]!.identity;
      assert.deepEqual(identity('sinais_vitais'), {
        kind: 'index',
        index: 'half',
        tells_id: false,
      });
      assert.deepEqual(identity('auditoria'), { kind: 'index', index: 'any_row', tells_id: false });
      assert.deepEqual(identity('prescricoes'), { kind: 'index', index: 'also', tells_id: true });
    });
  });

  test(`${version}: partitions of any depth; the one with the least replica identity decides`, async () => {
    await withDatabase(server, async (db) => {
      await db.query(`${PARTITIONED_CONSULTAS};
        CREATE SCHEMA archive;
        DROP TABLE consultas_p1;
        CREATE TABLE archive.consultas_p1 PARTITION OF consultas
          FOR VALUES WITH (MODULUS 2, REMAINDER 1) PARTITION BY HASH (id);
        CREATE TABLE archive.deep PARTITION OF archive.consultas_p1
          FOR VALUES WITH (MODULUS 1, REMAINDER 0)`);
      const partitions = [
        { schema: 'archive', name: 'consultas_p1' },
        { schema: 'archive', name: 'deep' },
        { schema: 'public', name: 'consultas_p0' },
      ];
      const consultas = async (statements: string) => after(db, statements, 'consultas');
      assert.deepEqual(await consultas('SELECT'), { ...PLAIN, partitions });
      // The identity of the partitioned table, and of inner partitions, has no effect.
      const { identity } = await consultas(`ALTER TABLE consultas REPLICA IDENTITY NOTHING;
        ALTER TABLE archive.consultas_p1 REPLICA IDENTITY NOTHING;
        ALTER TABLE consultas_p0 REPLICA IDENTITY FULL`);
      assert.equal(identity.tells_id, true);
      assert.deepEqual(
        (
          await consultas(`CREATE UNIQUE INDEX x_key ON archive.deep (data);
            ALTER TABLE archive.deep REPLICA IDENTITY USING INDEX x_key`)
        ).identity,
        { kind: 'index', index: 'x_key', tells_id: false },
      );
      assert.deepEqual(
        (await consultas('ALTER TABLE consultas_p0 REPLICA IDENTITY NOTHING')).identity,
        { kind: 'nothing', index: null, tells_id: false },
      );
    });
  });

  test(`${version}: enabled triggers without the program's own, which is recognized by its body`, async () => {
    await withDatabase(server, async (db) => {
      await db.query(`
        CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
        CREATE TRIGGER a_row BEFORE INSERT OR DELETE ON exames FOR EACH ROW EXECUTE FUNCTION f();
        CREATE TRIGGER b_statement AFTER UPDATE OR TRUNCATE ON exames EXECUTE FUNCTION f();
        CREATE CONSTRAINT TRIGGER c_later AFTER INSERT ON exames DEFERRABLE
          FOR EACH ROW EXECUTE FUNCTION f();
        CREATE TRIGGER d_truncate AFTER TRUNCATE ON exames EXECUTE FUNCTION f();
        CREATE TRIGGER e_off AFTER INSERT ON exames FOR EACH ROW EXECUTE FUNCTION f();
        ALTER TABLE exames DISABLE TRIGGER e_off;
        CREATE TRIGGER f_replica AFTER INSERT ON exames FOR EACH ROW EXECUTE FUNCTION f();
        ALTER TABLE exames ENABLE REPLICA TRIGGER f_replica;
        CREATE TRIGGER g_always AFTER INSERT ON exames FOR EACH ROW EXECUTE FUNCTION f();
        ALTER TABLE exames ENABLE ALWAYS TRIGGER g_always;
        ALTER TRIGGER exames_updated_at ON exames RENAME TO renamed;
        -- Ours, but not where ours is.
        CREATE TRIGGER h_insert BEFORE INSERT ON exames FOR EACH ROW EXECUTE FUNCTION set_updated_at()`);
      const { exames } = (await facts(db.target)).tables;
      assert.deepEqual(exames!.triggers, [
        {
          name: 'a_row',
          timing: 'before',
          operations: ['insert', 'delete'],
          level: 'row',
          deferred: false,
        },
        {
          name: 'b_statement',
          timing: 'after',
          operations: ['update'],
          level: 'statement',
          deferred: false,
        },
        { name: 'c_later', timing: 'after', operations: ['insert'], level: 'row', deferred: true },
        {
          name: 'g_always',
          timing: 'after',
          operations: ['insert'],
          level: 'row',
          deferred: false,
        },
        {
          name: 'h_insert',
          timing: 'before',
          operations: ['insert'],
          level: 'row',
          deferred: false,
        },
      ]);
      const other = {
        name: 'medicos_updated_at',
        timing: 'before',
        operations: ['update'],
        level: 'row',
        deferred: false,
      };
      const body = (text: string) =>
        after(
          db,
          `CREATE OR REPLACE FUNCTION set_updated_at() RETURNS trigger LANGUAGE plpgsql AS '${text}'`,
          'medicos',
        );
      const changed = await body('BEGIN NEW.nome := upper(NEW.nome); RETURN NEW; END;');
      assert.deepEqual(changed.triggers, [other]);
      const spaced = await body('BEGIN\n\n\tNEW.updated_at := now();   RETURN NEW;\nEND;');
      assert.deepEqual(spaced.triggers, []);
    });
  });

  test(`${version}: a partition's row triggers fire, its statement triggers do not`, async () => {
    await withDatabase(server, async (db) => {
      const { triggers } = await after(
        db,
        `${PARTITIONED_CONSULTAS};
         CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
         CREATE TRIGGER cloned AFTER INSERT ON consultas FOR EACH ROW EXECUTE FUNCTION f();
         CREATE TRIGGER half AFTER INSERT ON consultas FOR EACH ROW EXECUTE FUNCTION f();
         ALTER TABLE ONLY consultas DISABLE TRIGGER half;
         ALTER TABLE consultas_p1 DISABLE TRIGGER half;
         CREATE TRIGGER off AFTER INSERT ON consultas FOR EACH ROW EXECUTE FUNCTION f();
         ALTER TABLE consultas_p0 DISABLE TRIGGER off;
         ALTER TABLE consultas_p1 DISABLE TRIGGER off;
         CREATE TRIGGER own BEFORE DELETE ON consultas_p0 FOR EACH ROW EXECUTE FUNCTION f();
         CREATE TRIGGER named AFTER DELETE ON consultas EXECUTE FUNCTION f();
         CREATE TRIGGER unnamed AFTER DELETE ON consultas_p0 EXECUTE FUNCTION f();
         ALTER TABLE consultas ADD CONSTRAINT u UNIQUE (id) DEFERRABLE`,
        'consultas',
      );
      assert.deepEqual(
        triggers.map(({ name, level }) => `${name} ${level}`),
        ['cloned row', 'half row', 'named statement', 'own row'],
      );
    });
  });

  test(`${version}: rules, generated columns, and cascading deletes`, async () => {
    await withDatabase(server, async (db) => {
      await db.query(`
        CREATE RULE quiet AS ON INSERT TO exames DO ALSO NOTHING;
        CREATE RULE off AS ON DELETE TO exames DO ALSO NOTHING;
        ALTER TABLE exames DISABLE RULE off;
        ALTER TABLE exames ADD COLUMN ano int GENERATED ALWAYS AS (extract(year FROM data)) STORED;
        CREATE SCHEMA other;
        CREATE TABLE other.laudos (exame bigint CONSTRAINT of_exame REFERENCES exames ON DELETE CASCADE,
                                   again bigint CONSTRAINT again REFERENCES exames ON DELETE SET NULL,
                                   key bigint CONSTRAINT key REFERENCES exames ON UPDATE CASCADE);
        CREATE TABLE notas (consulta bigint);
        ${PARTITIONED_CONSULTAS};
        ALTER TABLE notas ADD CONSTRAINT dflt FOREIGN KEY (consulta) REFERENCES consultas
          ON DELETE SET DEFAULT;
        CREATE TABLE direct (c bigint CONSTRAINT leaf REFERENCES consultas_p0 ON DELETE CASCADE)`);
      const { tables } = await facts(db.target);
      assert.deepEqual(tables.exames, {
        ...PLAIN,
        rules: ['quiet'],
        generated: ['ano'],
        cascades: ['laudos.again', 'laudos.of_exame'],
      });
      assert.deepEqual(tables.consultas!.cascades, ['direct.leaf', 'notas.dflt']);
    });
  });

  test(`${version}: policies apply to some roles and not to others`, async () => {
    await withDatabase(server, async (db) => {
      const roles = ['facts_owner', 'facts_bypass', 'facts_clerk', 'facts_nurses'];
      await db.query(`
        CREATE ROLE facts_owner LOGIN PASSWORD 'x'; CREATE ROLE facts_bypass LOGIN PASSWORD 'x' BYPASSRLS;
        CREATE ROLE facts_nurses; CREATE ROLE facts_clerk LOGIN PASSWORD 'x' IN ROLE facts_nurses;
        ALTER TABLE exames OWNER TO facts_owner;
        ALTER TABLE exames ENABLE ROW LEVEL SECURITY;
        ALTER TABLE medicos ENABLE ROW LEVEL SECURITY;
        CREATE POLICY everyone ON exames USING (id > 5);
        CREATE POLICY nurses ON exames TO facts_nurses USING (true);
        CREATE POLICY owners ON exames TO facts_owner USING (true)`);
      try {
        const policies = async (user: string) => {
          const { role, tables } = await facts({ ...db.target, user, password: 'x' });
          assert.equal(role, user);
          return [tables.exames!.policies, tables.medicos!.policies, tables.pacientes!.policies];
        };
        assert.deepEqual(await policies('facts_clerk'), [['everyone', 'nurses'], [], null]);
        assert.deepEqual(await policies('facts_owner'), [null, [], null]);
        assert.deepEqual(await policies('facts_bypass'), [null, null, null]);
        await db.query('ALTER TABLE exames FORCE ROW LEVEL SECURITY');
        assert.deepEqual(await policies('facts_owner'), [['everyone', 'owners'], [], null]);
      } finally {
        await db.query(`ALTER TABLE exames OWNER TO CURRENT_USER; DROP POLICY nurses ON exames;
                        DROP POLICY owners ON exames; DROP ROLE ${roles.join(', ')}`);
      }
    });
  });

  test(`${version}: publications of whole tables, and with filters and column lists`, async () => {
    await withDatabase(server, async (db) => {
      await db.query(`
        CREATE TABLE other (id int);
        CREATE PUBLICATION alien FOR TABLE other;
        CREATE PUBLICATION part FOR TABLE exames, other WITH (publish = 'insert');
        CREATE PUBLICATION whole FOR ALL TABLES WITH (publish = 'update, delete, truncate')`);
      const all = { columns: null, filter: null };
      const every = SCHEMA.tables.record(() => all);
      assert.deepEqual((await facts(db.target)).publications, [
        { name: 'part', operations: ['insert'], via_root: false, tables: { exames: all } },
        { name: 'whole', operations: ['update', 'delete'], via_root: false, tables: every },
      ]);
      if (!listing) return;
      await db.query(`DROP PUBLICATION part, whole;
        ALTER TABLE medicos ADD COLUMN twice bigint GENERATED ALWAYS AS (2 * id) STORED;
        CREATE SCHEMA clinica; CREATE TABLE clinica.exames (LIKE exames);
        CREATE PUBLICATION there FOR TABLES IN SCHEMA clinica;
        CREATE PUBLICATION here FOR TABLES IN SCHEMA public;
        CREATE PUBLICATION cut FOR TABLE exames (id, data) WHERE (id > 5), medicos`);
      const cut = { columns: ['id', 'data'], filter: '(id > 5)' };
      assert.deepEqual((await facts(db.target)).publications, [
        {
          name: 'cut',
          operations: ['insert', 'update', 'delete'],
          via_root: false,
          tables: { exames: cut, medicos: all },
        },
        {
          name: 'here',
          operations: ['insert', 'update', 'delete'],
          via_root: false,
          tables: every,
        },
      ]);
    });
  });

  test(`${version}: a partitioned table is published under its own name, by all of its partitions, or not`, async () => {
    await withDatabase(server, async (db) => {
      const root = ' WITH (publish_via_partition_root = true)';
      await db.query(`${PARTITIONED_CONSULTAS};
        CREATE SCHEMA archive; ALTER TABLE consultas_p1 SET SCHEMA archive;
        CREATE PUBLICATION a_root FOR TABLE consultas ${root};
        CREATE PUBLICATION b_leaves FOR TABLE consultas;
        CREATE PUBLICATION c_listed FOR TABLE consultas_p0, archive.consultas_p1;
        CREATE PUBLICATION d_listed FOR TABLE consultas_p0, archive.consultas_p1 ${root};
        CREATE PUBLICATION e_half FOR TABLE consultas_p0;
        CREATE PUBLICATION f_all FOR ALL TABLES`);
      if (listing) {
        await db.query(`CREATE PUBLICATION g_schema FOR TABLES IN SCHEMA archive;
          CREATE PUBLICATION h_cut FOR TABLE consultas_p0 (id, data, motivo) WHERE (id > 1),
                                             archive.consultas_p1 (motivo, id, status);
          CREATE PUBLICATION i_cut FOR TABLE consultas (id, data) WHERE (id > 2) ${root}`);
      }
      const { publications } = await facts(db.target);
      const all = { columns: null, filter: null };
      assert.deepEqual(
        publications.map(({ name, via_root, tables }) => [
          name,
          via_root,
          tables.consultas ?? null,
        ]),
        [
          ['a_root', true, all],
          ['b_leaves', false, all],
          ['c_listed', false, all],
          ['d_listed', true, all],
          ['e_half', false, null],
          ['f_all', false, all],
          ...(listing
            ? [
                ['g_schema', false, null],
                ['h_cut', false, { columns: ['id', 'motivo'], filter: '(id > 1)' }],
                ['i_cut', true, { columns: ['id', 'data'], filter: '(id > 2)' }],
              ]
            : []),
        ],
      );
    });
  });
}
