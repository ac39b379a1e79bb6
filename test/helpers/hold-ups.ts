import { connect } from '../../src/postgres/connect.js';
import type { TestDatabase } from './database.js';
import type { TestServer } from './server.js';
import { waitFor } from './wait-for.js';

/** The cause of a wait: `pg_stat_activity.wait_event_type` or `.wait_event`. */
export type Hold = 'Lock' | 'SyncRep' | 'PgSleep';

/** Locks tables as a forgotten migration does. Returns a function that ends it. */
export async function lockTables(
  db: TestDatabase,
  ...tables: string[]
): Promise<() => Promise<void>> {
  const holder = await connect({ ...db.target, applicationName: 'migration' });
  await holder.query(`BEGIN; LOCK TABLE ${tables.join(', ')} IN ACCESS EXCLUSIVE MODE`);
  return () => holder.end();
}

/** Has every COMMIT of a server wait for a standby that is not there. Returns a function that ends it. */
export async function awaitStandby(server: TestServer): Promise<() => Promise<void>> {
  const set = async (names: string) => {
    await server.query(`ALTER SYSTEM SET synchronous_standby_names = '${names}'`);
    await server.query('SELECT pg_reload_conf()');
    await waitFor(async () => {
      const [row] = await server.query<{ names: string }>(
        `SELECT current_setting('synchronous_standby_names') AS names`,
      );
      return row?.names === names;
    });
  };
  await set('absent');
  return () => set('');
}

/** How many of the program's connections to a database wait for this. */
export async function waitingFor(
  { query }: Pick<TestDatabase, 'query'>,
  hold: Hold,
): Promise<number> {
  const rows = await query(
    `SELECT FROM pg_stat_activity
      WHERE $1 IN (wait_event_type, wait_event) AND application_name LIKE 'oltp-simulator%'
        AND datname = current_database() AND state = 'active'`,
    [hold],
  );
  return rows.length;
}
