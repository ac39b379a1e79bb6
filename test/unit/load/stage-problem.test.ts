import assert from 'node:assert/strict';
import test from 'node:test';
import { findStageProblem } from '../../../src/load/stage-problem.js';
import { parseStage } from '../../../src/load/stages.js';

/** Texts that are no stages, with the problem and the stage that is proposed; null: none. */
const CASES: readonly (readonly [text: string, problem: string, meant: string | null])[] = [
  ['ramp:100/60s', 'rates', null],
  ['ramp:100-2000/60s', 'rates', 'ramp:100..2000/60s'],
  ['ramp:100...2000/60s', 'rates', 'ramp:100..2000/60s'],
  ['ramp:100 to 2000/60s', 'rates', 'ramp:100..2000/60s'],
  ['day:50/24h', 'rates', null],
  ['constant:100..500/60s', 'rates', 'ramp:100..500/60s'],
  ['steps:100..500/60s', 'rates', 'steps:100,500/60s'],
  ['steps:100 500/60s', 'number', 'steps:100,500/60s'],
  ['burst:200..2000/60s', 'rates', null],
  ['burst:200..2000,10s,2s/60s', 'rates', 'burst:200..2000,2s,10s/60s'],
  ['burst:200..2000,2sec,10sec/60s', 'rates', 'burst:200..2000,2s,10s/60s'],
  ['ramp:1,5..10/10s', 'number', 'ramp:1.5..10/10s'],
  ['ramp:5k..10k/10s', 'number', 'ramp:5000..10000/10s'],
  ['ramp:a..b/10s', 'number', null],
  ['constant:500/s/60s', 'number', 'constant:500/60s'],
  ['ramp:-5..100/60s', 'negative', null],
  ['constant:-5/60s', 'negative', null],
  ['constant:99999999999/60s', 'too-high', null],
  ['ramp:100..2000', 'no-duration', 'ramp:100..2000/60s'],
  ['constant:500/s', 'no-duration', 'constant:500/60s'],
  ['ramp:100..2000/60sec', 'duration', 'ramp:100..2000/60s'],
  ['ramp:100..2000/5 min', 'duration', 'ramp:100..2000/5m'],
  ['ramp:100..2000/1h30m', 'duration', 'ramp:100..2000/90m'],
  ['ramp:100..2000/1,5h', 'duration', 'ramp:100..2000/1.5h'],
  ['ramp:100..2000/2d', 'duration', 'ramp:100..2000/48h'],
  ['ramp:100..2000/soon', 'duration', null],
  ['ramp:100..2000/0s', 'no-time', null],
  ['ramp 100..2000/60s', 'form', 'ramp:100..2000/60s'],
  ['ramp=100..2000/60s', 'form', 'ramp:100..2000/60s'],
  ['100..2000/60s', 'form', 'ramp:100..2000/60s'],
  ['500/60s', 'form', 'constant:500/60s'],
  ['hello', 'form', null],
  ['', 'form', null],
  ['rmap:100..2000/60s', 'shape', 'ramp:100..2000/60s'],
  ['rampa:1..2/1m', 'shape', 'ramp:1..2/1m'],
  ['spike:9/1m', 'shape', null],
  ['constant:5/60s,constant:6/60s', 'several', 'constant:5/60s; constant:6/60s'],
  ['constant:5/60s ramp:6/60s', 'several', null],
];

test('each wrong stage has its problem, and a proposal that is a stage itself', () => {
  for (const [text, problem, meant] of CASES) {
    assert.equal(parseStage(text), undefined, text);
    const found = findStageProblem(text);
    assert.deepEqual([found.problem, found.meant ?? null], [problem, meant], text);
    for (const part of [found.example, ...(found.meant ?? found.example).split(';')]) {
      assert.notEqual(parseStage(part), undefined, `${text}: ${part}`);
    }
  }
});

test('the example has the shape and the duration that were typed', () => {
  assert.equal(findStageProblem('steps:soon/5m').example, 'steps:100,500,2000/5m');
  assert.equal(findStageProblem('burst:1').example, 'burst:200..2000,2s,10s/60s');
});
