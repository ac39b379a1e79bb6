import assert from 'node:assert/strict';
import test from 'node:test';
import { stays } from './small-run.js';
import { changed, withRun } from './three-transactions.js';

test('null and empty text differ, also in a column that no update sets', async () => {
  await withRun(async ([first = [], second = [], third = []], events, verdict) => {
    const foreign = changed(events({ xid: 15, changes: [stays('update', 1, 2)] }), 5, null);
    const after = changed(second, 5, '');
    const found = await verdict([...first, ...foreign, ...after, ...third]);
    assert.deepEqual(found.details, ['column_changed', 'column_changed']);
  });
});
