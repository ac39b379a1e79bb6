import assert from 'node:assert/strict';
import test from 'node:test';
import type { Expected } from '../../../src/verify/ledger/expected.js';
import { ReplayWindow } from '../../../src/verify/match/replay-window.js';
import { StreamState } from '../../../src/verify/match/stream-state.js';
import { event } from './sample-event.js';

/** A stream on which so many events were delivered. */
function streamOf(delivered: number): StreamState {
  const stream = new StreamState(0, '0', new ReplayWindow(1_024));
  for (let i = 0; i < delivered; i++) stream.replayWindow.append(event(i), i);
  return stream;
}

const again = (stream: StreamState, ...places: readonly number[]) =>
  places.map((at) => stream.replay({ at, same: true }));

function expected(more: Partial<Expected>): Expected {
  return {
    fate: 'committed',
    xid: 700,
    worker: 1,
    sequence: 1,
    lsn: null,
    sentAt: 10,
    answeredAt: 20,
    rows: {},
    dropped: {},
    digest: null,
    prints: null,
    file: 'f',
    intent: 1,
    ...more,
  };
}

test('a replay goes on from event to event, until it has caught up', () => {
  const stream = streamOf(10);
  assert.deepEqual(again(stream, 7, 8, 9), ['rewind', 'next', 'next']);
  assert.equal(stream.endReplay(), false);
});

test('a replay of the last event has caught up at once', () => {
  const stream = streamOf(10);
  assert.deepEqual(again(stream, 9), ['rewind']);
  assert.equal(stream.endReplay(), false);
  assert.deepEqual(again(stream, 9, 9), ['rewind', 'rewind']);
});

test('a replay may go back again, wherever it is', () => {
  const stream = streamOf(10);
  assert.deepEqual(again(stream, 5, 6, 3, 4, 4, 5), [
    'rewind',
    'next',
    'rewind',
    'next',
    'rewind',
    'next',
  ]);
  assert.equal(stream.endReplay(), true);
});

test('a replay that leaves an event out skips, and goes on from there', () => {
  const stream = streamOf(10);
  assert.deepEqual(again(stream, 5, 7, 8, 9), ['rewind', 'skip', 'next', 'next']);
  assert.equal(stream.endReplay(), false);
});

test('a replay that is left before it has caught up has skipped the rest, which is said once', () => {
  const stream = streamOf(10);
  again(stream, 5, 6);
  assert.equal(stream.endReplay(), true);
  assert.equal(stream.endReplay(), false);
});

test('an earlier transaction of the same worker is past', () => {
  const stream = streamOf(0);
  stream.passWhole(expected({ sequence: 5 }));
  const past = (more: Partial<Expected>) => stream.isPast(expected({ answeredAt: 1_000, ...more }));
  assert.deepEqual(
    [4, 5, 6].map((sequence) => past({ sequence })),
    [true, false, false],
  );
  assert.equal(past({ worker: 2, sequence: 4 }), false);
  // One that comes late does not put the worker back.
  stream.passWhole(expected({ sequence: 3 }));
  assert.equal(past({ sequence: 4 }), true);
});

test("another worker's is past when it was answered before what came was sent", () => {
  const stream = streamOf(0);
  stream.pass(event(1), expected({ sentAt: 50 }));
  stream.pass(event(2), expected({ sentAt: 40 }));
  const past = (answeredAt: number) => stream.isPast(expected({ worker: 2, answeredAt }));
  assert.deepEqual([49, 50, Number.POSITIVE_INFINITY].map(past), [true, false, false]);
});

test('a watermark below one that came is behind, the same one is not, and none is not', () => {
  const stream = streamOf(0);
  assert.equal(stream.isBehind(event(1, { watermark: 1 })), false);
  stream.pass(event(1, { watermark: 100 }), expected({}));
  stream.pass(event(1, { watermark: 90 }), expected({}));
  stream.pass(event(1, { watermark: null }), expected({}));
  const behind = [99, 100, 101, null].map((watermark) => stream.isBehind(event(1, { watermark })));
  assert.deepEqual(behind, [true, false, false, false]);
});

test("an LSN lies between those of the worker's last transaction and of its own", () => {
  const stream = streamOf(0);
  stream.passWhole(expected({ sequence: 5, lsn: 100 }));
  const own = expected({ sequence: 6, lsn: 200 });
  const outside = (lsn: number | null) => stream.isOutside(event(1, { lsn }), own);
  assert.deepEqual([99, 100, 199, 200, null].map(outside), [true, false, false, true, false]);
});

test('where the ledger does not tell LSNs, and for one that comes late, there are no such bounds', () => {
  const stream = streamOf(0);
  stream.passWhole(expected({ sequence: 5, lsn: 100 }));
  const outside = (lsn: number, more: Partial<Expected>) =>
    stream.isOutside(event(1, { lsn }), expected(more));
  assert.equal(outside(1e9, { sequence: 6 }), false);
  assert.equal(outside(1, { sequence: 4, lsn: 50 }), false);
  assert.equal(outside(1, { worker: 2, sequence: 6, lsn: 50 }), false);
  // A transaction without one leaves the bound where it was.
  stream.passWhole(expected({ sequence: 6 }));
  assert.equal(outside(99, { sequence: 7, lsn: 200 }), true);
});
