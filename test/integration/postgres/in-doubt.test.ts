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
}
