import assert from 'node:assert/strict';
import test from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { IdCache } from '../../../src/ids/cache.js';
import { loadIds } from '../../../src/ids/load.js';
import { WorkerIds } from '../../../src/ids/worker-ids.js';
import { withConnection } from '../../../src/postgres/connect.js';
import { RowMaker } from '../../../src/schema/row-maker.js';
import { schemaWith } from '../../../src/schemas/index.js';
import { BatchBuilder } from '../../../workers/batch-builder.js';
import { huge } from '../../../workers/hazards/huge.js';
import { HazardTransaction } from '../../../workers/hazards/transaction.js';
import { startServer } from '../../helpers/server.js';
import { withPlainWorkspace } from '../../helpers/workspace.js';

const schema = schemaWith([]);
const server = await startServer(18);

const ROWS = 200_000;
/** Rows of a chunk. */
const CHUNK = 1_000;
/** Its memory is looked at from here on, with all code compiled, … */
const WARM = 20_000;
/** … and after so many rows each time. */
const EACH = 20_000;
/** Bytes of the heap for each row: its fingerprint in base64, and the strings of each chunk. A whole row has hundreds. */
const MOST_BYTES = 40;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

test(`a huge transaction keeps less than ${MOST_BYTES} bytes of each row`, (t) =>
  withPlainWorkspace(server, ({ db }) =>
    withConnection(db.target, async (client) => {
      const cache = new IdCache(schema.tables, 1_000, Math.random);
      await loadIds(client, cache, schema.tables);
      const { names } = schema.tables;
      const ids = new WorkerIds(schema.tables, cache.buffers, Math.random, names, 1, () => {});
      const pools = await schema.samplePools();
      const task = { rng: 42, pools, updateRatio: 0, deleteRatio: 0 };
      const transaction = new HazardTransaction({
        ...{ client, schema, ids, returning: {}, maker: new RowMaker(42, pools) },
        builder: new BatchBuilder(schema, task, ids, new Map(), Math.random),
        ...{ random: Math.random, now: Date.now() },
      });
      const used: number[] = [];
      let rows = 0;
      const policy = huge({ everyMs: 1_000, rows: ROWS }, schema);
      for (const [table, count] of policy.ids ?? []) await ids.reserve(client, table, count);
      await client.query('BEGIN');
      await policy.happen({
        ...{ client, random: Math.random, stopping: false },
        hold: () => assert.fail(),
        transact: (act) => act(transaction),
        async wait() {
          rows += CHUNK;
          if (rows < WARM || rows % EACH !== 0) return true;
          collectGarbage();
          used.push(process.memoryUsage().heapUsed);
          return true;
        },
      });
      assert.equal(rows, ROWS);
      const { hazards } = transaction.outcome();
      const written = (hazards?.encoded ?? []).reduce((sum, { count }) => sum + count, 0);
      assert.equal(written, ROWS);
      const bytes = (used.at(-1)! - used[0]!) / (ROWS - WARM);
      t.diagnostic(`${bytes.toFixed(1)} bytes a row`);
      assert.ok(bytes < MOST_BYTES, `${bytes} bytes a row`);
      await client.query('ROLLBACK');
    }),
  ));
