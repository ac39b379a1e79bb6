import assert from 'node:assert/strict';
import test from 'node:test';
import { Entries, type Entry } from '../../../src/ledger/entries.js';
import { expectationsOf } from '../../../src/ledger/expectations.js';
import type { Remains } from '../../../src/ledger/truncates.js';
import { Rng } from '../../../src/random/rng.js';

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

test('a block may have more expectations than a batch has room for', () => {
  const aborted = Array.from(
    { length: 5_000 },
    (_, i): Write => ['update', 'aborted', 8, 8, 700 + i],
  );
  assert.deepEqual(expected(...aborted, ['update', 'committed', 9, 9, 600]), [
    ...aborted.map(([, , , , xid]) => ['other', 8, 8, xid]),
    ['same', 9, 9, 600],
  ]);
});

test('a leased id that no transaction inserted cannot have been updated', () => {
  assert.deepEqual(expected([null, 'committed', 1, 2], ['update', 'committed', 1, 1, 700]), [
    ['none', 1, 1, null],
    ['none', 2, 2, null],
  ]);
});

/** The expectations after the writes of these transactions to row 7, and of a lease if `leased`. */
function expectedOf(
  transactions: readonly [Entry['fate'], ...(readonly Entry['write'][])][],
  { leased = false, remains = [] as Remains[] } = {},
) {
  const entries = new Entries();
  const key = { first: 7, last: 7 };
  if (leased) entries.add({ ...key, write: null, fate: 'committed', xid: null, transaction: 0 });
  for (const [i, [fate, ...writes]] of transactions.entries()) {
    for (const write of writes) {
      entries.add({ ...key, write, fate, xid: 700 + i, transaction: i + 1 });
    }
  }
  const remainsOf = (transaction: number) => remains[transaction - 1] ?? 'kept';
  return [...expectationsOf(entries, null, remains.length === 0 ? null : remainsOf)].map(
    ({ rule, xid, emptied }) => [rule, xid, ...(emptied === true ? ['emptied'] : [])],
  );
}

test('a row written several times in one transaction is there as before it, plus inserts, minus deletes', () => {
  const sameRow = ['insert', 'insert', 'update', 'delete'] as const;
  const moved = ['insert', 'delete'] as const;
  assert.deepEqual(expectedOf([['committed', ...sameRow]], { leased: true }), [['same', 700]]);
  assert.deepEqual(expectedOf([['aborted', ...sameRow]], { leased: true }), [['none', null]]);
  assert.deepEqual(
    expectedOf(
      [
        ['aborted', ...sameRow],
        ['committed', ...sameRow],
      ],
      { leased: true },
    ),
    [['same', 701]],
  );
  // Inserted and deleted again, or deleted and inserted again: the state before decides.
  assert.deepEqual(expectedOf([['committed', ...moved]], { leased: true }), [['none', null]]);
  assert.deepEqual(expectedOf([['committed', ...moved]]), []);
  assert.deepEqual(expectedOf([['aborted', ...moved]]), []);
  const before = [
    ['update', 'same'],
    ['insert', 'same'],
    ['delete', 'none'],
  ] as const;
  for (const [write, rule] of before) {
    const [found] = expectedOf([
      ['committed', write],
      ['committed', ...moved],
    ]);
    assert.deepEqual(found, [rule, rule === 'same' ? 701 : null], write);
  }
  const doubted = expectedOf([
    ['either', 'delete'],
    ['committed', ...moved],
  ]);
  assert.deepEqual(doubted, []);
});

test('an aborted transaction that wrote a row several times is one expectation', () => {
  assert.deepEqual(expectedOf([['aborted', 'update', 'update', 'delete']]), [['other', 700]]);
});

test('a TRUNCATE removes the rows of transactions before it, and of no later one', () => {
  const lost = ['none', null, 'emptied'];
  assert.deepEqual(expectedOf([['committed', 'insert']], { remains: ['emptied'] }), [lost]);
  assert.deepEqual(expectedOf([['committed', 'insert']], { remains: ['kept'] }), [['same', 700]]);
  assert.deepEqual(expectedOf([['committed', 'insert']], { remains: ['either'] }), []);
  // Whether the write was committed does not matter.
  assert.deepEqual(expectedOf([['either', 'update']], { remains: ['emptied'] }), [lost]);
  assert.deepEqual(expectedOf([['aborted', 'update']], { remains: ['emptied'] }), [lost]);
  assert.deepEqual(expectedOf([['aborted', 'update']], { remains: ['either'] }), []);
  assert.deepEqual(expectedOf([['committed', 'delete']], { remains: ['either'] }), [
    ['none', null],
  ]);
  const again: [Entry['fate'], Entry['write']][] = [
    ['committed', 'insert'],
    ['committed', 'insert'],
  ];
  assert.deepEqual(expectedOf(again, { remains: ['emptied', 'kept'] }), [['same', 701]]);
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

test('of random writes, the usual case has the rules of the general one', () => {
  const rng = new Rng(11).at(1, 1);
  const writes = ['insert', 'update', 'delete', null] as const;
  const fates = ['committed', 'committed', 'committed', 'aborted', 'either'] as const;
  for (let round = 0; round < 3_000; round++) {
    const entries = new Entries();
    for (let i = 0, transaction = 1; i < 6; i++) {
      transaction += rng.below(2);
      const first = rng.below(8);
      const write = writes[rng.below(writes.length)]!;
      // One transaction has one fate.
      const fate = write === null ? 'committed' : fates[transaction % fates.length]!;
      const xid = write === null || transaction % 7 === 0 ? null : 700 + transaction;
      entries.add({ first, last: first + rng.below(5), write, fate, xid, transaction });
    }
    const general = [...expectationsOf(entries, null, () => 'kept')];
    assert.deepEqual([...expectationsOf(entries)], general);
  }
});
