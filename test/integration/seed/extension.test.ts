import '../../../src/messages/english.js';
import assert from 'node:assert/strict';
import test from 'node:test';
import { dropAll } from '../../../src/database/drop.js';
import { checkRules } from '../../../src/database/rules.js';
import { requireSchema } from '../../../src/database/schema.js';
import { initDb } from '../../../src/database/scripts.js';
import { withConnection } from '../../../src/postgres/connect.js';
import { sqlName } from '../../../src/schema/table.js';
import { schemaWith } from '../../../src/schemas/index.js';
import { areTakenOff, putBack, restore, takeOff } from '../../../src/seed/indexes.js';
import { Seed, type SeedOutcome } from '../../../src/seed/run.js';
import { type TestDatabase, withDatabase } from '../../helpers/database.js';
import { startServers } from '../../helpers/server.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { waitFor } from '../../helpers/wait-for.js';
import { waitUntilAlone } from './indexed.js';
import { number, runOn } from './seeding.js';

const SCHEMA = schemaWith(['prontuario']);
const ITENS = 'faturamento."Itens da Conta"';

/** Some chunks of chart notes, and enough rows for indexes and keys to be worth taking off. */
const ROWS: Record<string, number> = {
  pacientes: 47_000,
  medicos: 30,
  convenios: 5,
  pacientes_convenios: 100,
  consultas: 300,
  exames: 300,
  internacoes: 100,
  prontuarios: 1_500,
  sinais_vitais: 2_000,
  prescricoes: 500,
  auditoria: 1_000,
  [ITENS]: 800,
};

const servers = await startServers({ settings: { wal_level: 'logical' } });

interface Observed {
  readonly outcome: SeedOutcome;
  readonly indexed: boolean;
  /** Work done, and in all. */
  readonly work: { readonly done: number; readonly of: number };
}

async function seed(
  db: TestDatabase,
  volumes: Readonly<Record<string, number>>,
  workers: number,
): Promise<Observed> {
  let indexed = false;
  const run = new Seed(
    {
      schema: SCHEMA,
      target: db.target,
      rng: 5,
      workers,
      referenceDate: '2026-03-01',
      volumes,
      scale: 1,
      minRows: 0,
    },
    {
      planned: () => undefined,
      indexing: () => {
        indexed = true;
      },
      filled: () => undefined,
    },
  );
  const outcome = await run.run();
  return { outcome, indexed, work: run.work };
}

/** Indexes, keys and their parents, of all schemas that hold tables of the run. */
const CATALOG = `
  SELECT conrelid::regclass::text AS of, conname::text AS name,
         concat_ws(' ', contype, convalidated, condeferrable, condeferred, conislocal, coninhcount,
                   conindid::regclass, pg_get_constraintdef(oid),
                   (SELECT p.conname FROM pg_constraint p WHERE p.oid = k.conparentid)) AS definition
    FROM pg_constraint k WHERE contype IN ('p', 'u', 'f') AND conrelid <> 0
   UNION ALL
  SELECT i.indrelid::regclass::text, c.relname,
         concat_ws(' ', c.relkind, i.indisprimary, i.indisunique, i.indisvalid, i.indkey,
                   pg_get_indexdef(c.oid),
                   (SELECT h.inhparent::regclass FROM pg_inherits h WHERE h.inhrelid = c.oid))
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
   WHERE c.relnamespace IN ('public'::regnamespace, 'faturamento'::regnamespace)
   UNION ALL
  SELECT 'notes', nspname, '' FROM pg_namespace WHERE nspname = 'oltp_simulator_seed'
   ORDER BY 1, 2, 3`;

/** Names of indexes and keys, also where there is no schema faturamento. */
const NAMES = `
  SELECT conrelid::regclass::text AS of, conname::text AS name, pg_get_constraintdef(oid) AS definition
    FROM pg_constraint WHERE contype IN ('p', 'u', 'f') AND conrelid <> 0
   UNION ALL
  SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname !~ '^pg_'
   UNION ALL
  SELECT 'notes', nspname, '' FROM pg_namespace WHERE nspname = 'oltp_simulator_seed'
   ORDER BY 1, 2, 3`;

