import assert from 'node:assert/strict';
import test from 'node:test';
import {
  type CurvePace,
  makePacer,
  type PaceSpec,
  type Progress,
} from '../../../src/load/pacer.js';

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

function rate(perSecond: number, more: Partial<CurvePace> = {}): CurvePace {
  return {
    kind: 'curve',
    segments: [{ ms: Number.POSITIVE_INFINITY, from: perSecond, to: perSecond }],
    end: Number.POSITIVE_INFINITY,
    shares: [1],
    worker: 0,
    batchSize: 50,
    arrivals: 'even',
    rng: 42,
    ...more,
  };
}

/** Every batch of every worker until `end`, by due time. */
function schedule(spec: CurvePace): { at: number; events: number; worker: number }[] {
  const batches = spec.shares.flatMap((_, worker) => {
    const pacer = makePacer({ ...spec, worker }, () => 0);
    const own: { at: number; events: number; worker: number }[] = [];
    for (let attempted = 0; ; ) {
      const due = pacer(at(attempted));
      if (due.events === 0 || due.at > spec.end) return own;
      own.push({ ...due, worker });
      attempted += due.events;
    }
  });
  return batches.sort((a, b) => a.at - b.at);
}

const cycle: PaceSpec = { kind: 'cycle', intervalMs: 2000, jitterMs: 400 };

const CASES: readonly Case[] = [
  { name: '100/s, nothing sent => due at once', spec: rate(100), progress: at(0), due: 0 },
  { name: '100/s, 50 sent => due at 500 ms', spec: rate(100), progress: at(50), due: 500 },
  {
    name: '100/s, second of two workers, nothing sent => due at 500 ms',
    spec: rate(100, { shares: [0.5, 0.5], worker: 1 }),
    progress: at(0),
    due: 500,
  },
  {
    name: '100/s, late by an hour => still due when it was due',
    spec: rate(100),
    progress: at(50, 0, 3_600_000),
    due: 500,
  },
  {
    name: '100/s for 1 s, 100 sent => nothing is due any more',
    spec: rate(100, { end: 1000 }),
    progress: at(100),
    due: Number.POSITIVE_INFINITY,
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
    assert.equal(makePacer(spec, () => 0.5)(progress).at, due);
  });
}

test('a cycle stays within its jitter', () => {
  for (const random of [0, 0.25, 0.999999]) {
    const due = makePacer(cycle, () => random)(at(50, 10_000, 10_001)).at;
    assert.ok(due >= 11_600 && due <= 12_400, `${random} => ${due}`);
  }
});

test('the first batch of a cycle is due within the jitter, never after an interval', () => {
  const due = makePacer({ kind: 'cycle', intervalMs: 100, jitterMs: 400 }, () => 0.99)(at(0)).at;
  assert.ok(due >= 0 && due < 100);
});

for (const shares of [[1], [0.5, 0.3, 0.2], [0.4, 0.25, 0.1, 0.075, 0.075, 0.05, 0.03, 0.02]]) {
  test(`${shares.length} workers send the events of a curve when they are due, to the event`, () => {
    const segments = [
      { ms: 4000, from: 0, to: 900 },
      { ms: 3000, from: 900, to: 900 },
      { ms: 1000, from: 100, to: 50 },
    ];
    const batches = schedule(rate(0, { segments, end: 8000, shares, batchSize: 1 }));
    assert.equal(batches.length, 1800 + 2700 + 75);
    const due = (ms: number) =>
      ms < 4000
        ? (900 * ms * ms) / 8000 / 1000
        : ms < 7000
          ? 1800 + (ms - 4000) * 0.9
          : 4500 + ((100 - (50 * (ms - 7000)) / 2000) * (ms - 7000)) / 1000;
    for (let ms = 0; ms <= 8000; ms += 37) {
      const sent = batches.filter((batch) => batch.at <= ms).length;
      assert.ok(Math.abs(sent - due(ms)) <= 1 + 1e-6, `${ms} ms: ${sent}, ${due(ms)} due`);
    }
    for (const [worker, share] of shares.entries()) {
      const own = batches.filter((batch) => batch.worker === worker).length;
      assert.ok(Math.abs(own - share * batches.length) <= shares.length, `${worker}: ${own}`);
    }
  });
}

test('workers that share a rate send as often as one worker would, evenly', () => {
  const shares = [0.25, 0.25, 0.25, 0.25];
  const batches = schedule(rate(200, { shares, end: 20_000 }));
  // A batch of 50 at 200/s every 250 ms, from either worker.
  for (const [i, batch] of batches.entries()) {
    assert.ok(Math.abs(batch.at - i * 250) < 1e-6, `${i}: ${batch.at}`);
  }
});

test('the last batch of a run holds the remaining events', () => {
  const batches = schedule(rate(333, { shares: [0.6, 0.4], end: 7000 }));
  assert.equal(
    batches.reduce((sum, { events }) => sum + events, 0),
    2331,
  );
  assert.equal(batches.at(-1)?.events, 31);
});

test('a worker that is started again goes on with the remaining batches', () => {
  const spec = rate(200, { shares: [0.7, 0.3], worker: 1, end: 60_000 });
  const pacer = makePacer(spec, () => 0);
  const dues = [0, 50, 100, 150, 200].map((attempted) => pacer(at(attempted)).at);
  assert.equal(makePacer(spec, () => 0)(at(200)).at, dues[4]);
});

test('random arrivals are as many as the curve says on average, and independent', () => {
  const spec = rate(100, { arrivals: 'poisson', batchSize: 1, shares: [0.5, 0.5], end: 200_000 });
  const batches = schedule(spec);
  // A Poisson count of 20,000 has a standard deviation of 141.
  assert.ok(Math.abs(batches.length - 20_000) < 5 * 141, `${batches.length}`);
  const seconds = Array.from({ length: 200 }, () => 0);
  for (const batch of batches) seconds[Math.floor(batch.at / 1000)]! += 1;
  const mean = batches.length / 200;
  const variance = seconds.reduce((sum, count) => sum + (count - mean) ** 2, 0) / 200;
  // The variance of a Poisson count is its mean; that of even arrivals is 0.
  assert.ok(variance > 0.6 * mean && variance < 1.5 * mean, `${variance}`);
});
