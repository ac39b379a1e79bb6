import assert from 'node:assert/strict';
import test from 'node:test';
import type { Client } from 'pg';
import { IdCache } from '../../../src/ids/cache.js';
import { WorkerIds } from '../../../src/ids/worker-ids.js';
import { schemaWith } from '../../../src/schemas/index.js';
import { randomNumbers } from '../../helpers/random.js';

const { tables } = schemaWith([]);
const TABLE = 'consultas';
/** The ids of the one lease: those of a batch of one event. */
const LEASED = 200;

test('ids are given in their order, and scattered ones at random from all that are left', async () => {
  const ids = await leased();
  assert.deepEqual(take(ids, 10), upTo(10));
  assert.equal(ids.scatter(TABLE, 20), true);
  const scattered = take(ids, 20);
  assert.ok(Math.max(...scattered) > 100, `${scattered}`);
  assert.ok(Math.min(...scattered) > 10, `${scattered}`);
  const later = take(ids, LEASED - 30);
  assert.ok(Math.min(...later) < Math.min(...scattered));
  assert.deepEqual(
    [...scattered, ...later].sort((a, b) => a - b),
    upTo(LEASED).slice(10),
  );
});

test('the last ids of a lease are not scattered: no lower one would come after them', async () => {
  const ids = await leased();
  assert.equal(ids.scatter(TABLE, LEASED), false);
  assert.deepEqual(take(ids, LEASED), upTo(LEASED));
});

async function leased(): Promise<WorkerIds> {
  const cache = new IdCache(tables, 10, randomNumbers(1));
  const onLease = () => undefined;
  const ids = new WorkerIds(tables, cache.buffers, randomNumbers(2), [TABLE], 1, onLease);
  const query = async () => ({ rows: [{ ids: `{${upTo(LEASED).join(',')}}` }] });
  await ids.reserve({ query } as unknown as Client, TABLE, LEASED);
  return ids;
}

function take(ids: WorkerIds, count: number): number[] {
  return Array.from({ length: count }, () => ids.next(TABLE));
}

function upTo(last: number): number[] {
  return Array.from({ length: last }, (_, i) => i + 1);
}
