import assert from 'node:assert/strict';
import test from 'node:test';
import { differences, readRecordings } from '../../fixtures/values/files.js';
import { prepareValues } from '../../fixtures/values/play.js';
import { recordPgoutput } from '../../fixtures/values/record-pgoutput.js';
import { TYPES } from '../../fixtures/values/scenario.js';
import { withDatabase } from '../../helpers/database.js';
import { startServers } from '../../helpers/server.js';

const servers = await startServers({ settings: { wal_level: 'logical' } });

for (const server of servers) {
  test(`${server.version}: pgoutput delivers the values of the extension as recorded`, async () => {
    const recorded = readRecordings('pgoutput');
    assert.deepEqual(differences(recorded, await recordPgoutput(server, recorded)), []);
  });
}

test('every type of a column of the extension is recorded', async () => {
  const [server] = servers;
  assert.ok(server);
  await withDatabase(server, async (db) => {
    await prepareValues(db.target);
    const missing = await db.query(
      `SELECT DISTINCT format_type(atttypid, NULL) AS type
         FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
        WHERE relnamespace IN ('public'::regnamespace, 'faturamento'::regnamespace)
          AND relkind IN ('r', 'p') AND attnum > 0 AND NOT attisdropped
          AND atttypid <> ALL (SELECT to_regtype(name) FROM unnest($1::text[]) AS t (name))`,
      [Object.keys(TYPES)],
    );
    assert.deepEqual(missing, []);
  });
});
