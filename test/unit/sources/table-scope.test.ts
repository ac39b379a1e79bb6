import assert from 'node:assert/strict';
import test from 'node:test';
import { isForeign, scopeOfNames, tableScope } from '../../../src/sources/scope.js';
import { tablesIn } from '../../helpers/any-scope.js';

const PARTITIONED = tableScope({
  database: 'hospital',
  tables: {
    ...tablesIn('public'),
    consultas: {
      schema: 'public',
      partitions: [
        { schema: 'public', name: 'consultas_p0' },
        { schema: 'partes', name: 'exames' },
        { schema: 'partes', name: 'Consultas "2026"' },
      ],
    },
  },
});

test("a table is the run's by database, schema and name", () => {
  const cases = [
    ['hospital', 'public', 'exames', 'exames'],
    ['hospital', 'public', 'outra', 'other_table'],
    ['hospital', 'public', 'Exames', 'other_table'],
    ['hospital', 'backup', 'exames', 'other_schema'],
    ['replica', 'public', 'exames', 'other_database'],
    ['replica', 'backup', 'outra', 'other_database'],
    ['hospital', 'public', 'constructor', 'other_table'],
  ] as const;
  for (const [database, schema, name, expected] of cases) {
    assert.equal(PARTITIONED.tableOf(database, schema, name), expected);
  }
});

test("a partition is its root's, in its own schema", () => {
  const cases = [
    ['public', 'consultas_p0', 'consultas'],
    ['partes', 'consultas_p0', 'other_schema'],
    ['partes', 'Consultas "2026"', 'consultas'],
    // Its name is another table's.
    ['partes', 'exames', 'consultas'],
    ['public', 'exames', 'exames'],
  ] as const;
  for (const [schema, name, expected] of cases) {
    assert.equal(PARTITIONED.tableOf('hospital', schema, name), expected);
  }
});

test("a part that an event lacks counts as the run's", () => {
  assert.equal(PARTITIONED.tableOf(null, null, 'consultas_p0'), 'consultas');
  assert.equal(PARTITIONED.tableOf(null, null, 'exames'), 'exames');
  assert.equal(PARTITIONED.tableOf(null, 'backup', 'exames'), 'other_schema');
  assert.equal(PARTITIONED.tableOf('replica', null, 'exames'), 'other_database');
  assert.equal(PARTITIONED.tableOf(null, null, 'outra'), 'other_table');
});

test('tables at unknown places exclude no event', () => {
  const names = scopeOfNames();
  assert.equal(names.tableOf('any', 'where', 'exames'), 'exames');
  assert.equal(names.tableOf('any', 'where', 'exames_p0'), 'other_table');
  const some = tableScope({ database: null, tables: tablesIn('public') });
  assert.equal(some.tableOf('any', 'public', 'exames'), 'exames');
  assert.equal(some.tableOf('any', 'where', 'exames'), 'other_schema');
});

test("isForeign separates foreign tables from the run's", () => {
  assert.ok(isForeign('other_schema') && isForeign('other_table') && isForeign('other_database'));
  assert.ok(!isForeign('exames'));
});
