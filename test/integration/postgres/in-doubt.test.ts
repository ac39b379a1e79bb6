import assert from 'node:assert/strict';
import test from 'node:test';
import { keyOf } from '../../../src/ledger/row-key.js';
import { withConnection } from '../../../src/postgres/connect.js';
import { verdictOn } from '../../../src/postgres/in-doubt.js';
import type { Pending } from '../../../src/postgres/pending.js';
import { schemaWith } from '../../../src/schemas/index.js';
import { type TestDatabase, withDatabase } from '../../helpers/database.js';
import { startServers } from '../../helpers/server.js';

const { tables } = schemaWith([]);

/** A transaction that was sent in one packet with its COMMIT: its xid is unknown. */
const UNIDENTIFIED: Pending = {
  xid: null,
  witness: { table: 'medicos', operation: 'insert', key: 7 },
};

const verdict = (db: TestDatabase) =>
  withConnection(db.target, (client) =>
    verdictOn(client, tables, UNIDENTIFIED, { keyOf, backend: null, server: 'same' }),
  );

async function insert(db: TestDatabase): Promise<string | undefined> {
  const [row] = await db.query<{ xid: string }>(
    `INSERT INTO medicos (id, nome, crm, especialidade) VALUES (7, 'Ana', 'CRM/SP 1', 'clínica')
     RETURNING pg_current_xact_id()::text AS xid`,
  );
  return row?.xid;
}

for (const server of await startServers()) {
  test(`${server.version}: an inserted row shows the transaction's xid`, async () => {
    await withDatabase(server, async (db) => {
      const xid = await insert(db);
      assert.deepEqual(await verdict(db), { fate: 'committed', xid });
    });
  });

  test(`${server.version}: an inserted row that was updated since shows the commit, but no xid`, async () => {
    await withDatabase(server, async (db) => {
      await insert(db);
      await db.query("UPDATE medicos SET nome = 'Bia' WHERE id = 7");
      assert.deepEqual(await verdict(db), { fate: 'committed', xid: null });
    });
  });

  test(`${server.version}: without its row the insert was not committed`, async () => {
    await withDatabase(server, async (db) => {
      assert.deepEqual(await verdict(db), { fate: 'aborted', xid: null });
    });
  });

  // After a crash that lost WAL, another transaction may have got the same xid, and have written the same row.
  for (const [operation, fate] of [
    ['update', 'aborted'],
    ['insert', 'committed'],
  ] as const) {
    test(`${server.version}: beyond the WAL that the server has, a row's ${operation} is ${fate}`, async () => {
      await withDatabase(server, async (db) => {
        const xid = (await insert(db)) ?? null;
        const witness = { table: 'medicos', operation, key: 7 } as const;
        const pending = { xid, witness, lsn: 'FFFFFFFF/0' };
        const lost = { pid: 1, startedMicros: 1 };
        const found = await withConnection(db.target, (client) =>
          verdictOn(client, tables, pending, { keyOf, backend: lost, server: 'same' }),
        );
        assert.deepEqual(found, { fate, xid });
      });
    });
  }

  test(`${server.version}: a row that is missing shows nothing where the table may have been truncated`, async () => {
    await withDatabase(server, async (db) => {
      const xid = (await insert(db)) ?? null;
      await db.query('DELETE FROM medicos WHERE id = 7');
      const how = { keyOf, server: 'same', truncated: new Set(['medicos']) } as const;
      const witness = { table: 'medicos', operation: 'insert', key: 7 } as const;
      const fateOf = (members: Partial<Pending>, startedMicros: number) =>
        withConnection(db.target, async (client) => {
          const backend = { pid: 1, startedMicros };
          const pending = { xid, witness, lsn: '0/1', ...members };
          return (await verdictOn(client, tables, pending, { ...how, backend })).fate;
        });
      // The server did not restart since: its answer about the xid holds.
      assert.equal(await fateOf({}, Date.now() * 2_000), 'committed');
      assert.equal(await fateOf({}, 1), 'unknown');
      assert.equal(await fateOf({ xid: null }, 1), 'unknown');
    });
  });
}
