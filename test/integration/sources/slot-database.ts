import { withConnection } from '../../../src/postgres/connect.js';
import { currentWalLsn } from '../../../src/sources/slot/wal-position.js';
import { HOSPITAL_TABLES } from '../../helpers/any-scope.js';
import { type TestDatabase, withDatabase } from '../../helpers/database.js';
import { startServers } from '../../helpers/server.js';
import { waitFor } from '../../helpers/wait-for.js';
import type { Collector } from './collecting.js';

/** Servers that decode, with a slot for every test. */
export function startLogicalServers() {
  return startServers({ settings: { wal_level: 'logical', max_replication_slots: '40' } });
}

/** A database of the hospital with the publication `p` and the slot `s`. */
export async function withSlot(
  server: Awaited<ReturnType<typeof startLogicalServers>>[number],
  body: (db: TestDatabase) => Promise<void>,
): Promise<void> {
  await withDatabase(server, async (db) => {
    await db.query(`CREATE PUBLICATION p FOR TABLE ${HOSPITAL_TABLES.names.join(', ')}`);
    await db.query(`SELECT pg_create_logical_replication_slot('s', 'pgoutput')`);
    try {
      await body(db);
    } finally {
      await waitFor(() => allSlotsFree(db), { what: 'a slot without a reader' });
      await db.query(
        `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = 's'`,
      );
    }
  });
}

/** Whether no slot of the database has a reader. */
export async function allSlotsFree(db: TestDatabase): Promise<boolean> {
  const active = await db.query(
    'SELECT FROM pg_replication_slots WHERE database = current_database() AND active',
  );
  return active.length === 0;
}

/** Waits until the sink has everything that is committed now. */
export async function caughtUp(db: TestDatabase, sink: Collector): Promise<void> {
  const end = await withConnection(db.target, currentWalLsn);
  await waitFor(() => sink.at >= end, { what: `the position ${end} (at ${sink.at})` });
}
