import assert from 'node:assert/strict';
import test from 'node:test';
import { assertExact } from '../helpers/audit.js';
import { startServer } from '../helpers/server.js';
import { summaryOf, withStream } from '../helpers/stream-run.js';
import { type Cut, startProxy } from '../helpers/tcp-proxy.js';

const server = await startServer(18);

const CUTS: Readonly<Record<Cut, string>> = {
  before: 'before COMMIT reached the server',
  amid: 'while COMMIT was under way',
  after: 'before the answer to COMMIT came back',
};

for (const [cut, when] of Object.entries(CUTS) as [Cut, string][]) {
  for (const batch of ['1', '5']) {
    test(`a connection lost ${when} is settled, in batches of ${batch}`, async () => {
      const proxy = await startProxy(server.port, [cut], 5);
      try {
        await withStream(
          server,
          // Many updates and deletes: batches of one are then often without an insert.
          [
            ...['--rate', 'max', '--workers', '3', '--batch-size', batch, '--max-events', '150'],
            ...['--update-ratio', '0.4', '--delete-ratio', '0.2'],
          ],
          async ({ db, cli }) => {
            const summary = summaryOf(await cli.ended());
            await assertExact(db, summary);
            assert.equal(summary.events, 150);
            assert.equal(summary.stopped_by, 'max-events');
            assert.ok(proxy.cuts > 0);
            // Where nothing but inserts is sent, a packet holds several transactions.
            assert.ok(summary.transactions.settled >= proxy.cuts);
            assert.equal(summary.reconnects, proxy.cuts);
          },
          { through: { port: proxy.port }, env: { STREAM_RECONNECT_BASE_SECONDS: '0.01' } },
        );
      } finally {
        await proxy.close();
      }
    });
  }
}
