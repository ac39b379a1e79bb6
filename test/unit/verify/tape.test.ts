import assert from 'node:assert/strict';
import test from 'node:test';
import { ReplayWindow } from '../../../src/verify/match/replay-window.js';
import { event } from './sample-event.js';

/** The smallest number of events that a replay window is made for. */
const MOST = 1_024;

/** A replay window with so many delivered events; each one's content is its number. */
function tapeOf(count: number, most: number, lsn = (i: number) => 1_000 + i): ReplayWindow {
  const replayWindow = new ReplayWindow(most);
  for (let i = 0; i < count; i++) replayWindow.append(event(i, { lsn: lsn(i) }), i);
  return replayWindow;
}

test('an event is found where it was delivered, also after the replayWindow has grown', () => {
  const replayWindow = tapeOf(20_000, 2 ** 15);
  assert.equal(replayWindow.end, 20_000);
  for (const i of [0, 1, 4_095, 4_096, 8_192, 19_999]) {
    assert.deepEqual(replayWindow.find(event(i), i), { at: i, same: true });
  }
});

test('one that says something else is told from one that says the same', () => {
  assert.deepEqual(tapeOf(10, MOST).find(event(3), 4), { at: 3, same: false });
});

test('what differs in transaction, place, table, operation or key is another event', () => {
  const replayWindow = tapeOf(10, MOST);
  const lsn = 1_003;
  assert.notEqual(replayWindow.find(event(3, { lsn }), 3), null);
  const others = [
    event(3, { lsn, xid: 701 }),
    event(3, { lsn: 1_004 }),
    // The upper half counts, too.
    event(3, { lsn: lsn + 2 ** 32 }),
    event(3, { lsn, table: 'consultas' }),
    event(3, { lsn, operation: 'update' }),
    event(4, { lsn }),
    event(3, { lsn, key: '3' }),
  ];
  for (const other of others) assert.equal(replayWindow.find(other, 3), null);
});

test('of an event that was delivered twice, the last delivery is found', () => {
  const replayWindow = tapeOf(10, MOST);
  replayWindow.append(event(3), 3);
  assert.deepEqual(replayWindow.find(event(3), 3), { at: 10, same: true });
});

test('keys beyond 2^53 are told apart by their text', () => {
  const replayWindow = new ReplayWindow(MOST);
  replayWindow.append(event(1, { key: '9007199254740993' }), 1);
  assert.deepEqual(replayWindow.find(event(1, { key: '9007199254740993' }), 1), {
    at: 0,
    same: true,
  });
  assert.equal(replayWindow.find(event(1, { key: '9007199254740995' }), 1), null);
});

test('a full replayWindow forgets the oldest events, and no others', () => {
  const count = 5_000;
  const replayWindow = tapeOf(count, MOST);
  for (let i = 0; i < count; i++) {
    const expected = i < count - MOST ? null : { at: i, same: true };
    assert.deepEqual(replayWindow.find(event(i), i), expected);
  }
});

test('no event beyond what is said to be forgotten is gone', () => {
  // LSNs fall from transaction to transaction now and then.
  const lsn = (i: number) => 1_000 + i + (i % 10 === 0 ? 5_000 : 0);
  for (const count of [1_000, 1_024, 1_025, 1_500, 2_047, 2_048, 2_049, 6_001]) {
    const replayWindow = tapeOf(count, MOST, lsn);
    if (count <= MOST) assert.equal(replayWindow.forgotten, Number.NEGATIVE_INFINITY);
    for (let i = 0; i < count; i++) {
      const gone = replayWindow.find(event(i, { lsn: lsn(i) }), i) === null;
      if (gone) assert.ok(lsn(i) <= replayWindow.forgotten, `${i} of ${count} is gone`);
    }
  }
});
