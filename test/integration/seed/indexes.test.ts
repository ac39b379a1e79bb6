import assert from 'node:assert/strict';
import test from 'node:test';
import type { Client } from 'pg';
import { withConnection } from '../../../src/postgres/connect.js';
import { totalOf } from '../../../src/postgres/counts.js';
import type { ConnectionTarget } from '../../../src/postgres/target.js';
import { areTakenOff, putBack, requireWhole, takeOff } from '../../../src/seed/indexes.js';
import { startCli } from '../../helpers/cli.js';
import { type TestDatabase, withDatabase } from '../../helpers/database.js';
import { startServers, type TestServer } from '../../helpers/server.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { envOf } from '../../helpers/test-target.js';
import { waitFor } from '../../helpers/wait-for.js';
import { checksums, counted, requireClean, runOn, volumes } from './seeding.js';

const servers = await startServers({ settings: { wal_level: 'logical' } });
const newest = servers.at(-1) as TestServer;

/** Just enough for indexes and keys to be worth taking off; patients come in two chunks. */
const ROWS = {
  pacientes: 50_500,
  medicos: 40,
  convenios: 10,
  pacientes_convenios: 1_500,
  consultas: 500,
  exames: 500,
  internacoes: 100,
};
const SEED = {
  ...volumes(ROWS),
  SEED_WORKERS: '2',
  SEED_REFERENCE_DATE: '2026-03-01',
  SEED_VALIDATE_FOREIGN_KEYS: 'false',
};

const BUILDING = /building indexes and keys/;

/** What an operator may have added, each with something that is easily lost on the way. */
const EXTRAS = `
  CREATE SCHEMA extra;
  CREATE FUNCTION extra.fold(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT lower($1)';
  CREATE INDEX "Nome, dobrado" ON pacientes (extra.fold(nome) DESC NULLS LAST, telefone) INCLUDE (cpf)
    WITH (fillfactor = 70) WHERE telefone IS NOT NULL;
  CREATE INDEX ON medicos USING hash (nome);
  ALTER TABLE consultas ADD CONSTRAINT "uma só" UNIQUE (id, data) INCLUDE (status)
    DEFERRABLE INITIALLY DEFERRED;
  ALTER TABLE internacoes ADD CONSTRAINT uma UNIQUE (id, quarto) DEFERRABLE;
  ALTER TABLE exames ADD COLUMN medico bigint;
  ALTER TABLE exames ADD CONSTRAINT "Pedido por" FOREIGN KEY (medico) REFERENCES medicos (id)
    MATCH FULL ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED NOT VALID`;
const NOT_ENFORCED =
  'ALTER TABLE exames ADD CONSTRAINT solto FOREIGN KEY (medico) REFERENCES medicos (id) NOT ENFORCED';

/** Holds up the COPY of this table, by a tenth of a second for every ten rows. */
const NAPS = `
  CREATE FUNCTION nap(bigint) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_sleep(0.01); RETURN true; END $$;
  ALTER TABLE internacoes ADD CONSTRAINT slow CHECK (nap(id))`;

/** All that the catalog tells of the hospital's tables, and the schemas there are. */
const CATALOG = `
  SELECT conrelid::regclass::text AS of, conname::text AS name,
         concat_ws(' ', contype, convalidated, condeferrable, condeferred, conkey, confkey,
                   conindid::regclass, pg_get_constraintdef(oid)) AS definition
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
   UNION ALL
  SELECT i.indrelid::regclass::text, c.relname,
         concat_ws(' ', i.indisprimary, i.indisunique, i.indimmediate, i.indisvalid, i.indkey,
                   pg_get_userbyid(c.relowner), pg_get_indexdef(c.oid))
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
   WHERE c.relnamespace = 'public'::regnamespace
   UNION ALL
  SELECT attrelid::regclass::text, attname, concat_ws(' ', attnum, attnotnull, atttypid::regtype)
    FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
   WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND attnum > 0
   UNION ALL
  SELECT tgrelid::regclass::text, tgfoid::regproc::text,
         concat_ws(' ', tgenabled, tgtype, tgdeferrable, tginitdeferred, count(*))
    FROM pg_trigger GROUP BY tgrelid, tgfoid, tgenabled, tgtype, tgdeferrable, tginitdeferred
   UNION ALL
  SELECT 'schema', nspname, '' FROM pg_namespace WHERE nspname !~ '^pg_'
   ORDER BY 1, 2, 3`;

