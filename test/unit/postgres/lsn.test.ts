import assert from 'node:assert/strict';
import test from 'node:test';
import { formatLsn, lsnBytes, parseLsn } from '../../../src/postgres/lsn.js';

test('an LSN is parsed and printed as PostgreSQL does, to the last bit', () => {
  const pairs: [string, bigint][] = [
    ['0/0', 0n],
    ['0/1', 1n],
    ['16/B374D848', 97_500_059_720n],
    ['0/FFFFFFFF', 0xffff_ffffn],
    ['1/0', 0x1_0000_0000n],
    ['200000/1', 2n ** 53n + 1n],
    ['FFFFFFFF/FFFFFFFE', 2n ** 64n - 2n],
  ];
  for (const [text, lsn] of pairs) {
    assert.equal(parseLsn(text), lsn);
    assert.equal(formatLsn(lsn), text);
  }
  for (let bit = 0n; bit < 64n; bit++) {
    for (const lsn of [1n << bit, (1n << bit) - 1n, 2n ** 64n - 1n - (1n << bit)]) {
      assert.equal(parseLsn(formatLsn(lsn)), lsn);
    }
  }
  assert.equal(parseLsn('a/0b'), parseLsn('A/B'));
});

test('a text that is not an LSN is null', () => {
  for (const text of [
    '',
    '0',
    '/',
    '1/',
    '/1',
    '0/123456789',
    '0/G',
    ' 0/1',
    '0/1\n',
    '-1/0',
    '0/1/2',
  ]) {
    assert.equal(parseLsn(text), null, text);
  }
  assert.throws(() => formatLsn(-1n), RangeError);
  assert.throws(() => formatLsn(2n ** 64n), RangeError);
});

test('the bytes of an LSN are a number; null where there is none', () => {
  assert.equal(lsnBytes('16/B374D848'), 97_500_059_720);
  assert.equal(lsnBytes('1FFFFF/FFFFFFFF'), Number.MAX_SAFE_INTEGER);
  assert.equal(lsnBytes(null), null);
  assert.equal(lsnBytes('16'), null);
});
