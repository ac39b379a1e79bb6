import assert from 'node:assert/strict';
import test from 'node:test';
import { LineBuffer } from '../../../src/sources/ndjson/lines.js';
import { randomNumbers } from '../../helpers/random.js';

const CHUNK = 8;
const MOST = 40;

/** Feeds a text in parts of these lengths, and returns the lines. */
function feed(text: string, lengths: () => number) {
  const buffer = new LineBuffer(CHUNK, MOST);
  let out = '';
  let long = 0;
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) {
    const into = buffer.bytes;
    assert.ok(into.length - buffer.used >= CHUNK);
    assert.ok(into.length <= 4 * (MOST + CHUNK));
    const count = bytes.copy(into, buffer.used, at, at + Math.min(CHUNK, Math.max(1, lengths())));
    at += count;
    buffer.take(
      count,
      (lines) => {
        assert.equal(lines.at(-1), 0x0a);
        out += lines.toString();
      },
      () => {
        long++;
        out += '!\n';
      },
    );
  }
  return { out, long, rest: buffer.rest().toString() };
}

test('lines come out whole, in pieces of any size', () => {
  const random = randomNumbers(5);
  for (let i = 0; i < 2000; i++) {
    const lines = Array.from({ length: 1 + Math.floor(random() * 10) }, () =>
      'x'.repeat(Math.floor(random() * 30)),
    );
    const rest = lines.pop()!;
    const text = lines.map((line) => `${line}\n`).join('');
    const fed = feed(text + rest, () => Math.floor(random() * CHUNK) + 1);
    assert.deepEqual(fed, { out: text, long: 0, rest });
  }
});

test('a line that is too long is reported once, and takes no memory', () => {
  const long = 'x'.repeat(1000);
  assert.deepEqual(
    feed(`a\n${long}\nb\nc`, () => CHUNK),
    { out: 'a\n!\nb\n', long: 1, rest: 'c' },
  );
  assert.deepEqual(
    feed(long, () => CHUNK),
    { out: '!\n', long: 1, rest: '' },
  );
  assert.deepEqual(
    feed(`${long}\n${long}\n`, () => 3),
    { out: '!\n!\n', long: 2, rest: '' },
  );
});
