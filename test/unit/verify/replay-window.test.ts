import assert from 'node:assert/strict';
import test from 'node:test';
import { ReplayWindow } from '../../../src/verify/match/partition.js';
import { event, HOSPITAL } from './sample-event.js';

/** The smallest replay window, in events. */
const MOST = 1_024;

/** A replay window after `count` events; the contents of each are its ordinal. */
function windowOf(count: number, most: number, lsn = (i: number) => 1_000 + i): ReplayWindow {
  const window = new ReplayWindow(HOSPITAL, most);
  for (let i = 0; i < count; i++) window.append(event(i, { lsn: lsn(i) }), i);
  return window;
}

test('an event is found at its place, also after the window has grown', () => {
  const window = windowOf(20_000, 2 ** 15);
  assert.equal(window.end, 20_000);
  for (const i of [0, 1, 4_095, 4_096, 8_192, 19_999]) {
    assert.deepEqual(window.find(event(i), i), { at: i, same: true });
  }
});

test('a repeated event with other contents is recognized, and not the same', () => {
  assert.deepEqual(windowOf(10, MOST).find(event(3), 4), { at: 3, same: false });
});

test('an event of another transaction, LSN, table, operation or key is not a repeated one', () => {
  const window = windowOf(10, MOST);
  const lsn = 1_003;
  assert.notEqual(window.find(event(3, { lsn }), 3), null);
  const others = [
    event(3, { lsn, xid: 701 }),
    event(3, { lsn: 1_004 }),
    // The upper 32 bits of the LSN count, too.
    event(3, { lsn: lsn + 2 ** 32 }),
    event(3, { lsn, table: 'consultas' }),
    event(3, { lsn, operation: 'update' }),
    event(4, { lsn }),
    event(3, { lsn, key: '3' }),
  ];
  for (const other of others) assert.equal(window.find(other, 3), null);
});

test('of two deliveries of an event, the last one is found', () => {
  const window = windowOf(10, MOST);
  window.append(event(3), 3);
  assert.deepEqual(window.find(event(3), 3), { at: 10, same: true });
});

test('keys beyond 2^53 are distinguished by their text', () => {
  const window = new ReplayWindow(HOSPITAL, MOST);
  window.append(event(1, { key: '9007199254740993' }), 1);
  assert.deepEqual(window.find(event(1, { key: '9007199254740993' }), 1), {
    at: 0,
    same: true,
  });
  assert.equal(window.find(event(1, { key: '9007199254740995' }), 1), null);
});

test('a full window forgets the oldest events, and no others', () => {
  const count = 5_000;
  const window = windowOf(count, MOST);
  for (let i = 0; i < count; i++) {
    const expected = i < count - MOST ? null : { at: i, same: true };
    assert.deepEqual(window.find(event(i), i), expected);
  }
});

test('no event beyond `forgotten` is forgotten', () => {
  // LSNs fall from transaction to transaction now and then.
  const lsn = (i: number) => 1_000 + i + (i % 10 === 0 ? 5_000 : 0);
  for (const count of [1_000, 1_024, 1_025, 1_500, 2_047, 2_048, 2_049, 6_001]) {
    const window = windowOf(count, MOST, lsn);
    if (count <= MOST) assert.equal(window.forgotten, Number.NEGATIVE_INFINITY);
    for (let i = 0; i < count; i++) {
      const gone = window.find(event(i, { lsn: lsn(i) }), i) === null;
      if (gone) assert.ok(lsn(i) <= window.forgotten, `${i} of ${count} is gone`);
    }
  }
});
