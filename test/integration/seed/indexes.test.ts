import '../../../src/messages/english.js';
import assert from 'node:assert/strict';
import test from 'node:test';
import type { Client } from 'pg';
import { withConnection } from '../../../src/postgres/connect.js';
import type { ConnectionTarget } from '../../../src/postgres/target.js';
import { schemaWith } from '../../../src/schemas/index.js';
import { areTakenOff, putBack, requireWhole, takeOff } from '../../../src/seed/indexes.js';
import { withDatabase } from '../../helpers/database.js';
import { startServers } from '../../helpers/server.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { waitFor } from '../../helpers/wait-for.js';
import { countTables } from '../../helpers/workspace.js';
import { BUILDING, CATALOG, EXTRAS, NOT_ENFORCED, ROWS, SEED, waitUntilAlone } from './indexed.js';
import { checksums, requireClean, runOn } from './seeding.js';

const { tables } = schemaWith([]);

const servers = await startServers({ settings: { wal_level: 'logical' } });

const SEQUENCES = 'SELECT sequencename, last_value FROM pg_sequences ORDER BY 1';

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
            counts: await countTables(db),
            catalog: await db.query(CATALOG),
            sequences: await db.query(SEQUENCES),
          };
        }),
      );
    const fast = await seeded(false);
    assert.deepEqual(fast.counts, ROWS);
    assert.deepEqual(fast, await seeded(true));
  });

  test(`${version}: indexes and keys stay on if another object or session depends on them`, async () => {
    await withDatabase(server, async (db) => {
      await withConnection(db.target, async (client) => {
        await client.query(`CREATE FUNCTION pass() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
          CREATE TABLE other (id bigint PRIMARY KEY)`);
        for (const [obstacle, arrange, undo] of IN_THE_WAY) {
          await client.query(arrange);
          await requireLeftOn(client, obstacle);
          await client.query(undo);
        }
        await withConnection(db.target, () => requireLeftOn(client, 'another session'));
        // Nothing prevents it any more.
        await waitFor(() => takeOff(client, tables), { what: 'the other session to end' });
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
      for (const [obstacle, arrange] of steps) {
        await db.query(arrange);
        await waitUntilAlone(db);
        await withConnection(clerk, (client) => requireLeftOn(client, obstacle));
      }
      await db.query(`GRANT CREATE ON SCHEMA public TO ${clerk.user}`);
      await waitUntilAlone(db);
      await withConnection(clerk, async (client) => {
        await withConnection(db.target, () => requireLeftOn(client, 'a session of another role'));
        await waitFor(() => takeOff(client, tables), { what: 'the other session to end' });
      });
      // Also a role without access to the notes gets the message.
      const guest = { ...db.target, user: `guest_${db.name}`, password: 'guest' };
      await db.query(`CREATE ROLE ${guest.user} LOGIN PASSWORD 'guest'`);
      await withConnection(guest, (client) => assert.rejects(requireWhole(client), /interrupted/));
      await putBack(clerk, 2);
      await db.query(`DROP OWNED BY ${clerk.user} CASCADE`);
      await db.query(`DROP ROLE ${clerk.user}, ${guest.user}`);
    });
  });
}

/** Arrangements that keep indexes and keys on: name, SQL, and SQL that undoes it. */
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

async function requireLeftOn(client: Client, obstacle: string): Promise<void> {
  const { rows: before } = await client.query(CATALOG);
  assert.equal(await takeOff(client, tables), false, obstacle);
  assert.deepEqual((await client.query(CATALOG)).rows, before, obstacle);
}
