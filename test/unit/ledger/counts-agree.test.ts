import assert from 'node:assert/strict';
import test from 'node:test';
import { countsAgree } from '../../../src/ledger/counts-agree.js';
import { noRows } from '../../../src/schema/changes.js';
import { SAMPLE } from './sample-tables.js';

/** Inserts, updates, deletes. */
type Counts = readonly [number, number, number];

/** Whether a ledger with these rows of a table agrees with a run that counted the others. */
function agree(table: string, ledger: Counts, run: Counts): boolean {
  const rowsOf = ([inserted, updated, deleted]: Counts) => ({
    ...noRows(SAMPLE.tables),
    [table]: { insert: inserted, update: updated, delete: deleted },
  });
  return countsAgree(SAMPLE.tables, rowsOf(ledger), rowsOf(run));
}

test('rows of a table whose keys do not change are counted the same', () => {
  for (const table of ['consultas', 'medidas', 'rastros']) {
    assert.ok(agree(table, [5, 3, 1], [5, 3, 1]));
    for (const other of [
      [6, 3, 1],
      [5, 4, 1],
      [5, 3, 2],
      [6, 2, 2],
    ] as const) {
      assert.ok(!agree(table, other, [5, 3, 1]), `${table} ${other}`);
    }
  }
});

test('an update that changed a key is a delete and an insert, and rows may have followed', () => {
  // The table references itself.
  assert.ok(agree('"Itens"', [7, 1, 3], [5, 3, 1]));
  assert.ok(agree('"Itens"', [7, 4, 3], [5, 3, 1]));
  assert.ok(!agree('"Itens"', [7, 0, 3], [5, 3, 1]));
  assert.ok(!agree('"Itens"', [7, 1, 2], [5, 3, 1]));
  assert.ok(!agree('"Itens"', [4, 4, 0], [5, 3, 1]));
});

test('a summary that lacks a table does not agree', () => {
  const { consultas: _, ...others } = noRows(SAMPLE.tables);
  assert.ok(!countsAgree(SAMPLE.tables, noRows(SAMPLE.tables), others));
});
