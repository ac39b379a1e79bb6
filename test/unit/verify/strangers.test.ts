import assert from 'node:assert/strict';
import test from 'node:test';
import { stays } from './small-run.js';
import { changed, withRun } from './three-transactions.js';

test("another writer's changes of columns that the run leaves alone are no contradiction", async () => {
  await withRun(async ([first = [], second = [], third = []], events, verdict) => {
    const foreign = changed(events({ xid: 15, changes: [stays('update', 1)] }), 4, 'outro');
    const after = second.with(0, { ...second[0]!, values: second[0]!.values!.with(4, 'outro') });
    const found = await verdict([...first, ...foreign, ...after, ...third]);
    assert.deepEqual(found, { verdict: 'exact', details: [] });
  });
});

test("what the run's own update says of such a column is held against what was there", async () => {
  await withRun(async ([first = [], second = [], third = []], _, verdict) => {
    const found = await verdict([...first, ...changed(second, 4, 'outro'), ...third]);
    assert.deepEqual(found, {
      verdict: 'violation',
      details: ['column_changed', 'column_changed'],
    });
  });
});

test("a replay with another writer's inserts in it is legal", async () => {
  await withRun(async ([first = [], second = [], third = []], events, verdict) => {
    const foreign = events({ xid: 15, changes: [stays('insert', 900)] });
    const start = [...first, ...foreign, ...second];
    const found = await verdict([...start, ...foreign, ...second, ...third]);
    assert.deepEqual(found, { verdict: 'duplicates', details: [] });
  });
});
