import assert from 'node:assert/strict';
import test from 'node:test';
import { defineColumn } from '../../../src/schema/define.js';
import type { Row } from '../../../src/schema/table.js';
import { Tables } from '../../../src/schema/tables.js';
import { EXAMES } from '../../../src/schemas/hospital/tables.js';
import { copyCommand, csvChunks } from '../../../src/seed/csv.js';

const TABLE = {
  columns: Array.from({ length: 8 }, (_, i) => defineColumn(`c${i}`, 'text')),
};

function csvLine(row: Row): string {
  const pieces = csvChunks(
    TABLE,
    1,
    () => row,
    () => undefined,
  );
  return Buffer.concat([...pieces]).toString();
}

test('NULL is an empty field, an empty text a quoted one', () => {
  assert.equal(csvLine([1, null, '', 'x']), '1,,"",x\n');
});

test('commas, quotes and line ends are quoted', () => {
  assert.equal(
    csvLine(['a,b', 'say "hi"', 'two\nlines', 'plain']),
    '"a,b","say ""hi""","two\nlines",plain\n',
  );
});

test('numbers and letters of any size are written whole', () => {
  const numbers = [0, 9, 10, 2 ** 31 - 1, 2 ** 31, 2 ** 53 - 1, -7, 1.5];
  const texts = ['ação', '— 😀 é', 'x'.repeat(100_000), 'ç😀'.repeat(50_000), '"'.repeat(70_000)];
  assert.equal(csvLine(numbers), `${numbers.join(',')}\n`);
  const [accents, symbols, ...long] = texts;
  const [ascii, symbolsToo, quotes] = long;
  assert.equal(
    csvLine(texts),
    `${accents},"${symbols}","${ascii}","${symbolsToo}","${quotes}${quotes}"\n`,
  );
});

test('COPY names the columns, so that the table’s own order does not matter', () => {
  assert.equal(
    copyCommand(new Tables([EXAMES]).at(0)),
    'COPY exames (id, paciente_id, tipo_exame, data, resultado) FROM STDIN (FORMAT csv)',
  );
  const odd = {
    ...EXAMES,
    name: 'x."Y z"',
    columns: [{ ...EXAMES.columns[0]!, name: 'Dia "1"' }],
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
    ...csvChunks(
      TABLE,
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
      ...csvChunks(
        TABLE,
        0,
        () => [],
        () => undefined,
      ),
    ],
    [],
  );
});
