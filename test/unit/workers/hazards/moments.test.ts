import assert from 'node:assert/strict';
import test from 'node:test';
import { Moments } from '../../../../workers/hazards/moments.js';

const EVERY_MS = 30_000;

test('a hazard first happens after about a third of its interval, then once in each', () => {
  for (let seed = 1; seed <= 50; seed++) {
    const moments = new Moments(seed, 7, EVERY_MS);
    let last = 0;
    for (let beat = 0; beat < 20; beat++) {
      const moment = moments.after(last);
      const part = moment / EVERY_MS - beat;
      assert.ok(part >= 1 / 6 && part <= 1 / 2, `${part} of interval ${beat}`);
      last = moment;
    }
  }
});

test('moments depend neither on earlier ones nor on what happened meanwhile', () => {
  const moments = new Moments(42, 7, EVERY_MS);
  const third = moments.after(moments.after(moments.after(0)));
  assert.equal(new Moments(42, 7, EVERY_MS).after(third - 1), third);
  assert.ok(moments.after(third) > third);
});

test('threads and seeds have moments of their own', () => {
  const first = (seed: number, worker: number) => new Moments(seed, worker, EVERY_MS).after(0);
  assert.equal(new Set([first(1, 7), first(1, 8), first(2, 7), first(2, 8)]).size, 4);
});