/** Properties of partitioned tables that are easily lost: levels, operator's names, indexes of one partition. */
const EXTRAS = `
  CREATE INDEX "Medido, ON ONLY " ON sinais_vitais (medido_em DESC) WHERE peso IS NOT NULL;
  CREATE UNIQUE INDEX other_key ON sinais_vitais (medido_em, paciente_id);
  CREATE INDEX ON sinais_vitais_outros (observacao);
  ALTER TABLE sinais_vitais DETACH PARTITION sinais_vitais_outros;
  ALTER TABLE sinais_vitais_outros RENAME TO deep;
  CREATE TABLE sinais_vitais_outros PARTITION OF sinais_vitais DEFAULT PARTITION BY HASH (paciente_id);
  ALTER TABLE sinais_vitais_outros ATTACH PARTITION deep FOR VALUES WITH (MODULUS 2, REMAINDER 0);
  CREATE TABLE faturamento.other_half PARTITION OF sinais_vitais_outros FOR VALUES WITH (MODULUS 2, REMAINDER 1);
  ALTER TABLE ${ITENS} ADD CONSTRAINT "só um" UNIQUE ("Código", "Paciente") DEFERRABLE`;

async function contentsOf(db: TestDatabase): Promise<unknown> {
  const sums: Record<string, unknown> = {};
  for (const { name, columns } of SCHEMA.tables) {
    const list = columns.map((column) => sqlName(column.name)).join(', ');
    [sums[name]] = await db.query(
      `SELECT count(*)::int, md5(string_agg(line, E'\\n' ORDER BY line)) AS sum
         FROM (SELECT ROW(${list})::text AS line FROM ${name}) AS lines`,
    );
  }
  return sums;
}

