import assert from 'node:assert/strict';
import test from 'node:test';
import { type Scope, scopeOfNames, tableScope } from '../../../src/sources/scope.js';
import { HOSPITAL_TABLES, tablesIn } from '../../helpers/any-scope.js';

const PARTITIONED = tableScope(HOSPITAL_TABLES, {
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

/** The table's name, or why it is not the run's. */
function found(scope: Scope, ...names: Parameters<Scope['tableOf']>): string {
  const table = scope.tableOf(...names);
  return typeof table === 'string' ? table : table.name;
}

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
    assert.equal(found(PARTITIONED, database, schema, name), expected);
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
    assert.equal(found(PARTITIONED, 'hospital', schema, name), expected);
  }
});

test("a part that an event lacks counts as the run's", () => {
  assert.equal(found(PARTITIONED, null, null, 'consultas_p0'), 'consultas');
  assert.equal(found(PARTITIONED, null, null, 'exames'), 'exames');
  assert.equal(found(PARTITIONED, null, 'backup', 'exames'), 'other_schema');
  assert.equal(found(PARTITIONED, 'replica', null, 'exames'), 'other_database');
  assert.equal(found(PARTITIONED, null, null, 'outra'), 'other_table');
});

test('tables at unknown places exclude no event', () => {
  const names = scopeOfNames(HOSPITAL_TABLES);
  assert.equal(found(names, 'any', 'where', 'exames'), 'exames');
  assert.equal(found(names, 'any', 'where', 'exames_p0'), 'other_table');
  const some = tableScope(HOSPITAL_TABLES, { database: null, tables: tablesIn('public') });
  assert.equal(found(some, 'any', 'public', 'exames'), 'exames');
  assert.equal(found(some, 'any', 'where', 'exames'), 'other_schema');
});
