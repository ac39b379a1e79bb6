import assert from 'node:assert/strict';
import test from 'node:test';
import { Backlog } from '../../../../src/sources/slot/wal-receiver.js';

test('entries come out as they went in, and their bytes with them', () => {
  const backlog = new Backlog<number>();
  let next = 0;
  let expected = 0;
  // Grows to some thousand entries and shrinks to 0, several times.
  for (let round = 0; round < 5; round++) {
    for (let i = 0; i < 4000; i++) backlog.push(next++, 10);
    for (let i = 0; i < 3000; i++) assert.equal(backlog.shift(), expected++);
    assert.ok(backlog.bytes >= 1000 * 10);
    assert.equal(backlog.last, next - 1);
    while (expected < next) assert.equal(backlog.shift(), expected++);
    assert.equal(backlog.bytes, 0);
    assert.equal(backlog.shift(), undefined);
    assert.equal(backlog.last, undefined);
  }
});

test('an entry takes room also where it has no data, and may be replaced', () => {
  const backlog = new Backlog<string>();
  backlog.push('a', 0);
  const { bytes } = backlog;
  assert.ok(bytes > 0);
  backlog.replaceLast('b');
  assert.equal(backlog.bytes, bytes);
  assert.equal(backlog.shift(), 'b');
  backlog.push('c', 5);
  backlog.clear();
  assert.equal(backlog.bytes, 0);
  assert.equal(backlog.shift(), undefined);
});
