import assert from 'node:assert/strict';
import test from 'node:test';
import { TABLE_NAMES, TABLES } from '../../../src/legacy/tables.js';
import { cutChunks, PHASES, targetRows } from '../../../src/seed/plan.js';

const volumes = {
  pacientes: 2000,
  medicos: 200,
  convenios: 12,
  pacientes_convenios: 2500,
  consultas: 4000,
  exames: 3500,
  internacoes: 1200,
};

test('every table is raised to the minimum', () => {
  const rows = targetRows({ volumes, scale: 1, minRows: 1000 });
  assert.equal(rows.medicos, 1000);
  assert.equal(rows.convenios, 1000);
  assert.equal(rows.consultas, 4000);
});

test('a minimum of 0 raises nothing, and the scale multiplies every volume', () => {
  assert.deepEqual(targetRows({ volumes, scale: 1, minRows: 0 }), volumes);
  assert.equal(targetRows({ volumes, scale: 2.5, minRows: 0 }).convenios, 30);
});

test('a table’s phase comes after those of the tables that it references', () => {
  const phaseOf = (table: string) => PHASES.findIndex((phase) => phase.some((t) => t === table));
  assert.equal(PHASES.flat().length, TABLE_NAMES.length);
  for (const table of TABLE_NAMES) {
    for (const { references } of TABLES[table].foreignKeys) {
      assert.ok(phaseOf(references) < phaseOf(table));
    }
  }
});

test('chunks cover each block exactly, without overlap', () => {
  const blocks = [
    { table: 'exames', first: 101, count: 120_001 },
    { table: 'medicos', first: 7, count: 3 },
  ] as const;
  const chunks = cutChunks(blocks);
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
