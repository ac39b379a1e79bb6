import assert from 'node:assert/strict';
import test from 'node:test';
import { Curve } from '../../../src/load/curve.js';
import { parseStage, STAGE_EXAMPLES } from '../../../src/load/stages.js';

function curveOf(...texts: string[]): Curve {
  return new Curve(texts.flatMap((text) => parseStage(text)!.segments));
}

/** A stage, a moment in seconds, the rate at it, and the events due by it. */
const CASES: readonly [stage: string, second: number, rate: number, events: number][] = [
  ['constant:500/60s', 30, 500, 15_000],
  ['constant:500/60s', 61, 0, 30_000],
  ['ramp:100..2000/60s', 0, 100, 0],
  ['ramp:100..2000/60s', 30, 1050, 17_250],
  ['ramp:100..2000/60s', 60, 0, 63_000],
  ['ramp:2000..0/10s', 5, 1000, 7_500],
  ['steps:100,500,2000/30s', 9.999, 100, 999.9],
  ['steps:100,500,2000/30s', 15, 500, 3_500],
  ['steps:100,500,2000/30s', 30, 0, 26_000],
  ['burst:200..2000,2s,10s/30s', 7, 200, 1_400],
  ['burst:200..2000,2s,10s/30s', 9, 2000, 3_600],
  ['burst:200..2000,2s,10s/30s', 25, 200, 12_200],
  ['burst:200..2000,2s,10s/9s', 9, 0, 3_600],
];

for (const [stage, second, rate, events] of CASES) {
  test(`${stage} at ${second} s => ${rate}/s, ${events} due`, () => {
    const curve = curveOf(stage);
    assert.ok(
      Math.abs(curve.rateAt(second * 1000) - rate) < 1e-6,
      `${curve.rateAt(second * 1000)}`,
    );
    assert.ok(Math.abs(curve.eventsBy(second * 1000) - events) < 1e-6);
  });
}

test('in every shape, timeOf is the inverse of eventsBy', () => {
  for (const example of STAGE_EXAMPLES) {
    const curve = curveOf(example);
    const total = curve.eventsBy(curve.endMs);
    assert.ok(total > 0, example);
    for (let part = 0; part <= 200; part++) {
      const events = (total * part) / 200;
      const at = curve.timeOf(events);
      assert.ok(at >= 0 && at <= curve.endMs, `${example}: ${at}`);
      assert.ok(Math.abs(curve.eventsBy(at) - events) < 1e-6 * total, `${example}: ${events}`);
    }
    assert.equal(curve.timeOf(total + 1), Number.POSITIVE_INFINITY);
  }
});

test('stages follow each other, and no event is due in a stage of rate 0', () => {
  const curve = curveOf('constant:0/2s', 'constant:10/1s', 'constant:0/5s', 'constant:10/1s');
  assert.equal(curve.endMs, 9000);
  assert.equal(curve.timeOf(0), 2000);
  assert.equal(curve.timeOf(10), 3000);
  assert.equal(Math.round(curve.timeOf(11)), 8100);
});

test('a day is busy in the morning, quiet at night, and as long as its stage', () => {
  const day = curveOf('day:50..800/10m');
  const hour = (h: number) => day.rateAt((h * 600_000) / 24);
  assert.equal(hour(9), 800);
  assert.ok(hour(3) < 100 && hour(13) > 500);
  assert.ok(hour(23.99) > 50 && hour(23.99) < 200);
});

test('a week has quiet weekends', () => {
  const week = curveOf('week:0..700/7m');
  const ofDay = (n: number) => week.eventsBy((n + 1) * 60_000) - week.eventsBy(n * 60_000);
  assert.ok(ofDay(6) < ofDay(5) && ofDay(5) < ofDay(0) / 1.8);
  assert.ok(Math.abs(ofDay(0) - ofDay(2)) < 1);
});

const NONSENSE = [
  ...['', 'constant', 'constant:500', 'constant:/60s', 'constant:-5/60s', 'constant:500/0s'],
  ...['ramp:100/60s', 'ramp:100...200/60s', 'ramp:100..200..300/60s', 'wave:1/60s'],
  ...['burst:1..2,2s/60s', 'burst:1..2,10s,10s/60s', 'burst:1..2,1ms,2ms/24h', 'steps:1,,2/60s'],
  ...['constant:99999999/60s', 'constant:1e3/60s', 'constant:500/60', 'day:1..2/1d'],
];

test('a text that is not a stage is refused', () => {
  const understood = NONSENSE.filter((text) => parseStage(text) !== undefined);
  // A bare number is seconds, as everywhere.
  assert.deepEqual(understood, ['constant:500/60']);
});
