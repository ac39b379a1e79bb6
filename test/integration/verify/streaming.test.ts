import assert from 'node:assert/strict';
import test from 'node:test';
import { STREAMING_SERVER } from '../../golden/streamed.js';
import { startServers } from '../../helpers/server.js';
import { stream } from '../../helpers/stream-run.js';
import { withWorkspace } from '../../helpers/workspace.js';
import { assertExact, dropSlot, makeSlot, newSlot, verifyAfter } from './verifying.js';

/** Batches that the server does not decode in memory. */
const LOAD = ['--workers', '2', '--batch-size', '600', '--rate', 'max', '--max-events', '6000'];

const servers = await startServers({ settings: STREAMING_SERVER });

for (const server of servers) {
  test(`a run is verified from transactions in parts (${server.version})`, () =>
    withWorkspace(server, async (workspace) => {
      const slots = [newSlot(), newSlot()] as const;
      for (const slot of slots) await makeSlot(workspace, slot);
      try {
        const streamed = await stream(workspace, [...LOAD, '--update-ratio', '0.3']);
        for (const [slot, args, words] of [
          [
            slots[0],
            ['--streaming'],
            /the server sent \d+ parts? of transactions before their end/,
          ],
          [slots[1], [], null],
        ] as const) {
          const source = ['--source', `slot:${slot}`];
          const { document, stderr } = await verifyAfter(workspace, [...source, ...args]);
          assertExact(document, streamed);
          if (words === null) assert.doesNotMatch(stderr, /Stream Start/);
          else assert.match(stderr, words);
        }
      } finally {
        for (const slot of slots) await dropSlot(workspace, slot);
      }
    }));
}
