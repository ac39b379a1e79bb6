import assert from 'node:assert/strict';
import test from 'node:test';
import { defineColumn } from '../../../src/schema/define.js';
import type { Row } from '../../../src/schema/table.js';
import { CsvWriter } from '../../../src/seed/csv.js';

const TABLE = {
  columns: Array.from({ length: 8 }, (_, i) => defineColumn(`c${i}`, 'text')),
};

function csvLine(row: Row): string {
  const writer = new CsvWriter(TABLE.columns);
  writer.row(row);
  writer.end();
  return writer.take().toString();
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
