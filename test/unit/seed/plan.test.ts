import assert from 'node:assert/strict';
import test from 'node:test';
import { Tables } from '../../../src/schema/tables.js';
import { CONVENIOS, TABLES } from '../../../src/schemas/hospital/tables.js';
import { cutChunks, phasesOf, targetRows } from '../../../src/seed/plan.js';

const tables = new Tables(TABLES);

const volumes = {
  pacientes: 2000,
  medicos: 200,
  convenios: 12,
  pacientes_convenios: 2500,
  consultas: 4000,
  exames: 3500,
  internacoes: 1200,
};

const refer = (references: string) => ({ column: 'id', references });

test('every table is raised to the minimum', () => {
  const rows = targetRows(tables, { volumes, scale: 1, minRows: 1000 });
  assert.equal(rows.medicos, 1000);
  assert.equal(rows.convenios, 1000);
  assert.equal(rows.consultas, 4000);
});

test('a minimum of 0 raises nothing, and the scale multiplies every volume', () => {
  assert.deepEqual(targetRows(tables, { volumes, scale: 1, minRows: 0 }), volumes);
  assert.equal(targetRows(tables, { volumes, scale: 2.5, minRows: 0 }).convenios, 30);
});

test('a table’s phase comes after those of the tables that it references', () => {
  // A table that references itself is filled in one phase; one that references a child, in a third.
  const note = { ...CONVENIOS, name: 'notas', foreignKeys: [refer('notas'), refer('exames')] };
  const more = new Tables([...TABLES, note]);
  const phases = phasesOf(more).map((phase) => phase.map(({ name }) => name));
  assert.deepEqual(phases, [
    ['pacientes', 'medicos', 'convenios'],
    ['pacientes_convenios', 'consultas', 'exames', 'internacoes'],
    ['notas'],
  ]);
});

test('chunks cover each block exactly, without overlap', () => {
  const blocks = [
    { table: 'exames', first: 101, count: 120_001 },
    { table: 'medicos', first: 7, count: 3 },
  ] as const;
  const chunks = cutChunks(blocks, () => 1);
  for (const { table, first, count } of blocks) {
    const own = chunks.filter((chunk) => chunk.table === table);
    let next = first;
    for (const chunk of own) {
      assert.equal(chunk.first, next);
      assert.equal(chunk.rank, next - first);
      next += chunk.count;
    }
    assert.equal(next, first + count);
  }
});

test('chunks of rows that cost much have fewer rows, and the most work comes first', () => {
  const costs = new Map([
    ['notas', 25],
    ['enormes', 1e9],
  ]);
  const chunks = cutChunks(
    [
      { table: 'exames', first: 1, count: 60_000 },
      { table: 'notas', first: 1, count: 5_000 },
      { table: 'enormes', first: 1, count: 2 },
    ],
    (table) => costs.get(table) ?? 1,
  );
  assert.deepEqual(
    chunks.map(({ table, first, count, rank }) => [table, first, count, rank]),
    [
      ['enormes', 1, 1, 0],
      ['enormes', 2, 1, 1],
      ['notas', 1, 2_000, 0],
      ['notas', 2_001, 2_000, 2_000],
      ['notas', 4_001, 1_000, 4_000],
      ['exames', 1, 50_000, 0],
      ['exames', 50_001, 10_000, 50_000],
    ],
  );
});
