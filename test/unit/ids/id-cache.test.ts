import assert from 'node:assert/strict';
import test from 'node:test';
import { IdCache } from '../../../src/ids/cache.js';
import { WorkerIds } from '../../../src/ids/worker-ids.js';
import { Rng } from '../../../src/random/rng.js';
import { schemaWith } from '../../../src/schemas/index.js';

const { tables } = schemaWith([]);

function pair(capacity: number) {
  const rng = new Rng(1).at(1, 1);
  const picks = new Rng(1).at(2, 1);
  const cache = new IdCache(tables, capacity, () => rng.unit());
  const ids = new WorkerIds(
    tables,
    cache.buffers,
    () => picks.unit(),
    [],
    1,
    () => undefined,
  );
  return { cache, ids };
}

test('an empty cache has nothing to pick', () => {
  assert.equal(pair(10).ids.pick('pacientes'), null);
});

test('a worker picks an id that was published, with its time', () => {
  const { cache, ids } = pair(10);
  cache.add('pacientes', { id: 2 ** 40 + 1, since: 1_700_000_000_000 });
  assert.deepEqual(ids.pick('pacientes'), { id: 2 ** 40 + 1, since: 1_700_000_000_000 });
  assert.equal(ids.pick('medicos'), null);
});

test('picks are uniform over the cached ids', () => {
  const { cache, ids } = pair(100);
  for (let id = 1; id <= 100; id++) cache.add('medicos', { id, since: 0 });
  const counts = new Map<number, number>();
  for (let i = 0; i < 100_000; i++) {
    const id = ids.pick('medicos')?.id ?? 0;
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  assert.equal(counts.size, 100);
  // 1000 expected each; five standard deviations are 157.
  for (const [id, count] of counts) assert.ok(Math.abs(count - 1000) < 157, `${id}: ${count}`);
});

test('a removed id is not picked again, the others all are', () => {
  const { cache, ids } = pair(10);
  for (let id = 1; id <= 10; id++) cache.add('medicos', { id, since: id });
  for (const id of [10, 1, 5, 5]) cache.remove('medicos', id);
  const seen = new Set<number>();
  for (let i = 0; i < 1000; i++) {
    const known = ids.pick('medicos');
    assert.equal(known?.id, known?.since);
    seen.add(known?.id ?? 0);
  }
  assert.deepEqual(
    [...seen].sort((a, b) => a - b),
    [2, 3, 4, 6, 7, 8, 9],
  );
  assert.equal(cache.size('medicos'), 7);
});

test('a full cache stays a uniform sample of all ids offered', () => {
  const { cache } = pair(1_000);
  for (let id = 1; id <= 10_000; id++) cache.add('pacientes', { id, since: 0 });
  assert.equal(cache.size('pacientes'), 1_000);
  let old = 0;
  for (let id = 1; id <= 5_000; id++) {
    const before = cache.size('pacientes');
    cache.remove('pacientes', id);
    if (cache.size('pacientes') < before) old++;
  }
  // Half of the ids, so half of the sample: 500 ± five standard deviations of 15.
  assert.ok(Math.abs(old - 500) < 75, `${old} of the older half`);
});

test('an id found to be gone is dropped at once, before the main thread knows', () => {
  const { cache, ids } = pair(10);
  cache.add('pacientes', { id: 1, since: 0 });
  cache.add('pacientes', { id: 2, since: 0 });
  ids.gone('pacientes', 1);
  for (let i = 0; i < 100; i++) assert.equal(ids.pick('pacientes')?.id, 2);
});

test('rows that the worker itself committed serve while the cache is empty', () => {
  const { ids } = pair(10);
  ids.born('convenios', { id: 9, since: 0 });
  assert.equal(ids.pick('convenios')?.id, 9);
  ids.gone('convenios', 9);
  assert.equal(ids.pick('convenios'), null);
});

test('a row committed by one worker is picked by another, once the main thread has its report', () => {
  const { cache, ids } = pair(10);
  const other = new WorkerIds(tables, cache.buffers, Math.random, [], 1, () => undefined);
  const patient = [7, 'Ana', '1990-01-01', '1', null, null, '2026-05-06 07:08:09.123001'];
  ids.committed([
    { table: 'pacientes', operation: 'insert', rows: [patient] },
    { table: 'exames', operation: 'insert', rows: [[8, 7, 'TSH', '2026-05-06', null]] },
  ]);
  assert.equal(other.pick('pacientes'), null);
  cache.apply(ids.takeChanges());
  // Rounded up to a whole millisecond.
  const since = Date.parse('2026-05-06T07:08:09.124Z');
  assert.deepEqual(other.pick('pacientes'), { id: 7, since });
  other.committed([{ table: 'pacientes', operation: 'delete', rows: [[7]] }]);
  assert.equal(other.pick('pacientes'), null);
  assert.notEqual(ids.pick('pacientes'), null);
  cache.apply(other.takeChanges());
  assert.equal(cache.size('pacientes'), 0);
  assert.deepEqual(other.takeChanges(), { born: [], gone: [] });
});

test('rows as a trigger left them count, and those that nothing can be calculated with do not', () => {
  const { ids } = pair(10);
  const row = (id: number | string, at: string) => [id, 'Ana', '1990-01-01', '1', null, null, at];
  const rows = [row(1, '2026-05-06 07:08:09'), row(2, '2026-05-06 07:08:09')];
  const stored = [
    row(5, '2031-01-31 08:15:00'),
    row(6, 'infinity'),
    row('9007199254740993', '2031-01-31'),
  ];
  ids.committed([{ table: 'pacientes', operation: 'insert', rows, stored }]);
  const since = Date.UTC(2031, 0, 31, 8, 15);
  assert.deepEqual(ids.takeChanges().born, [{ table: 'pacientes', known: { id: 5, since } }]);
});
