import assert from 'node:assert/strict';
import test from 'node:test';
import { stays } from './small-run.js';
import { withRun } from './three-transactions.js';

test("another writer's events in the middle of a transaction are reported", async () => {
  await withRun(async ([first = [], second = [], third = []], events, verdict) => {
    const foreign = events({ xid: 15, changes: [stays('insert', 900)] });
    const script = [...first.slice(0, 2), ...foreign, ...first.slice(2), ...second, ...third];
    assert.deepEqual(await verdict(script), {
      verdict: 'violation',
      details: ['transaction_torn'],
    });
  });
});

test("a replay that begins with another writer's events, in the middle of a transaction, is legal", async () => {
  await withRun(async ([first = [], second = [], third = []], events, verdict) => {
    const foreign = events({ xid: 15, changes: [stays('insert', 900)] });
    const [one, ...others] = second;
    const script = [...first, ...foreign, one!, ...foreign, one!, ...others, ...third];
    assert.deepEqual(await verdict(script), { verdict: 'duplicates', details: [] });
  });
});
