import assert from 'node:assert/strict';
import test from 'node:test';
import { Rng } from '../../../src/random/rng.js';
import { IdTable } from '../../../src/verify/rows/id-table.js';
import { HOSPITAL } from './sample-event.js';

/** Bytes: enough for all ids of a test. */
const PLENTY = 2 ** 24;
/** Bytes: the smallest store. */
const LITTLE = 0;
const TABLES = [HOSPITAL.get('exames'), HOSPITAL.get('consultas')];
/** Ids at both ends of a block of 32, and above 2^32. */
const BASES = [0, 31, 32, 1_000, 2 ** 32 - 40, 2 ** 36 - 100];

/** Random ids of two tables: neighbours, in blocks that fill in any order, and single ones. */
function* randomIds(count: number) {
  const rng = new Rng(5).at(1, 1);
  for (let i = 0; i < count; i++) {
    const table = TABLES[rng.below(TABLES.length)]!;
    const spread = rng.below(4) === 0 ? 1_000_000 : 90;
    const id = (BASES[rng.below(BASES.length)]! + rng.below(spread)) % 2 ** 36;
    yield { table, id, value: 1 + rng.below(255) };
  }
}

test('random ids in random order keep their words and their state, like in a Map', () => {
  const keys = new IdTable(HOSPITAL, PLENTY, 1, 2);
  const wanted = new Map<string, number>();
  for (const { table, id, value } of randomIds(60_000)) {
    const name = `${table.name} ${id}`;
    const before = wanted.get(name);
    const found = keys.find(table, id);
    assert.equal(found < 0 ? undefined : keys.words[found + 2], before);
    const at = keys.claim(table, id);
    assert.deepEqual([keys.state(at), keys.words[at + 2]], [before ?? 0, before ?? 0]);
    keys.setState(at, value);
    keys.words[at + 1] = -value;
    keys.words[at + 2] = value;
    wanted.set(name, value);
  }
  assert.deepEqual([keys.size, keys.sample], [wanted.size, 1]);
  const entries = [...keys.entries()].map(({ table, key, at }) => {
    const value = keys.state(at);
    assert.deepEqual([keys.words[at + 1], keys.words[at + 2]], [-value, value]);
    return [`${table.name} ${key}`, value] as const;
  });
  assert.equal(entries.length, wanted.size);
  assert.deepEqual(new Map(entries), wanted);
});

test('a full store keeps exactly the rows of its sample, with their words', () => {
  const keys = new IdTable(HOSPITAL, LITTLE, 1, 2);
  const last = new Map<string, number>();
  const all = [...randomIds(60_000)];
  for (const { table, id, value } of all) {
    last.set(`${table.name} ${id}`, value);
    const at = keys.claim(table, id);
    if (at < 0) continue;
    keys.setState(at, value);
    keys.words[at + 2] = value;
  }
  assert.ok(keys.sample < 1);
  const followed = new Set<string>();
  for (const { table, id } of all) {
    const at = keys.find(table, id);
    assert.equal(at >= 0, keys.follows(table, id));
    if (at < 0) continue;
    const name = `${table.name} ${id}`;
    followed.add(name);
    assert.deepEqual([keys.state(at), keys.words[at + 2]], [last.get(name), last.get(name)]);
  }
  assert.equal(keys.size, followed.size);
  const share = keys.size / last.size / keys.sample;
  assert.ok(share > 0.8 && share < 1.2, `${keys.size} keys for a share of ${keys.sample}`);
});

test('ids below 0 and from 2^36 on are not followed', () => {
  const keys = new IdTable(HOSPITAL, LITTLE, 1, 2);
  for (const id of [-1, 2 ** 36, '7']) {
    assert.deepEqual([keys.claim(TABLES[0]!, id), keys.find(TABLES[0]!, id)], [-1, -1]);
    assert.equal(keys.follows(TABLES[0]!, id), false);
  }
});