const SEQUENCES = 'SELECT sequencename, last_value FROM pg_sequences ORDER BY 1';

async function waitUntilAlone(db: TestDatabase): Promise<void> {
  const alone = async () => {
    const { length } = await db.server.query(
      "SELECT 1 FROM pg_stat_activity WHERE datname = $1 AND backend_type = 'client backend'",
      [db.name],
    );
    return length === 0;
  };
  await waitFor(alone, { what: 'the sessions of the database to end' });
}

for (const server of servers) {
  const { version } = server;

  test(`${version}: with indexes and keys taken off, a seed leaves the same as with them on`, async () => {
    const seeded = (publish: boolean) =>
      withTempFolder((cwd) =>
        withDatabase(server, async (db) => {
          await db.query(EXTRAS);
          if (version >= 18) await db.query(NOT_ENFORCED);
          const before = await db.query(CATALOG);
          if (publish) await db.query('CREATE PUBLICATION feed FOR TABLE exames');
          await waitUntilAlone(db);
          const { code, stderr } = await runOn(db, cwd, ['seed', '--rng', '3'], SEED);
          assert.equal(code, 0, stderr);
          assert.equal(BUILDING.test(stderr), !publish, stderr);
          assert.deepEqual(await db.query(CATALOG), before);
          await requireClean(db, cwd);
          return {
            contents: await checksums(db),
            counts: await counted(db),
            catalog: await db.query(CATALOG),
            sequences: await db.query(SEQUENCES),
          };
        }),
      );
    const fast = await seeded(false);
    assert.deepEqual(fast.counts, ROWS);
    assert.deepEqual(fast, await seeded(true));
  });

  test(`${version}: indexes and keys stay on where somebody depends on them`, async () => {
    await withDatabase(server, async (db) => {
      await withConnection(db.target, async (client) => {
        await client.query(`CREATE FUNCTION pass() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
          CREATE TABLE other (id bigint PRIMARY KEY)`);
        for (const [what, arrange, undo] of IN_THE_WAY) {
          await client.query(arrange);
          await requireLeftOn(client, what);
          await client.query(undo);
        }
        await withConnection(db.target, () => requireLeftOn(client, 'another session'));
        // Nothing is in the way any more.
        await waitFor(() => takeOff(client), { what: 'the other session to end' });
        assert.ok(await areTakenOff(client));
        await assert.rejects(requireWhole(client));
        await putBack(db.target, 3);
        await requireWhole(client);
      });
    });
  });

  test(`${version}: a role takes off only what it may put back, and sees the sessions of others`, async () => {
    await withDatabase(server, async (db) => {
      const clerk: ConnectionTarget = { ...db.target, user: `clerk_${db.name}`, password: 'clerk' };
      await withConnection(db.target, async (client) => {
        await client.query(`CREATE ROLE ${clerk.user} LOGIN PASSWORD 'clerk';
          GRANT CREATE ON DATABASE ${db.name} TO ${clerk.user};
          REVOKE CREATE ON SCHEMA public FROM public;
          GRANT ALL ON ALL TABLES IN SCHEMA public TO ${clerk.user}`);
      });
      const own = `DO $$ DECLARE t text; BEGIN
        FOR t IN SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
        LOOP EXECUTE format('ALTER TABLE %I OWNER TO ${clerk.user}', t); END LOOP; END $$`;
      const steps = [
        ['not the owner', 'SELECT 1'],
        ['may not make indexes', own],
      ] as const;
      for (const [what, arrange] of steps) {
        await db.query(arrange);
        await waitUntilAlone(db);
        await withConnection(clerk, (client) => requireLeftOn(client, what));
      }
      await db.query(`GRANT CREATE ON SCHEMA public TO ${clerk.user}`);
      await waitUntilAlone(db);
      await withConnection(clerk, async (client) => {
        await withConnection(db.target, () => requireLeftOn(client, 'a session of another role'));
        await waitFor(() => takeOff(client), { what: 'the other session to end' });
      });
      // Also a role that may not look into the notes is told.
      const guest = { ...db.target, user: `guest_${db.name}`, password: 'guest' };
      await db.query(`CREATE ROLE ${guest.user} LOGIN PASSWORD 'guest'`);
      await withConnection(guest, (client) => assert.rejects(requireWhole(client), /interrupted/));
      await putBack(clerk, 2);
      await db.query(`DROP OWNED BY ${clerk.user} CASCADE`);
      await db.query(`DROP ROLE ${clerk.user}, ${guest.user}`);
    });
  });
}

