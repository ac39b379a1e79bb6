import '../../src/messages/english.js';
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { SERVER_VERSIONS, startServers } from '../helpers/server.js';
import { carryOut } from './hazards/run.js';
import { Sample } from './hazards/sample.js';

const DRAWS = Number(process.env.FAULT_DRAWS ?? 4);
const LONG = 50;
const SECONDS = Number(process.env.FAULT_SECONDS ?? 8);

const servers = await startServers(
  { settings: { wal_level: 'logical', max_prepared_transactions: '20' } },
  DRAWS < LONG ? [18] : SERVER_VERSIONS,
);
const samples: Sample[] = [];
let folder = '';

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oltp-simulator-test-'));
  for (const server of servers) {
    const run = await carryOut(server, folder, SECONDS);
    for (const { way, events } of run.recordings)
      samples.push(new Sample(server.version, run, way, events));
  }
});

after(() => rm(folder, { recursive: true, force: true }));

test('lines without a fault are exact, with the database and without it', async (t) => {
  for (const sample of samples) {
    const began = Date.now();
    for (const document of await sample.judge(sample.lines)) {
      const { verdict, doubts, causes, malformed } = document;
      t.diagnostic(
        `${sample.name}: ${sample.events.length} events, ${sample.lines.length} lines, undone ${sample.events.filter((e) => e.isUndone).length}, rolled back ${sample.events.filter((e) => e.of.committedAt === null).length} ${Date.now() - began} ms ${JSON.stringify([document.accounting, document.rows, document.hazards])}`,
      );
      assert.deepEqual(
        { verdict, doubts, causes, malformed },
        { verdict: 'exact', doubts: {}, causes: [], malformed: [] },
        sample.name,
      );
    }
  }
});
