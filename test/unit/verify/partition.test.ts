import assert from 'node:assert/strict';
import test from 'node:test';
import type { Expected } from '../../../src/verify/ledger/expected.js';
import { Partition, ReplayWindow } from '../../../src/verify/match/partition.js';
import { event, HOSPITAL } from './sample-event.js';

/** A partition after so many events. */
function partitionOf(delivered: number): Partition {
  const partition = new Partition(0, '0', new ReplayWindow(HOSPITAL, 1_024));
  for (let i = 0; i < delivered; i++) partition.replayWindow.append(event(i), i);
  return partition;
}

const repeat = (partition: Partition, ...places: readonly number[]) =>
  places.map((at) => partition.replay(event(at), { at, same: true }));

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
    hazards: null,
    file: 'f',
    intent: 1,
    ...more,
  };
}

test('a replay continues event by event, until it has caught up', () => {
  const partition = partitionOf(10);
  assert.deepEqual(repeat(partition, 7, 8, 9), ['rewind', 'next', 'next']);
  assert.equal(partition.endReplay(), null);
});

test('a replay of the last event has caught up at once', () => {
  const partition = partitionOf(10);
  assert.deepEqual(repeat(partition, 9), ['rewind']);
  assert.equal(partition.endReplay(), null);
  assert.deepEqual(repeat(partition, 9, 9), ['rewind', 'rewind']);
});

test('a replay may go back again at any place', () => {
  const partition = partitionOf(10);
  assert.deepEqual(repeat(partition, 5, 6, 3, 4, 4, 5), [
    'rewind',
    'next',
    'rewind',
    'next',
    'rewind',
    'next',
  ]);
  assert.deepEqual(partition.endReplay(), event(5));
});

test('a replay that leaves an event out skips once, and continues from there', () => {
  const partition = partitionOf(10);
  assert.deepEqual(repeat(partition, 5, 7, 8, 9), ['rewind', 'skip', 'next', 'next']);
  assert.equal(partition.endReplay(), null);
});

test('a replay that ends before it has caught up has skipped the rest, reported once', () => {
  const partition = partitionOf(10);
  repeat(partition, 5, 6);
  assert.deepEqual(partition.endReplay(), event(6));
  assert.equal(partition.endReplay(), null);
});

test('a partition is past the earlier transactions of a worker', () => {
  const partition = partitionOf(0);
  partition.noteArrival(expected({ sequence: 5 }));
  const past = (more: Partial<Expected>) =>
    partition.isPast(expected({ answeredAt: 1_000, ...more }));
  assert.deepEqual(
    [4, 5, 6].map((sequence) => past({ sequence })),
    [true, false, false],
  );
  assert.equal(past({ worker: 2, sequence: 4 }), false);
  // A late transaction does not put the worker back.
  partition.noteArrival(expected({ sequence: 3 }));
  assert.equal(past({ sequence: 4 }), true);
});

test("a partition is past another worker's transaction that was answered before one that arrived was sent", () => {
  const partition = partitionOf(0);
  partition.noteBegin(event(1), expected({ sentAt: 50 }));
  partition.noteBegin(event(2), expected({ sentAt: 40 }));
  const past = (answeredAt: number) => partition.isPast(expected({ worker: 2, answeredAt }));
  assert.deepEqual([49, 50, Number.POSITIVE_INFINITY].map(past), [true, false, false]);
});

test('an event is late if its watermark is below an earlier one', () => {
  const partition = partitionOf(0);
  assert.equal(partition.isBelowWatermark(event(1, { watermark: 1 })), false);
  partition.noteBegin(event(1, { watermark: 100 }), expected({}));
  partition.noteBegin(event(1, { watermark: 90 }), expected({}));
  partition.noteBegin(event(1, { watermark: null }), expected({}));
  const below = [99, 100, 101, null].map((watermark) =>
    partition.isBelowWatermark(event(1, { watermark })),
  );
  assert.deepEqual(below, [true, false, false, false]);
});

test("an LSN lies between the worker's last transaction and the end of its own", () => {
  const partition = partitionOf(0);
  partition.noteArrival(expected({ sequence: 5, lsn: 100 }));
  const own = expected({ sequence: 6, lsn: 200 });
  const outside = (lsn: number | null) => partition.isOutside(event(1, { lsn }), own);
  assert.deepEqual([99, 100, 199, 200, null].map(outside), [true, false, false, true, false]);
});

test('LSNs have no bounds for a late transaction, or without LSNs in the ledger', () => {
  const partition = partitionOf(0);
  partition.noteArrival(expected({ sequence: 5, lsn: 100 }));
  const outside = (lsn: number, more: Partial<Expected>) =>
    partition.isOutside(event(1, { lsn }), expected(more));
  assert.equal(outside(1e9, { sequence: 6 }), false);
  assert.equal(outside(1, { sequence: 4, lsn: 50 }), false);
  assert.equal(outside(1, { worker: 2, sequence: 6, lsn: 50 }), false);
  // A transaction without an LSN does not move the bound.
  partition.noteArrival(expected({ sequence: 6 }));
  assert.equal(outside(99, { sequence: 7, lsn: 200 }), true);
});
