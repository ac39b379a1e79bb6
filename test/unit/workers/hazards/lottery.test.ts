import assert from 'node:assert/strict';
import test from 'node:test';
import type { BatchHazard } from '../../../../src/hazards/hazards.js';
import { Lottery, without } from '../../../../workers/hazards/lottery.js';
import { randomNumbers } from '../../../helpers/random.js';

const BATCHES = 20_000;

test('each hazard falls on its share of the batches, whether or not another one does', () => {
  const lottery = new Lottery(
    { rollback: 0.3, copy: 0.1, huge: { rows: 1, everyMs: 1 } },
    numbers(),
  );
  const counts = new Map<string, number>();
  for (let i = 0; i < BATCHES; i++) {
    const drawn = [...(lottery.draw() ?? [])].join('+');
    counts.set(drawn, (counts.get(drawn) ?? 0) + 1);
  }
  const shares = { '': 0.63, rollback: 0.27, copy: 0.07, 'rollback+copy': 0.03 };
  assert.deepEqual([...counts.keys()].sort(), Object.keys(shares).sort());
  for (const [drawn, share] of Object.entries(shares)) {
    const found = counts.get(drawn)! / BATCHES;
    assert.ok(Math.abs(found - share) < 0.01, `${drawn}: ${found} instead of ${share}`);
  }
});

test('a share of 1 falls on every batch, and without one nothing does', () => {
  const always = new Lottery({ message: 1 }, numbers());
  const never = new Lottery({}, numbers());
  for (let i = 0; i < 100; i++) {
    assert.deepEqual([...always.draw()!], ['message']);
    assert.equal(never.draw(), null);
  }
});

test('what is over is left out of the rest', () => {
  const drawn: ReadonlySet<BatchHazard> = new Set(['rollback', 'copy']);
  assert.deepEqual([...without(drawn, 'rollback')!], ['copy']);
  assert.equal(without(new Set<BatchHazard>(['rollback']), 'rollback'), null);
});

function numbers(): () => number {
  return randomNumbers(7);
}
