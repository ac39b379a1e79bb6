import assert from 'node:assert/strict';
import test from 'node:test';
import { type LoadSettings, planLoad } from '../../../src/stream/plan.js';

const load: LoadSettings = {
  workers: 5,
  rate: null,
  intervalSeconds: 2,
  maxJitterMs: 400,
  batchSize: 50,
  durationSeconds: null,
  maxEvents: null,
  only: [],
  weights: { consulta: 40, exame: 25, internacao: 10, novo_paciente: 15, vinculo: 10 },
};

test('the seed’s cycle has no limits', () => {
  for (const plan of planLoad(load)) {
    assert.deepEqual(plan.pace, { kind: 'cycle', intervalMs: 2000, jitterMs: 400 });
    assert.equal(plan.attemptLimit ?? plan.commitLimit ?? plan.endMs, null);
  }
});

test('the events of an open-loop run are split exactly', () => {
  for (const workers of [1, 3, 4, 8]) {
    const plans = planLoad({ ...load, workers, rate: 333, durationSeconds: 7 });
    assert.equal(
      plans.reduce((sum, { attemptLimit }) => sum + (attemptLimit ?? 0), 0),
      2331,
    );
    const rate = plans.reduce((sum, { pace }) => sum + (pace.kind === 'rate' ? pace.rate : 0), 0);
    assert.ok(Math.abs(rate - 333) < 1e-9);
    assert.ok(plans.every(({ endMs }) => endMs === 7000));
  }
});

test('max-events is split exactly, also among more workers than events', () => {
  const plans = planLoad({ ...load, workers: 16, rate: 'max', maxEvents: 7 });
  assert.equal(
    plans.reduce((sum, { commitLimit }) => sum + (commitLimit ?? 0), 0),
    7,
  );
});

test('only the chosen event types get workers', () => {
  const plans = planLoad({ ...load, workers: 4, only: ['exame', 'vinculo'] });
  const types = new Set(plans.flatMap(({ share }) => share.events.map(({ type }) => type)));
  assert.deepEqual([...types].sort(), ['exame', 'vinculo']);
});

test('workers of one type are told apart', () => {
  const plans = planLoad({ ...load, workers: 3, only: ['exame'] });
  assert.deepEqual(
    plans.map(({ siblings }) => siblings.exame),
    [0, 1, 2].map((index) => ({ index, of: 3 })),
  );
});
