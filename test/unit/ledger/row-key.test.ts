import assert from 'node:assert/strict';
import test from 'node:test';
import { contentKey, fixedOfContentKey, keyOf } from '../../../src/ledger/row-key.js';
import type { Row } from '../../../src/schema/table.js';
import { ITENS, MEDIDAS, RASTROS, SAMPLE } from './sample-tables.js';

const CONSULTAS = SAMPLE.tables.get('consultas');

test('an id is a number, and text where a number does not hold it', () => {
  assert.equal(keyOf(CONSULTAS, [7, 20, 3]), 7);
  assert.equal(keyOf(CONSULTAS, ['7']), 7);
  assert.equal(keyOf(CONSULTAS, ['9007199254740993']), '9007199254740993');
});

test('another key is the text of its value, or the JSON array of its texts', () => {
  assert.equal(keyOf(ITENS, ['04.01"-X', 3]), '04.01"-X');
  const at = '2026-01-31 08:15:00.5+00';
  assert.equal(keyOf(MEDIDAS, [12, at, '70.50']), `["12","${at}"]`);
  assert.equal(keyOf(MEDIDAS, ['12', at]), keyOf(MEDIDAS, [12, at]));
  assert.notEqual(keyOf(MEDIDAS, ['1', '2","3']), keyOf(MEDIDAS, ['1","2', '3']));
});

test('the key of a row without one is its content: equal for equal rows, 16 digits', () => {
  const row: Row = ['2026-01-31', 'ana', 'f'];
  const key = keyOf(RASTROS, row);
  assert.match(String(key), /^[0-9a-f]{16}$/);
  assert.equal(keyOf(RASTROS, [...row]), key);
  // An update has the old row first, then its new values.
  assert.equal(keyOf(RASTROS, [...row, 't']), key);
  const others = row.map((_, i) => keyOf(RASTROS, row.with(i, 'x')));
  assert.equal(new Set([key, keyOf(RASTROS, row.with(1, null)), ...others]).size, 5);
});

test('a content key has both sums in full, also if they begin with zeros', () => {
  assert.equal(contentKey(-1, 10), 'ffffffff0000000a');
  assert.equal(contentKey(0, 0), '0000000000000000');
});

test('the fixed sum of a content key is found in it, with its sign', () => {
  for (const fixed of [0, 10, -1, 0x7fff_ffff, -0x8000_0000]) {
    assert.equal(fixedOfContentKey(contentKey(5, fixed)), fixed);
  }
});
