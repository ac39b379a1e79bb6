import assert from 'node:assert/strict';
import test from 'node:test';
import { stays } from './small-run.js';
import { withRun } from './three-transactions.js';

test("another writer's events amid a transaction tear it", async () => {
  await withRun(async ([first = [], second = [], third = []], events, verdict) => {
    const foreign = events({ xid: 15, changes: [stays('insert', 900)] });
    const torn = [...first.slice(0, 2), ...foreign, ...first.slice(2), ...second, ...third];
    assert.deepEqual(await verdict(torn), {
      verdict: 'violation',
      details: ['transaction_torn'],
    });
  });
});

test("a replay from another writer's events on, amid a transaction, does not tear it", async () => {
  await withRun(async ([first = [], second = [], third = []], events, verdict) => {
    const foreign = events({ xid: 15, changes: [stays('insert', 900)] });
    const [one, ...others] = second;
    const script = [...first, ...foreign, one!, ...foreign, one!, ...others, ...third];
    assert.deepEqual(await verdict(script), { verdict: 'duplicates', details: [] });
  });
});