/** Arrangements that forbid to take anything off: what, how, and how to undo it. */
const IN_THE_WAY = [
  ['a publication of a table', 'CREATE PUBLICATION f FOR TABLE exames', 'DROP PUBLICATION f'],
  ['a publication of all', 'CREATE PUBLICATION f FOR ALL TABLES', 'DROP PUBLICATION f'],
  [
    'a logical slot',
    "SELECT pg_create_logical_replication_slot('f', 'pgoutput')",
    "SELECT pg_drop_replication_slot('f')",
  ],
  [
    'a foreign key of another table',
    'ALTER TABLE other ADD COLUMN p bigint REFERENCES pacientes',
    'ALTER TABLE other DROP COLUMN p',
  ],
  [
    'a foreign key to another table',
    'ALTER TABLE medicos ADD COLUMN o bigint REFERENCES other',
    'ALTER TABLE medicos DROP COLUMN o',
  ],
  [
    'an index as replica identity',
    'ALTER TABLE pacientes REPLICA IDENTITY USING INDEX pacientes_cpf_key',
    'ALTER TABLE pacientes REPLICA IDENTITY DEFAULT',
  ],
  [
    'a full replica identity',
    'ALTER TABLE pacientes REPLICA IDENTITY FULL',
    'ALTER TABLE pacientes REPLICA IDENTITY DEFAULT',
  ],
  [
    'a clustered table',
    'ALTER TABLE exames CLUSTER ON idx_exames_data',
    'ALTER TABLE exames SET WITHOUT CLUSTER',
  ],
  [
    'a comment on an index',
    "COMMENT ON INDEX idx_exames_data IS 'x'",
    'COMMENT ON INDEX idx_exames_data IS NULL',
  ],
  [
    'an exclusion constraint',
    'ALTER TABLE medicos ADD CONSTRAINT x EXCLUDE USING hash (crm WITH =)',
    'ALTER TABLE medicos DROP CONSTRAINT x',
  ],
  [
    'a trigger that sees new rows',
    'CREATE TRIGGER t BEFORE INSERT ON exames FOR EACH ROW EXECUTE FUNCTION pass()',
    'DROP TRIGGER t ON exames',
  ],
  [
    'a view that leans on a key',
    'CREATE VIEW v AS SELECT id, nome FROM pacientes GROUP BY id',
    'DROP VIEW v',
  ],
] as const;

async function requireLeftOn(client: Client, what: string): Promise<void> {
  const { rows: before } = await client.query(CATALOG);
  assert.equal(await takeOff(client), false, what);
  assert.deepEqual((await client.query(CATALOG)).rows, before, what);
}

/** The steps in which notes are carried out. */
const STEPS = ['index', 'constraint', 'foreign-key', 'validation'] as const;
type Step = (typeof STEPS)[number];

/** Starts a seed with indexes and keys off, and lends it to `body` while a COPY is under way. */
async function duringCopy<T>(
  db: TestDatabase,
  cwd: string,
  body: (running: ReturnType<typeof startCli>) => Promise<T>,
): Promise<T> {
  await waitUntilAlone(db);
  const env = { APP_LANG: 'en', ...envOf(db.target), ...SEED };
  const running = startCli(['seed', '--json'], { cwd, env });
  try {
    // Asked from outside: a session in the database would keep indexes and keys on.
    const copying = async () => {
      const { length } = await db.server.query(
        "SELECT 1 FROM pg_stat_activity WHERE datname = $1 AND wait_event = 'PgSleep'",
        [db.name],
      );
      return length > 0;
    };
    await waitFor(copying, { what: 'a COPY' });
    return await body(running);
  } finally {
    running.child.kill('SIGKILL');
    await running.ended();
  }
}

/** Kills a seed in a COPY, or when it has carried out one note of a step. */
async function killSeed(db: TestDatabase, cwd: string, step: Step | 'copy'): Promise<void> {
  await duringCopy(db, cwd, async ({ child, ended }) => {
    if (step === 'copy') {
      child.kill('SIGKILL');
      assert.equal((await ended()).code, null);
      return;
    }
    await withConnection(db.target, async (holder) => {
      await holder.query('BEGIN');
      const { rowCount: held } = await holder.query(
        `SELECT id FROM oltp_simulator_seed.put_back WHERE step = $1
          ORDER BY id OFFSET 1 FOR UPDATE`,
        [step],
      );
      assert.ok(held !== null && held > 0, step);
      const reached = async () => {
        const { rows } = await holder.query<{ of: Step; left: number }>(
          'SELECT step AS of, count(*)::int AS left FROM oltp_simulator_seed.put_back GROUP BY step',
        );
        const left = new Map(rows.map((row) => [row.of, row.left]));
        const before = STEPS.slice(0, STEPS.indexOf(step));
        return before.every((earlier) => !left.has(earlier)) && left.get(step) === held;
      };
      await waitFor(reached, { what: `the step ${step}` });
      child.kill('SIGKILL');
      assert.equal((await ended()).code, null);
      await holder.query('ROLLBACK');
    });
  });
}

