import assert from 'node:assert/strict';
import test from 'node:test';
import { startServers } from '../helpers/server.js';
import { withWorkspace } from '../helpers/workspace.js';
import { findJava } from './java.js';
import { SHAPES } from './shapes.js';
import { killTwice, throughDebezium } from './through-debezium.js';

/** Long enough for two kills, each with a new start of a Java machine in between. */
const RATE = Number(process.env.DEBEZIUM_RATE ?? 400);
const SECONDS = Number(process.env.DEBEZIUM_SECONDS ?? 12);

const { java, skip } = await findJava();
const servers =
  skip === false ? await startServers({ settings: { wal_level: 'logical' } }, [18]) : [];
if (servers.length === 0) test('a run is verified through Debezium', { skip }, () => undefined);

for (const server of servers) {
  assert.ok(java);
  test('a run is exact through Debezium, also when its engine is killed twice meanwhile', async (t) => {
    await withWorkspace(server, async (workspace) => {
      const load = { rate: RATE, seconds: SECONDS };
      const { document, lines, sent } = await throughDebezium(workspace, {
        ...{ java, load },
        disturb: killTwice(RATE),
      });
      const { verdict, events } = document;
      t.diagnostic(
        `${verdict}: ${events.delivered} events, ${events.replayed} came again in ${events.rewinds} replays`,
      );
      // At least once: what a killed engine had not noted as sent comes again, as it was.
      assert.ok(['exact', 'duplicates'].includes(document.verdict), JSON.stringify(document));
      assert.equal(document.events.delivered, sent);
      assert.equal(document.events.malformed, 0);
      assert.ok(lines >= document.events.delivered);
    });
  });

  for (const shape of SHAPES.filter((other) => other !== 'json')) {
    test(`a run is exact through Debezium in the shape "${shape}"`, async () => {
      await withWorkspace(server, async (workspace) => {
        const load = { rate: RATE, seconds: 3 };
        const { document, sent } = await throughDebezium(workspace, { java, load, shape });
        assert.equal(document.verdict, 'exact', JSON.stringify(document));
        assert.equal(document.events.delivered, sent);
      });
    });
  }
}
