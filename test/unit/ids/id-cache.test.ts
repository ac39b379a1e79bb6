import assert from 'node:assert/strict';
import test from 'node:test';
import { IdCache } from '../../../src/ids/cache.js';
import { IdView } from '../../../src/ids/view.js';
import { Rng } from '../../../src/random/rng.js';

function pair(capacity: number) {
  const rng = new Rng(1).at(1, 1);
  const picks = new Rng(1).at(2, 1);
  const cache = new IdCache(capacity, () => rng.unit());
  return { cache, view: new IdView(cache.buffers, () => picks.unit()) };
}

test('an empty cache has nothing to pick', () => {
  assert.equal(pair(10).view.pick('pacientes'), null);
});

test('a view picks what was published, with its time', () => {
  const { cache, view } = pair(10);
  cache.add('pacientes', { id: 2 ** 40 + 1, since: 1_700_000_000_000 });
  assert.deepEqual(view.pick('pacientes'), { id: 2 ** 40 + 1, since: 1_700_000_000_000 });
  assert.equal(view.pick('medicos'), null);
});

test('picks are uniform over the cached ids', () => {
  const { cache, view } = pair(100);
  for (let id = 1; id <= 100; id++) cache.add('medicos', { id, since: 0 });
  const counts = new Map<number, number>();
  for (let i = 0; i < 100_000; i++) {
    const id = view.pick('medicos')?.id ?? 0;
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  assert.equal(counts.size, 100);
  // 1000 expected each; five standard deviations are 157.
  for (const [id, count] of counts) assert.ok(Math.abs(count - 1000) < 157, `${id}: ${count}`);
});

test('a removed id is not picked again, the others all are', () => {
  const { cache, view } = pair(10);
  for (let id = 1; id <= 10; id++) cache.add('medicos', { id, since: id });
  for (const id of [10, 1, 5, 5]) cache.remove('medicos', id);
  const seen = new Set<number>();
  for (let i = 0; i < 1000; i++) {
    const known = view.pick('medicos');
    assert.equal(known?.id, known?.since);
    seen.add(known?.id ?? 0);
  }
  assert.deepEqual(
    [...seen].sort((a, b) => a - b),
    [2, 3, 4, 6, 7, 8, 9],
  );
  assert.equal(cache.size('medicos'), 7);
});

test('a full cache stays a uniform sample of all that was offered', () => {
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
  const { cache, view } = pair(10);
  cache.add('pacientes', { id: 1, since: 0 });
  cache.add('pacientes', { id: 2, since: 0 });
  view.drop('pacientes', 1);
  for (let i = 0; i < 100; i++) assert.equal(view.pick('pacientes')?.id, 2);
});

test('what the worker itself committed serves while the cache is empty', () => {
  const { view } = pair(10);
  view.keep('convenios', { id: 9, since: 0 });
  assert.equal(view.pick('convenios')?.id, 9);
  view.drop('convenios', 9);
  assert.equal(view.pick('convenios'), null);
});
