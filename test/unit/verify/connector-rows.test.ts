import assert from 'node:assert/strict';
import test from 'node:test';
import { Connectors } from '../../../src/verify/match/connectors.js';
import type { ReceivedRow } from '../../helpers/received-row.js';
import { event, fingerprintOf, HOSPITAL } from './sample-event.js';

/** Bytes: enough for all rows of a test. */
const PLENTY = 2 ** 20;

const connectors = () =>
  new Connectors(HOSPITAL, { rowBytes: PLENTY, snapshotBytes: PLENTY, sample: 1 }, 1);

function fold(all: Connectors, origin: string, change: ReceivedRow) {
  const fingerprint = fingerprintOf(change);
  return all.of(origin).tracker.fold({ ...change, origin }, fingerprint);
}

const changed = () =>
  event(1, { operation: 'update', values: event(1).values?.with(2, 'urina') ?? null });

test("each connector's rows are followed apart, and the run's are kept once its connector is known", () => {
  const all = connectors();
  assert.equal(fold(all, 'b', changed()), null);
  assert.equal(fold(all, 'a', event(1)), null);
  all.settle('a');
  assert.equal(all.tracker.size, 1);
  assert.equal(fold(all, 'a', changed()), 'column_changed');
});

test('without a change of the run, rows of a single connector are kept, and those of two are dropped', () => {
  const all = connectors();
  fold(all, 'a', event(1));
  assert.equal(all.tracker.size, 1);
  fold(all, 'b', event(2));
  assert.equal(all.tracker.size, 0);
});
