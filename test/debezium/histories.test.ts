import assert from 'node:assert/strict';
import test from 'node:test';
import { readHistories } from '../fixtures/histories/files.js';
import { recordDebezium } from '../fixtures/histories/record-debezium.js';
import { SERVER_SETTINGS } from '../fixtures/histories/record-pgoutput.js';
import { startServers } from '../helpers/server.js';
import { findJava } from './java.js';

const { java, skip } = await findJava();
const servers = skip === false ? await startServers({ settings: SERVER_SETTINGS }, [18]) : [];
if (servers.length === 0)
  test('Debezium delivers histories as recorded', { skip }, () => undefined);

for (const server of servers) {
  test('Debezium delivers the histories of hazards as recorded', async () => {
    assert.ok(java);
    assert.deepEqual(await recordDebezium(server, java), readHistories('debezium'));
  });
}
