import assert from 'node:assert/strict';
import test from 'node:test';
import { Entries } from '../../../src/ledger/entries.js';
import { Rng } from '../../../src/random/rng.js';

const COMMITTED = { write: 'insert', fate: 'committed', xid: 700, transaction: 1 } as const;

function entriesOf(keys: readonly number[]): Entries {
  const entries = new Entries();
  for (const first of keys) entries.addBlock(first, first, COMMITTED);
  return entries;
}

test('entries are sorted by first key, equal ones in the order in which they were added', () => {
  const rng = new Rng(5).at(1, 1);
  for (const range of [2, 2 ** 11, 2 ** 22, 2 ** 32, 2 ** 43, 2 ** 53]) {
    for (let round = 0; round < 20; round++) {
      const keys = Array.from({ length: rng.below(200) }, () => {
        const key = Math.floor((rng.below(2 ** 31) / 2 ** 31) * range);
        return rng.below(4) === 0 ? -key : key;
      });
      const sorted = [...keys.keys()].sort((a, b) => keys[a]! - keys[b]! || a - b);
      assert.deepEqual([...entriesOf(keys).order()], sorted);
    }
  }
});

test('the lowest and the highest ids are sorted exactly', () => {
  const keys = [2 ** 53 - 1, 2 ** 53 - 2, 0, -1, -(2 ** 53) + 1, 2 ** 32, 2 ** 32 - 1];
  assert.deepEqual(
    [...entriesOf(keys).order()].map((at) => keys[at]),
    keys.toSorted((a, b) => a - b),
  );
});

test('an entry is returned as it was added', () => {
  const entries = new Entries();
  const added = [
    { first: 5, last: 9, write: null, fate: 'committed', xid: null, transaction: 0 },
    { first: 7, last: 7, write: 'delete', fate: 'either', xid: 2 ** 40, transaction: 3 },
    { first: 6, last: 6, write: 'update', fate: 'aborted', xid: 3, transaction: 4 },
  ] as const;
  for (const entry of added) entries.add(entry);
  assert.deepEqual(
    added.map((_, at) => entries.get(at)),
    added,
  );
});
