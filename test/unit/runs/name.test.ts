import assert from 'node:assert/strict';
import test from 'node:test';
import { newRunId } from '../../../src/runs/folder.js';
import { nameIn, slugOf, timeIn } from '../../../src/runs/name.js';

const NOW = new Date('2026-11-29T15:12:04Z');

test('a name becomes part of the id in letters, digits and dashes', () => {
  for (const [name, slug] of [
    ['nightly-soak', 'nightly-soak'],
    ['  Nightly soak! ', 'nightly-soak'],
    ['Versão 2.0 / após a migração', 'versao-2-0-apos-a-migracao'],
    ['../../etc', 'etc'],
    ['a'.repeat(40), 'a'.repeat(40)],
  ] as const) {
    assert.equal(slugOf(name), slug);
    const id = newRunId(NOW, name);
    assert.match(id, new RegExp(`^20261129-151204-[0-9a-f]{4}-${slug}$`));
    assert.equal(nameIn(id), slug);
    assert.equal(timeIn(id), NOW.getTime());
  }
});

test('a name without a letter or digit, or too long, is none', () => {
  for (const name of ['', '!?', '…', '..', 'a'.repeat(41)]) assert.equal(slugOf(name), null, name);
});

test('an id without a name has none, and another text no time either', () => {
  const id = newRunId(NOW, null);
  assert.match(id, /^20261129-151204-[0-9a-f]{4}$/);
  assert.equal(nameIn(id), null);
  for (const text of [
    'nightly-soak',
    '20261129',
    '20269929-151204-84d1',
    'x20261129-151204-84d1',
  ]) {
    assert.equal(timeIn(text), null, text);
  }
});
