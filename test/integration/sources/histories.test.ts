import assert from 'node:assert/strict';
import test from 'node:test';
import { readHistories } from '../../fixtures/histories/files.js';
import { SERVER_SETTINGS } from '../../fixtures/histories/record-pgoutput.js';
import { recordAll } from '../../fixtures/histories/recorded.js';
import { startServers } from '../../helpers/server.js';

const servers = await startServers({ settings: SERVER_SETTINGS });

test('pgoutput delivers the histories of hazards as recorded, on every version', async () => {
  assert.deepEqual(await recordAll(servers), readHistories('pgoutput'));
});