async function requireStreamRefused(db: TestDatabase, cwd: string): Promise<void> {
  const { code, stderr } = await runOn(db, cwd, ['stream', '--max-events', '1']);
  assert.equal(code, 4, stderr);
  assert.match(stderr, /a seed was interrupted before it put indexes and keys back/);
}

for (const step of ['copy', ...STEPS] as const) {
  test(`killed at the step ${step}: stream refuses, init-db alone puts all back`, async () => {
    await withTempFolder((cwd) =>
      withDatabase(newest, async (db) => {
        await db.query(`${EXTRAS}; ${NOT_ENFORCED}; ${NAPS}`);
        const before = await db.query(CATALOG);
        await killSeed(db, cwd, step);
        assert.notDeepEqual(await db.query(CATALOG), before);
        await requireStreamRefused(db, cwd);

        const { code, stderr } = await runOn(db, cwd, ['init-db'], SEED);
        assert.equal(code, 0, stderr);
        assert.match(stderr, /that an interrupted seed had taken off were put back/);
        assert.deepEqual(await db.query(CATALOG), before);
      }),
    );
  });
}

for (const step of ['copy', 'foreign-key'] as const) {
  test(`killed at the step ${step}: the next seed puts all back and completes the rows`, async () => {
    await withTempFolder((cwd) =>
      withDatabase(servers[0] as TestServer, async (db) => {
        await db.query(`${EXTRAS}; ${NAPS}`);
        const before = await db.query(CATALOG);
        await killSeed(db, cwd, step);
        const { code, stderr } = await runOn(db, cwd, ['seed'], SEED);
        assert.equal(code, 0, stderr);
        assert.deepEqual(await counted(db), ROWS);
        assert.deepEqual(await db.query(CATALOG), before);
        await requireClean(db, cwd);
      }),
    );
  });
}

test('killed right after taking off: stream refuses, and the next seed puts all back', async () => {
  await withTempFolder((cwd) =>
    withDatabase(newest, async (db) => {
      const before = await db.query(CATALOG);
      await waitUntilAlone(db);
      assert.ok(await withConnection(db.target, takeOff));
      await requireStreamRefused(db, cwd);
      const few = { ...SEED, ...volumes({ pacientes: 100, exames: 100 }) };
      const { code, stderr } = await runOn(db, cwd, ['seed'], few);
      assert.equal(code, 0, stderr);
      assert.deepEqual(await db.query(CATALOG), before);
    }),
  );
});

test('killed with indexes and keys off, a reset begins anew', async () => {
  await withTempFolder((cwd) =>
    withDatabase(newest, async (db) => {
      const pristine = await db.query(CATALOG);
      await db.query(NAPS);
      await killSeed(db, cwd, 'constraint');
      const few = { ...SEED, ...volumes({ pacientes: 100, exames: 100 }) };
      const { code, stderr } = await runOn(db, cwd, ['reset', '--yes'], few);
      assert.equal(code, 0, stderr);
      assert.deepEqual(await db.query(CATALOG), pristine);
      await requireClean(db, cwd);
    }),
  );
});

test('SIGINT in a COPY puts indexes and keys back before the end', async () => {
  await withTempFolder((cwd) =>
    withDatabase(newest, async (db) => {
      await db.query(`${EXTRAS}; ${NAPS}`);
      const before = await db.query(CATALOG);
      const { code, stderr, stdout } = await duringCopy(db, cwd, ({ child, ended }) => {
        child.kill('SIGINT');
        return ended();
      });
      assert.equal(code, 130, stderr);
      assert.match(stderr, BUILDING);
      assert.deepEqual(JSON.parse(stdout).tables, await counted(db));
      assert.ok(totalOf(await counted(db)) > 0);
      assert.deepEqual(await db.query(CATALOG), before);
    }),
  );
});
