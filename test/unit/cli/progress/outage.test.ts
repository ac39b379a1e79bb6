import assert from 'node:assert/strict';
import test from 'node:test';
import { Outage } from '../../../../src/cli/progress/outage.js';
import { failure } from '../../../helpers/failure.js';

const FAILURE = failure('57P01', 'terminating connection due to administrator command');

function lose(outage: Outage, worker: number, attempt: number, waitMs: number): boolean {
  return outage.lost(worker, { kind: 'reconnecting', attempt, waitMs, failure: FAILURE });
}

test('an outage lasts from the first lost connection until every worker is connected again', () => {
  let now = 1000;
  const outage = new Outage(() => now);
  const state = () => outage.state;
  assert.equal(state(), null);
  assert.equal(lose(outage, 0, 1, 800), true);
  now += 100;
  assert.equal(lose(outage, 1, 1, 600), false);
  const { failure, ...figures } = state() ?? { failure: null };
  assert.equal(failure, FAILURE);
  assert.deepEqual(figures, {
    sinceMs: 100,
    workers: 2,
    affected: 2,
    attempt: 1,
    waitMs: 800,
    nextMs: 600,
  });
  now += 700;
  assert.equal(state()?.nextMs, 0);
  assert.equal(lose(outage, 0, 2, 1500), true);
  assert.equal(lose(outage, 1, 2, 1200), false);
  now += 1300;
  assert.equal(outage.connected(1), null);
  assert.deepEqual([state()?.workers, state()?.affected], [1, 2]);
  now += 300;
  assert.deepEqual(outage.connected(0), { ms: 2400, affected: 2 });
  assert.equal(state(), null);
  assert.equal(outage.connected(0), null);
  // The next loss is an outage of its own, at any attempt.
  assert.equal(lose(outage, 0, 3, 100), true);
  assert.deepEqual([state()?.sinceMs, state()?.affected], [0, 1]);
});
