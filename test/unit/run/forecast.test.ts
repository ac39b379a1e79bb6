import assert from 'node:assert/strict';
import test from 'node:test';
import { Curve } from '../../../src/load/curve.js';
import { parseStage } from '../../../src/load/stages.js';
import { drawForecast, forecast } from '../../../src/run/forecast.js';

function forecastOf(...stages: string[]) {
  const curve = new Curve(stages.flatMap((stage) => parseStage(stage)!.segments));
  return forecast(curve, curve.endMs, null);
}

test('a forecast has the number of events, the length and the peak rate', () => {
  const { seconds, events, peakRate } = forecastOf('ramp:0..1000/60s', 'constant:1000/60s');
  assert.deepEqual([seconds, events, peakRate], [120, 90_000, 1000]);
});

test('the drawing rises and falls with the curve', () => {
  const lines = drawForecast(forecastOf('steps:0,50,100/60s'), String).split('\n');
  assert.match(lines[0] ?? '', /^100 │ +█+$/);
  assert.match(lines[4] ?? '', /^ +│ +[▁-█]█+$/);
  assert.match(lines.at(-1) ?? '', /0 +60 s$/);
});

test('a spike narrower than a column of the drawing is not lost', () => {
  const { points } = forecastOf('burst:0..1000,1s,100s/1000s');
  assert.equal(points.filter(({ rate }) => rate > 0).length, 10);
});

test('the peak is that of the highest spike, and a limit of events ends the forecast', () => {
  assert.equal(forecastOf('burst:200..2000,1s,60s/1h').peakRate, 2000);
  const endless = new Curve([{ ms: Number.POSITIVE_INFINITY, from: 500, to: 500 }]);
  const { seconds, events } = forecast(endless, null, 100);
  assert.deepEqual([seconds, events], [0.2, 100]);
});

test('a rate of 0 is drawn as an empty plot', () => {
  const text = drawForecast(forecastOf('constant:0/10s'), String);
  assert.ok(!/[▁-█]/.test(text), text);
});
