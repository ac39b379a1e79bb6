import assert from 'node:assert/strict';
import test from 'node:test';
import { keyColumn, keyOfTexts, textsOfKey } from '../../../src/schema/key.js';

test('a key of one column is its text, one of several the JSON array of their texts', () => {
  assert.equal(keyOfTexts(['04.01"-X']), '04.01"-X');
  assert.equal(keyOfTexts(['12', '["a"]']), '["12","[\\"a\\"]"]');
  assert.notEqual(keyOfTexts(['1', '2","3']), keyOfTexts(['1","2', '3']));
});

test('a key is taken apart into the texts that it was made from', () => {
  for (const texts of [['["a","b"]'], [''], ['a', ''], ['1","2', '\\', 'ç😀\n']]) {
    const key = texts.map((_, i) => `column_${i}`);
    assert.deepEqual(textsOfKey({ key }, keyOfTexts(texts)), texts);
  }
  assert.deepEqual(textsOfKey({ key: ['id'] }, 7), ['7']);
});

test('the one column of a key; an error where the key is another one', () => {
  assert.equal(keyColumn({ name: 't', key: ['número'] }), 'número');
  for (const key of [[], ['a', 'b']])
    assert.throws(() => keyColumn({ name: 't', key }), /t has no key of one column/);
});