for (const server of servers) {
  const { version } = server;

  const withExtension = (body: (db: TestDatabase) => Promise<void>) =>
    withDatabase(server, async (db) => {
      await withConnection(db.target, (client) => initDb(client, db.target, SCHEMA));
      await body(db);
    });

  test(`${version}: the tables of an extension are seeded the same by any number of workers, with indexes on or off`, async () => {
    const seeded: unknown[] = [];
    for (const [workers, publish] of [
      [2, false],
      [3, true],
    ] as const) {
      await withExtension(async (db) => {
        await db.query(EXTRAS);
        const before = await db.query(CATALOG);
        if (publish) await db.query('CREATE PUBLICATION feed FOR TABLE exames');
        await waitUntilAlone(db);
        const { outcome, indexed, work } = await seed(db, ROWS, workers);
        assert.equal(indexed, !publish);
        assert.deepEqual(outcome.tables, ROWS);
        // Components of kits reference a row of the same COPY.
        assert.ok((await number(db, `SELECT count("Item Principal") FROM ${ITENS}`)) > 50);
        // Chart notes count for more than other rows.
        assert.ok(work.of > outcome.written + 2 * ROWS.prontuarios!, String(work.of));
        assert.ok(Math.abs(work.done / work.of - 1) < 1e-9);
        assert.deepEqual(await db.query(CATALOG), before);
        const rules = await withConnection(db.target, (client) => checkRules(client, SCHEMA));
        for (const { rule, violations } of rules) assert.equal(violations, 0, rule);
        seeded.push(await contentsOf(db));

        const more = { ...ROWS, [ITENS]: ROWS[ITENS]! + 50, auditoria: ROWS.auditoria! + 7 };
        assert.equal((await seed(db, more, 1)).outcome.written, 57);
        assert.equal((await seed(db, more, 1)).outcome.written, 0);
      });
    }
    assert.deepEqual(seeded[0], seeded[1]);
  });

  test(`${version}: a seed killed with indexes and keys of partitions off is repaired at any step`, async () => {
    await withExtension(async (db) => {
      await db.query(EXTRAS);
      const before = await db.query(CATALOG);
      for (const step of [null, 'index', 'constraint', 'foreign-key', 'validation'] as const) {
        await withConnection(db.target, (client) =>
          waitFor(() => takeOff(client, SCHEMA.tables), { what: 'other sessions to end' }),
        );
        assert.equal(
          (await db.query('SELECT 1 FROM pg_index WHERE indrelid = $1::regclass', [ITENS])).length,
          0,
        );
        if (step !== null) {
          // The first statement after this step fails: as far as the notes go, it is a kill.
          await db.query(
            `UPDATE oltp_simulator_seed.put_back SET statement = '!' || statement
              WHERE id = (SELECT max(id) FROM oltp_simulator_seed.put_back WHERE step = $1)`,
            [step],
          );
          await assert.rejects(putBack(db.target, 2));
          await db.query(
            `UPDATE oltp_simulator_seed.put_back SET statement = ltrim(statement, '!')`,
          );
        }
        await waitUntilAlone(db);
        // Also a command without the extension puts everything back.
        assert.equal(await restore(db.target, 2, schemaWith([]).tables), true);
        assert.deepEqual(await db.query(CATALOG), before, String(step));
      }
    });
  });

  test(`${version}: where tables were dropped since a seed was killed, the others get their indexes and keys back`, async () => {
    const EXTENSION = ['prontuarios', 'sinais_vitais', 'prescricoes', 'auditoria', ITENS];
    const dropExtension = `DROP TABLE ${EXTENSION.join(', ')}; DROP SCHEMA faturamento CASCADE`;
    const again = `DROP TABLE prescricoes; CREATE TABLE prescricoes (codigo uuid PRIMARY KEY, medico_id bigint)`;
    const partition = 'DROP TABLE sinais_vitais_outros';
    for (const drop of [dropExtension, again, partition]) {
      // The catalog as it is where the tables are dropped with their indexes on.
      const expected: unknown[] = [];
      for (const killed of [false, true]) {
        await withExtension(async (db) => {
          if (killed) {
            await withConnection(db.target, (client) =>
              waitFor(() => takeOff(client, SCHEMA.tables), { what: 'other sessions to end' }),
            );
          }
          await db.query(drop);
          await waitUntilAlone(db);
          const { tables } = drop === partition ? SCHEMA : schemaWith([]);
          assert.equal(await restore(db.target, 2, tables), killed);
          expected.push(await db.query(NAMES));
        });
      }
      assert.deepEqual(expected[1], expected[0], drop);
    }
  });

  test(`${version}: a killed seed leaves nothing to restore where all of its tables are gone`, async () => {
    await withExtension(async (db) => {
      await withConnection(db.target, async (client) => {
        await waitFor(() => takeOff(client, SCHEMA.tables), { what: 'other sessions to end' });
        await dropAll(client, SCHEMA, [ITENS]);
      });
      await waitUntilAlone(db);
      assert.equal(await restore(db.target, 2, SCHEMA.tables), false);
      assert.equal(await withConnection(db.target, areTakenOff), false);
    });
  });

  test(`${version}: indexes and keys stay on if a partitioned table has what could not be put back`, async () => {
    await withExtension(async (db) => {
      const obstacles = [
        [
          'a full replica identity beside a key',
          'ALTER TABLE sinais_vitais_outros REPLICA IDENTITY FULL',
          'ALTER TABLE sinais_vitais_outros REPLICA IDENTITY DEFAULT',
        ],
        [
          'a foreign key to a partitioned table',
          `ALTER TABLE exames ADD COLUMN m timestamptz;
           ALTER TABLE exames ADD FOREIGN KEY (paciente_id, m) REFERENCES sinais_vitais`,
          'ALTER TABLE exames DROP COLUMN m',
        ],
        [
          'an index that some partitions lack',
          'CREATE INDEX part ON ONLY sinais_vitais (peso)',
          'DROP INDEX part',
        ],
        [
          'a trigger of one partition that sees new rows',
          `CREATE FUNCTION pass() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
           CREATE TRIGGER t BEFORE INSERT ON sinais_vitais_outros FOR EACH ROW EXECUTE FUNCTION pass()`,
          'DROP TRIGGER t ON sinais_vitais_outros',
        ],
      ] as const;
      await withConnection(db.target, async (client) => {
        for (const [obstacle, arrange, undo] of obstacles) {
          await client.query(arrange);
          assert.equal(await takeOff(client, SCHEMA.tables), false, obstacle);
          assert.equal(await areTakenOff(client), false, obstacle);
          await client.query(undo);
        }
        await waitFor(() => takeOff(client, SCHEMA.tables), { what: 'other sessions to end' });
        await putBack(db.target, 1);
      });
    });
  });

  test(`${version}: all that the scripts of an extension made is dropped, and nothing of others`, async () => {
    await withExtension(async (db) => {
      const left = () =>
        db.query(
          `SELECT relkind::text AS kind, oid::regclass::text AS name FROM pg_class
            WHERE relnamespace IN ('public'::regnamespace, to_regnamespace('faturamento'))
            UNION ALL SELECT 'type', typname FROM pg_type WHERE typtype = 'e'
            UNION ALL SELECT 'schema', nspname FROM pg_namespace WHERE nspname = 'faturamento'
            UNION ALL SELECT 'function', proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace`,
        );
      await withConnection(db.target, async (client) => {
        await dropAll(client, SCHEMA, [ITENS]);
        assert.deepEqual(await left(), []);
        await dropAll(client, SCHEMA, [ITENS]);
        await initDb(client, db.target, SCHEMA);
        await initDb(client, db.target, SCHEMA);
        await requireSchema(client, SCHEMA);
        await client.query('CREATE VIEW faturamento.own AS SELECT 1 AS one');
        await dropAll(client, SCHEMA, [ITENS]);
        assert.deepEqual(await left(), [
          { kind: 'v', name: 'faturamento.own' },
          { kind: 'schema', name: 'faturamento' },
        ]);
      });
    });
  });
}

