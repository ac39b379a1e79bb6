import assert from 'node:assert/strict';
import test from 'node:test';
import { makePacer, type PaceSpec, type Progress } from '../../../src/pacing/pacer.js';

interface Case {
  readonly name: string;
  readonly spec: PaceSpec;
  readonly progress: Progress;
  readonly due: number;
}

const at = (attempted: number, previousDue: number | null = null, now = 0): Progress => ({
  attempted,
  previousDue,
  now,
});
const rate = (perSecond: number, lead = 0, end = Number.POSITIVE_INFINITY): PaceSpec => ({
  kind: 'rate',
  rate: perSecond,
  lead,
  end,
});
const cycle: PaceSpec = { kind: 'cycle', intervalMs: 2000, jitterMs: 400 };

const CASES: readonly Case[] = [
  { name: '100/s, nothing sent => due at once', spec: rate(100), progress: at(0), due: 0 },
  { name: '100/s, 50 sent => due at 500 ms', spec: rate(100), progress: at(50), due: 500 },
  {
    name: '100/s, lead 25, 50 sent => due at 750 ms',
    spec: rate(100, 25),
    progress: at(50),
    due: 750,
  },
  {
    name: '100/s, late by an hour => still due when it was due',
    spec: rate(100),
    progress: at(50, 0, 3_600_000),
    due: 500,
  },
  {
    name: '100/s, past the end of 1 s => due at the end',
    spec: rate(100, 50, 1000),
    progress: at(90),
    due: 1000,
  },
  { name: 'max => due now', spec: { kind: 'max' }, progress: at(7, 3, 1234), due: 1234 },
  {
    name: 'cycle, random 0.5 => exactly one interval after the last',
    spec: cycle,
    progress: at(50, 2000, 2010),
    due: 4000,
  },
  {
    name: 'cycle, took longer than the interval => due now, no catching up',
    spec: cycle,
    progress: at(50, 2000, 9000),
    due: 9000,
  },
];

for (const { name, spec, progress, due } of CASES) {
  test(name, () => {
    assert.equal(makePacer(spec, () => 0.5)(progress), due);
  });
}

test('a cycle stays within its jitter', () => {
  for (const random of [0, 0.25, 0.999999]) {
    const due = makePacer(cycle, () => random)(at(50, 10_000, 10_001));
    assert.ok(due >= 11_600 && due <= 12_400, `${random} => ${due}`);
  }
});

test('the first batch of a cycle is due within the jitter, never after an interval', () => {
  const due = makePacer({ kind: 'cycle', intervalMs: 100, jitterMs: 400 }, () => 0.99)(at(0));
  assert.ok(due >= 0 && due < 100);
});

test('workers that share a rate send as many events by any moment as one worker would', () => {
  const workers = 4;
  const batch = 50;
  const perSecond = 200;
  const dues: number[] = [];
  for (let worker = 0; worker < workers; worker++) {
    const pacer = makePacer(rate(perSecond / workers, (batch * worker) / workers), () => 0);
    for (let sent = 0; sent < 1000; sent += batch) dues.push(pacer(at(sent)));
  }
  dues.sort((a, b) => a - b);
  // One batch of 50 at 200/s every 250 ms, evenly, whoever sends it.
  for (const [i, due] of dues.entries()) assert.ok(Math.abs(due - i * 250) < 1e-6, `${i}: ${due}`);
});
