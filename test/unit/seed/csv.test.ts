import assert from 'node:assert/strict';
import test from 'node:test';
import { copyCommand, csvChunks, csvLine } from '../../../src/seed/csv.js';

test('NULL is an empty field, an empty text a quoted one', () => {
  assert.equal(csvLine([1, null, '', 'x']), '1,,"",x\n');
});

test('commas, quotes and line ends are quoted', () => {
  assert.equal(
    csvLine(['a,b', 'say "hi"', 'two\nlines', 'plain']),
    '"a,b","say ""hi""","two\nlines",plain\n',
  );
});

test('COPY names the columns, so that the table’s own order does not matter', () => {
  assert.equal(
    copyCommand('exames'),
    'COPY exames (id, paciente_id, tipo_exame, data, resultado) FROM STDIN (FORMAT csv)',
  );
});

test('pieces hold every row once, and are counted as they are handed over', () => {
  let rows = 0;
  const pieces = [
    ...csvChunks(
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
        0,
        () => [],
        () => undefined,
      ),
    ],
    [],
  );
});
