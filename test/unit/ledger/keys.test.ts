import assert from 'node:assert/strict';
import test from 'node:test';
import {
  countKeys,
  decodeKeys,
  encodeKeys,
  forEachBlock,
  isKeyList,
  joinAscending,
  keyListOf,
} from '../../../src/ledger/keys.js';
import { randomNumbers } from '../../helpers/random.js';

const IDS = { keyKind: 'id' } as const;

/** Number of random lists. The generator has a fixed seed, so a failure is repeatable. */
const LISTS = 500;

test('any list of keys comes back sorted, and is counted', () => {
  const next = randomNumbers(20_261_123);
  const random = (below: number) => Math.floor(next() * below);
  for (let i = 0; i < LISTS; i++) {
    const keys = new Set<number>();
    const span = [20, 1_000, 2 ** 40][random(3)]!;
    for (let blocks = 1 + random(12); blocks > 0; blocks--) {
      const first = random(span);
      for (let length = random(9); length >= 0; length--) keys.add(first + length);
    }
    const shuffled = [...keys].sort(() => random(3) - 1);
    const text = encodeKeys(shuffled);
    const sorted = [...keys].sort((a, b) => a - b);
    assert.deepEqual(decodeKeys(IDS, text), sorted, text);
    assert.equal(countKeys(text), sorted.length);
  }
});

test('blocks are encoded as the format says', () => {
  assert.equal(encodeKeys([1053, 1001, 1002, 1003]), '1001+2,50');
  assert.equal(encodeKeys([5]), '5');
  const blocks: [number, number][] = [];
  forEachBlock('1001+49,3', (first, last) => blocks.push([first, last]));
  assert.deepEqual(blocks, [
    [1001, 1050],
    [1053, 1053],
  ]);
});

test('text that is not a key list is refused', () => {
  for (const text of ['', ',', '1,', '-1', '1+', '1.5', 'x', '1,,2', ' 1']) {
    assert.throws(() => decodeKeys(IDS, text), /not a list of keys/, text);
  }
});

test('other keys than ids are a list of texts, in their order', () => {
  const keys = ['a6f0', '["12","2026-01-01 00:00:00+00"]', ''];
  assert.ok(isKeyList(keys));
  assert.deepEqual(decodeKeys({ keyKind: 'columns' }, keys), keys);
  assert.equal(countKeys(keys), 3);
  for (const wrong of [[1, 2], 'x', null, { 0: 'a' }]) assert.ok(!isKeyList(wrong));
});

test("ids outside of the compact text's range, as a trigger may give them, are texts", () => {
  assert.equal(keyListOf([3, 5, 4]), '3+2');
  assert.deepEqual(keyListOf([-5, 3]), ['-5', '3']);
  assert.deepEqual(keyListOf([3, '9007199254740993']), ['3', '9007199254740993']);
  assert.throws(() => decodeKeys(IDS, '9007199254740990,9'), /not a list of keys/);
});

test('ids of which one is listed several times are a list of texts', () => {
  assert.deepEqual(keyListOf([9, 7, 8, 7]), ['7', '7', '8', '9']);
  assert.equal(keyListOf([9, 7, 8]), '7+2');
});

test('lists of ids are joined where each begins after the one before it', () => {
  assert.equal(
    joinAscending(['1001+49', '1051+2', '1060,2']),
    encodeKeys([...Array.from({ length: 53 }, (_, i) => 1001 + i), 1060, 1062]),
  );
  assert.equal(joinAscending(['5']), '5');
  assert.equal(joinAscending(['5+3', '8']), null);
  assert.equal(joinAscending(['5', '3']), null);
});
