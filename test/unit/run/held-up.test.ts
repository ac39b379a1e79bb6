import assert from 'node:assert/strict';
import test from 'node:test';
import { type WorkerWait, waitsToEnd } from '../../../src/run/held-up.js';

const WORKERS = new Set([1, 2, 3]);
const FOREIGN_PID = 99;
const PREPARED_TRANSACTION = 0;

function wait(pid: number, changes: Partial<WorkerWait> = {}): WorkerWait {
  return {
    pid,
    standby: false,
    seconds: 1,
    names: '',
    table: 'pacientes',
    timeout: '0',
    blockers: [FOREIGN_PID],
    holders: [],
    began: 'noon',
    committing: false,
    ...changes,
  };
}

const ended = (waits: readonly WorkerWait[], freed: readonly number[] = []) =>
  waitsToEnd(waits, WORKERS, new Set(freed)).map(({ pid }) => pid);

test('long waits for other sessions, a standby or a prepared transaction are ended', () => {
  const standby = wait(2, { standby: true, blockers: [] });
  const prepared = wait(3, { blockers: [PREPARED_TRANSACTION] });
  assert.deepEqual(ended([wait(1), standby, prepared]), [1, 2, 3]);
});

test('a wait that has just begun goes on, unless its process was freed before', () => {
  assert.deepEqual(ended([wait(1, { seconds: 0.1 })]), []);
  assert.deepEqual(ended([wait(1, { seconds: 0.1, standby: true })], [1]), [1]);
});

test('a worker that waits only for other workers is left alone', () => {
  assert.deepEqual(ended([wait(1, { blockers: [2, 3] }), wait(2)]), [2]);
  assert.deepEqual(ended([wait(1, { blockers: [2, FOREIGN_PID] })]), [1]);
});

test('a wait that is over by the time of the look is left alone', () => {
  assert.deepEqual(ended([wait(1, { blockers: [] })]), []);
});
