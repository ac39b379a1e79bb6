import assert from 'node:assert/strict';
import test from 'node:test';
import { SeriesStats } from '../../../src/report/series-stats.js';
import { type Ending, type RunFacts, summarize } from '../../../src/report/summarize.js';
import { WorkerStats } from '../../../src/run/worker-stats.js';
import { hospital } from '../../helpers/hospital.js';

const FACTS: RunFacts = {
  schema: hospital,
  runId: 'r',
  rng: 1,
  batchSize: 5,
  rate: null,
  curve: null,
  endMs: null,
  sheds: false,
};
const ENDING: Ending = { stoppedBy: 'duration', seconds: 1, activeSeconds: 1, lost: false };

/** The end of a run of the cycle that had `due` events due, and sent none. */
function endOf(
  ending: Partial<Ending>,
  { due = 5, ...facts }: Partial<RunFacts> & { due?: number } = {},
) {
  const stats = new WorkerStats(hospital);
  stats.due = due;
  const all = { ...ENDING, ...ending };
  const { held_up, server_lost } = summarize(
    { ...FACTS, ...facts },
    all,
    [stats],
    new SeriesStats(1),
  );
  return { held_up, server_lost };
}

const WELL = { held_up: false, server_lost: false };
const HELD_UP = { held_up: true, server_lost: false };

test('a run at its end is held up if it waited and left events or batches unsent', () => {
  assert.deepEqual(endOf({ waited: true }), HELD_UP);
  assert.deepEqual(endOf({ waited: true }, { due: 0 }), WELL);
  assert.deepEqual(endOf({ waited: true, givenUp: 1 }, { due: 0 }), HELD_UP);
  assert.deepEqual(endOf({ cutOff: true }, { due: 0 }), HELD_UP);
  // Other figures show overload.
  assert.deepEqual(endOf({}), WELL);
  assert.deepEqual(endOf({ waited: true, givenUp: 1 }, { sheds: true }), WELL);
});

test('a run that is ended early may leave due events unsent, but not batches in flight', () => {
  for (const stoppedBy of ['signal', 'threshold'] as const) {
    assert.deepEqual(endOf({ stoppedBy, waited: true }), WELL);
    assert.deepEqual(endOf({ stoppedBy, waited: true, givenUp: 1 }, { sheds: true }), HELD_UP);
    assert.deepEqual(endOf({ stoppedBy, cutOff: true }), HELD_UP);
  }
});

test('a lost server outranks a held-up run; a run by max always has events due', () => {
  const lost = { held_up: false, server_lost: true };
  assert.deepEqual(endOf({ lost: true, cutOff: true }), lost);
  assert.deepEqual(endOf({ lost: true }, { due: 0 }), WELL);
  assert.deepEqual(endOf({ lost: true }, { due: 0, rate: 'max' }), lost);
});
