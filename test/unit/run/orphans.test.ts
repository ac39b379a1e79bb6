import assert from 'node:assert/strict';
import test from 'node:test';
import { withoutOrphans } from '../../../workers/orphans.js';
import type { Write } from '../../../workers/writes.js';
import { KEY_KINDS } from '../../helpers/key-kinds.js';

test('a row without its parent goes, and the rows of its statement that reference it', () => {
  const write: Write = {
    table: KEY_KINDS.tables.get('billing."Line Items"'),
    operation: 'insert',
    rows: [
      ['a', null, 1, '1.00'],
      ['b', 'a', 2, '1.00'],
      ['c', 'b', 2, '1.00'],
      ['d', null, 2, '1.00'],
    ],
    candidates: [],
    spec: null,
  };
  const { kept, removed } = withoutOrphans([write], new Map([['owners', new Set([1])]]));
  assert.equal(removed, 3);
  assert.deepEqual(
    kept.map(({ rows }) => rows.map(([key]) => key)),
    [['d']],
  );
});
