import assert from 'node:assert/strict';
import test from 'node:test';
import { findPassword } from '../../../src/postgres/pgpass.js';

const TARGET = { host: 'db.example', port: 5432, database: 'hospital', user: 'ana' };

const CASES: readonly (readonly [string, string, string | null])[] = [
  ['the line that fits', 'db.example:5432:hospital:ana:secret', 'secret'],
  ['wildcards', '*:*:*:*:any', 'any'],
  ['the first of two that fit', '*:*:*:ana:one\n*:*:*:*:two', 'one'],
  ['no line for another user', '*:*:*:bob:secret', null],
  ['no line for another port', '*:5433:*:*:secret', null],
  ['no comment', '#*:*:*:*:secret', null],
  ['a password with colons and escapes', '*:*:*:*:a:b\\:c\\\\d', 'a:b:c\\d'],
  ['nothing in a line that is no such line', 'secret', null],
];

for (const [name, content, expected] of CASES) {
  test(`a password file gives ${name}`, () => {
    assert.equal(findPassword(content, TARGET), expected);
  });
}

test('a field may hold an escaped colon', () => {
  const target = { ...TARGET, host: '::1' };
  assert.equal(findPassword('\\:\\:1:5432:hospital:ana:six', target), 'six');
});

test('a Unix socket is looked up as localhost', () => {
  const target = { ...TARGET, host: '/var/run/postgresql' };
  assert.equal(findPassword('localhost:*:*:*:local', target), 'local');
});
