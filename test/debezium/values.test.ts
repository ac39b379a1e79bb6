import assert from 'node:assert/strict';
import test from 'node:test';
import { differences, readRecordings } from '../fixtures/values/files.js';
import { recordDebezium } from '../fixtures/values/record-debezium.js';
import { startServers } from '../helpers/server.js';
import { findJava } from './java.js';

const { java, skip } = await findJava();
const servers =
  skip === false ? await startServers({ settings: { wal_level: 'logical' } }, [18]) : [];
if (servers.length === 0) test('Debezium delivers values as recorded', { skip }, () => undefined);

for (const server of servers) {
  test('Debezium delivers the values of the extension as recorded, by every setting', async () => {
    assert.ok(java);
    const recorded = readRecordings('debezium');
    assert.deepEqual(differences(recorded, await recordDebezium(server, java)), []);
  });
}