test('commands with --with know the tables of an extension; reset without it leaves them whole', async () => {
  await withTempFolder((cwd) =>
    withDatabase(servers.at(-1)!, async (db) => {
      const extended = ['--with', 'prontuario'];
      const few = { SEED_MIN_ROWS: '40' };
      const done = async (args: readonly string[]) => {
        const { code, stdout, stderr } = await runOn(db, cwd, [...args, '--json'], few);
        assert.equal(code, 0, stderr);
        return JSON.parse(stdout);
      };
      const missing = await runOn(db, cwd, ['counts', ...extended]);
      assert.equal(missing.code, 4);
      assert.match(
        missing.stderr,
        /there is no table prontuarios.*run `init-db --with prontuario`/,
      );
      await done(['init-db', ...extended]);
      const scale = ['--scale', '0.02'];
      const { tables } = await done(['seed', ...extended, ...scale]);
      assert.deepEqual(Object.keys(tables), SCHEMA.tables.names);
      assert.equal(tables[ITENS], 50);
      assert.deepEqual((await done(['counts', ...extended])).tables, tables);
      assert.equal((await done(['check', ...extended])).rules.length, [...SCHEMA.rules].length);
      const before = await contentsOf(db);

      for (const foreign of [[], ['--drop-foreign-tables']]) {
        const refused = await runOn(db, cwd, ['reset', '--yes', ...foreign]);
        assert.equal(refused.code, 4);
        assert.match(
          refused.stderr,
          /prontuarios, sinais_vitais, prescricoes, auditoria, faturamento\."Itens da Conta".*--with prontuario/,
        );
      }
      assert.deepEqual(await contentsOf(db), before);
      assert.deepEqual((await done(['reset', '--yes', ...extended, ...scale])).tables, tables);
      // Sequences begin anew, too.
      assert.deepEqual(await contentsOf(db), before);
    }),
  );
});
