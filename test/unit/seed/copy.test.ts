import assert from 'node:assert/strict';
import test from 'node:test';
import { defineColumn } from '../../../src/schema/define.js';
import { Tables } from '../../../src/schema/tables.js';
import { EXAMES } from '../../../src/schemas/hospital/tables.js';
import { copyCommand, copyPieces } from '../../../src/seed/copy.js';

/** Has no binary form. */
const LINES = { columns: [defineColumn('a', 'numeric'), defineColumn('b', 'text')] };

test('COPY names the columns, so that the table’s own order does not matter', () => {
  assert.equal(
    copyCommand(new Tables([EXAMES]).at(0)),
    'COPY exames (id, paciente_id, tipo_exame, data, resultado) FROM STDIN (FORMAT binary)',
  );
  const odd = {
    ...EXAMES,
    name: 'x."Y z"',
    columns: [{ ...EXAMES.columns[0]!, name: 'Dia "1"', type: 'numeric' }],
    key: [],
  };
  assert.equal(
    copyCommand(new Tables([odd]).at(0)),
    'COPY x."Y z" ("Dia ""1""") FROM STDIN (FORMAT csv)',
  );
});

test('pieces hold every row once, and are counted as they are handed over', () => {
  let rows = 0;
  const pieces = [
    ...copyPieces(
      LINES,
      10_000,
      (index) => [index, 'x'.repeat(50)],
      (count) => {
        rows += count;
      },
    ),
  ];
  assert.ok(pieces.length > 3);
  assert.equal(rows, 10_000);
  const lines = Buffer.concat(pieces).toString().trimEnd().split('\n');
  assert.deepEqual(
    lines.map((line) => Number(line.split(',')[0])),
    Array.from({ length: 10_000 }, (_, i) => i),
  );
});

test('no rows make no pieces', () => {
  assert.deepEqual(
    [
      ...copyPieces(
        LINES,
        0,
        () => [],
        () => undefined,
      ),
    ],
    [],
  );
});
