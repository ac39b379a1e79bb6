import assert from 'node:assert/strict';
import test from 'node:test';
import { Entries, type Entry } from '../../../src/ledger/entries.js';
import { expectationsOf } from '../../../src/ledger/expectations.js';

type Write = [Entry['write'], Entry['fate'], first: number, last: number, xid?: number];

/** The expectations after these writes, in their order. A lease is `[null, …]`. */
function expected(...writes: readonly Write[]): [string, number, number, number | null][] {
  const entries = new Entries();
  for (const [i, [write, fate, first, last, xid = null]] of writes.entries()) {
    entries.add({ write, fate, first, last, xid, transaction: i + 1 });
  }
  return [...expectationsOf(entries)].map(({ rule, first, last, xid }) => [rule, first, last, xid]);
}

test('the last write that was not aborted decides, key by key', () => {
  assert.deepEqual(
    expected(
      [null, 'committed', 1, 20],
      ['insert', 'committed', 1, 10, 700],
      ['update', 'committed', 3, 3, 701],
      ['delete', 'committed', 5, 5, 702],
      ['update', 'aborted', 7, 7, 703],
      ['update', 'either', 9, 9, 704],
      ['insert', 'aborted', 11, 12, 705],
    ),
    [
      ['same', 1, 2, 700],
      ['same', 3, 3, 701],
      ['same', 4, 4, 700],
      ['none', 5, 5, null],
      ['same', 6, 6, 700],
      ['same', 7, 7, 700],
      ['same', 8, 8, 700],
      ['same', 10, 10, 700],
      ['none', 11, 12, null],
      ['none', 13, 20, null],
    ],
  );
});

test('a repeated insert counts, and so does a write after one in doubt', () => {
  assert.deepEqual(expected(['insert', 'aborted', 1, 3, 700], ['insert', 'committed', 1, 3, 701]), [
    ['same', 1, 3, 701],
  ]);
  assert.deepEqual(expected(['update', 'either', 1, 1, 700], ['delete', 'committed', 1, 1, 701]), [
    ['none', 1, 1, null],
  ]);
});

test('rows from before the run are unchanged if their writes were aborted', () => {
  assert.deepEqual(expected(['update', 'aborted', 8, 8, 700], ['delete', 'aborted', 9, 9, 701]), [
    ['other', 8, 8, 700],
    ['other', 9, 9, 701],
  ]);
  assert.deepEqual(expected(['update', 'aborted', 8, 8]), [['any', 8, 8, null]]);
});

test('without an xid a row must exist, and must not have the xmin of a later aborted write', () => {
  assert.deepEqual(expected(['update', 'committed', 8, 8], ['update', 'aborted', 8, 8, 701]), [
    ['any', 8, 8, null],
    ['other', 8, 8, 701],
  ]);
});

test('a leased id that no transaction inserted cannot have been updated', () => {
  assert.deepEqual(expected([null, 'committed', 1, 2], ['update', 'committed', 1, 1, 700]), [
    ['none', 1, 1, null],
    ['none', 2, 2, null],
  ]);
});

test('more entries than a chunk holds are kept and sorted', () => {
  const entries = new Entries();
  const count = 150_000;
  for (let i = count; i > 0; i--) {
    const key = 3 * i;
    entries.add({
      write: 'insert',
      fate: 'committed',
      first: key,
      last: key,
      xid: 2 ** 33 + i,
      transaction: i,
    });
  }
  const found = [...expectationsOf(entries)];
  assert.equal(found.length, count);
  assert.ok(
    found.every(
      ({ first, last, xid }, i) =>
        first === 3 * (i + 1) && last === first && xid === 2 ** 33 + i + 1,
    ),
  );
});

test('a block of more than 2^32 keys is stored in pieces', () => {
  assert.deepEqual(expected(['insert', 'aborted', 5, 2 ** 33]), [
    ['none', 5, 2 ** 32 + 4, null],
    ['none', 2 ** 32 + 5, 2 ** 33, null],
  ]);
});
