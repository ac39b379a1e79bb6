import assert from 'node:assert/strict';
import test from 'node:test';
import { nextType, shareWorkers, splitExactly } from '../../../src/load/shares.js';
import type { EventType } from '../../../src/schema/event.js';

const WEIGHTS = { consulta: 40, exame: 25, internacao: 10, novo_paciente: 15, vinculo: 10 };

const owned = (workers: number) =>
  shareWorkers(WEIGHTS, workers).map(({ events }) => events.map(({ type }) => type));

test('with as many workers as types each type has its worker', () => {
  const types = owned(5);
  assert.ok(types.every((own) => own.length === 1));
  assert.deepEqual(types.flat().sort(), Object.keys(WEIGHTS).sort());
});

test('further workers go to the type with the most weight a worker', () => {
  const counts = new Map<EventType, number>();
  for (const type of owned(8).flat()) counts.set(type, (counts.get(type) ?? 0) + 1);
  assert.deepEqual(Object.fromEntries(counts), {
    consulta: 3,
    exame: 2,
    novo_paciente: 1,
    internacao: 1,
    vinculo: 1,
  });
});

test('with fewer workers than types each owns several, every type once', () => {
  for (const workers of [1, 2, 3, 4]) {
    const types = owned(workers);
    assert.equal(types.length, workers);
    assert.deepEqual(types.flat().sort(), Object.keys(WEIGHTS).sort());
  }
});

test('shares sum to one, and those of a type to its weight', () => {
  for (let workers = 1; workers <= 20; workers++) {
    const shares = shareWorkers(WEIGHTS, workers);
    const sum = shares.reduce((total, { share }) => total + share, 0);
    assert.ok(Math.abs(sum - 1) < 1e-9);
    if (workers < 5) continue;
    const consultas = shares.filter(({ events }) => events[0]?.type === 'consulta');
    const share = consultas.reduce((total, worker) => total + worker.share, 0);
    assert.ok(Math.abs(share - 0.4) < 1e-9);
  }
});

test('types of weight 0 get no worker, and weights that are all 0 are refused', () => {
  assert.deepEqual(
    shareWorkers({ consulta: 1, exame: 0 }, 3).map(({ events }) => events[0]?.type),
    ['consulta', 'consulta', 'consulta'],
  );
  assert.throws(() => shareWorkers({ consulta: 0 }, 1), RangeError);
});

test('a total is split into whole parts that sum to exactly the total', () => {
  for (const total of [0, 1, 3, 1000, 4001]) {
    for (let workers = 1; workers <= 16; workers++) {
      const shares = shareWorkers(WEIGHTS, workers).map(({ share }) => share);
      const parts = splitExactly(total, shares);
      assert.equal(
        parts.reduce((a, b) => a + b, 0),
        total,
      );
      for (const [i, part] of parts.entries()) {
        assert.ok(Number.isInteger(part));
        assert.ok(Math.abs(part - total * (shares[i] ?? 0)) < 1);
      }
    }
  }
});

test('a worker with several types serves them by weight', () => {
  const [worker] = shareWorkers({ consulta: 3, exame: 1 }, 1);
  assert.ok(worker);
  const done = new Map<EventType, number>();
  for (let i = 0; i < 400; i++) {
    const type = nextType(worker, done);
    done.set(type, (done.get(type) ?? 0) + 50);
  }
  assert.deepEqual(Object.fromEntries(done), { consulta: 15_000, exame: 5_000 });
});
