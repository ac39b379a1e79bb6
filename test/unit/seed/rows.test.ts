import assert from 'node:assert/strict';
import test from 'node:test';
import { Schema, type SchemaSpec } from '../../../src/schema/schema.js';
import type { TableSpec } from '../../../src/schema/table.js';
import { HOSPITAL } from '../../../src/schemas/hospital/index.js';
import { EXTENSION_NAMES, schemaWith } from '../../../src/schemas/index.js';
import { PRONTUARIO } from '../../../src/schemas/prontuario/index.js';
import { SeedRows } from '../../../src/seed/rows.js';

const EVERYTHING = schemaWith(EXTENSION_NAMES);
const POOLS = await EVERYTHING.samplePools();

test("the numbers of the tables are those of --rng's promise", () => {
  assert.deepEqual(
    EVERYTHING.tables.map(({ name, number }) => [name, number]),
    [
      ['pacientes', 0],
      ['medicos', 1],
      ['convenios', 2],
      ['pacientes_convenios', 3],
      ['consultas', 4],
      ['exames', 5],
      ['internacoes', 6],
      ['prontuarios', 7],
      ['sinais_vitais', 8],
      ['prescricoes', 9],
      ['auditoria', 10],
      ['faturamento."Itens da Conta"', 11],
    ],
  );
});

/** An extension that comes before the hospital's records. */
const OTHER: SchemaSpec = {
  ...PRONTUARIO,
  name: 'other',
  tables: [
    { ...(PRONTUARIO.tables[0] as TableSpec), name: 'other', relation: 'other', number: 12 },
  ],
  events: [],
};

/** The first rows of every table that an event type fills, with 1,000 rows to reference in each other table. */
function rowsIn(schema: Schema): Record<string, unknown> {
  const parents = schema.tables.record(() => ({
    ...{ listed: 0, ids: new SharedArrayBuffer(0), since: new SharedArrayBuffer(0) },
    ...{ first: 1, added: 1000 },
  }));
  const rows = new SeedRows(schema, {
    ...{ rng: 42, reference: Date.UTC(2026, 2, 1), parents, linkable: parents, pools: POOLS },
  });
  const filled = HOSPITAL.tables.concat(PRONTUARIO.tables);
  return Object.fromEntries(
    filled.map(({ name }) => {
      const rowAt = rows.of(name);
      return [name, [1, 2, 3].map((id) => rowAt(id, id - 1, null))];
    }),
  );
}

test('seeded rows are the same where another extension takes a place before their table', () => {
  const alone = rowsIn(new Schema(HOSPITAL, [PRONTUARIO]));
  assert.deepEqual(rowsIn(new Schema(HOSPITAL, [OTHER, PRONTUARIO])), alone);
});
