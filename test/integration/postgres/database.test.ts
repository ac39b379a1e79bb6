import '../../../src/messages/english.js';
import assert from 'node:assert/strict';
import test from 'node:test';
import type { Client } from 'pg';
import { connect } from '../../../src/postgres/connect.js';
import { withDatabase } from '../../helpers/database.js';
import { startServers } from '../../helpers/server.js';

for (const server of await startServers()) {
  test(`${server.version}: a test that leaves a connection open fails`, async () => {
    let left: Client | null = null;
    const leaking = withDatabase(server, async (db) => {
      left = await connect({ ...db.target, applicationName: 'forgotten' });
    });
    await assert.rejects(leaking, /left open.*forgotten/);
    await (left as Client | null)?.end();
  });

  test(`${server.version}: a test's database is dropped afterwards, also if the test fails`, async () => {
    let name = '';
    const failing = withDatabase(server, async (db) => {
      name = db.name;
      throw new Error('the test itself');
    });
    await assert.rejects(failing, /the test itself/);
    const found = await server.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    assert.deepEqual(found, []);
  });

  test(`${server.version}: the server is fit for change data capture`, async () => {
    const [settings] = await server.query(
      "SELECT current_setting('wal_level') AS wal, current_setting('server_encoding') AS encoding",
    );
    assert.deepEqual(settings, { wal: 'logical', encoding: 'UTF8' });
    await server.query("SELECT pg_create_logical_replication_slot('fit', 'pgoutput')");
    await server.query("SELECT pg_drop_replication_slot('fit')");
  });
}
