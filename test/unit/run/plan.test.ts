import assert from 'node:assert/strict';
import test from 'node:test';
import { parseStage } from '../../../src/load/stages.js';
import { type LoadSettings, planLoad } from '../../../src/run/plan.js';
import { schemaWith } from '../../../src/schemas/index.js';

const schema = schemaWith([]);

const load: LoadSettings = {
  workers: 5,
  rng: 42,
  rate: null,
  stages: [],
  arrivals: 'even',
  onLag: 'queue',
  intervalSeconds: 2,
  maxJitterMs: 400,
  batchSize: 50,
  durationSeconds: null,
  maxEvents: null,
  only: [],
  weights: { consulta: 40, exame: 25, internacao: 10, novo_paciente: 15, vinculo: 10 },
};

test('the cycle has no limits by default', () => {
  for (const plan of planLoad(load, schema).workers) {
    assert.deepEqual(plan.pace, { kind: 'cycle', intervalMs: 2000, jitterMs: 400 });
    assert.equal(plan.commitLimit ?? plan.endMs, null);
  }
});

test('every worker of an open loop knows the whole load, and its share', () => {
  for (const workers of [1, 3, 4, 8]) {
    const plans = planLoad({ ...load, workers, rate: 333, durationSeconds: 7 }, schema).workers;
    for (const [i, { pace, endMs }] of plans.entries()) {
      assert.ok(pace.kind === 'curve');
      assert.equal(pace.worker, i);
      assert.equal(pace.end, 7000);
      assert.equal(endMs, 7000);
      assert.ok(Math.abs(pace.shares.reduce((sum, share) => sum + share, 0) - 1) < 1e-9);
    }
  }
});

test('stages end the run, unless its duration ends before them', () => {
  const stages = ['ramp:100..2000/60s', 'constant:50/30s'].map((text) => parseStage(text)!);
  assert.equal(planLoad({ ...load, stages }, schema).endMs, 90_000);
  assert.equal(planLoad({ ...load, stages, durationSeconds: 10 }, schema).endMs, 10_000);
});

test('max-events is split exactly, also among more workers than events', () => {
  const plans = planLoad({ ...load, workers: 16, rate: 'max', maxEvents: 7 }, schema).workers;
  assert.equal(
    plans.reduce((sum, { commitLimit }) => sum + (commitLimit ?? 0), 0),
    7,
  );
});

test('only the chosen event types get workers', () => {
  const plans = planLoad({ ...load, workers: 4, only: ['exame', 'vinculo'] }, schema).workers;
  const types = new Set(plans.flatMap(({ share }) => share.events.map(({ type }) => type)));
  assert.deepEqual([...types].sort(), ['exame', 'vinculo']);
});

test('workers of one type are told apart', () => {
  const plans = planLoad({ ...load, workers: 3, only: ['exame'] }, schema).workers;
  assert.deepEqual(
    plans.map(({ siblings }) => siblings.exame),
    [0, 1, 2].map((index) => ({ index, of: 3 })),
  );
});
