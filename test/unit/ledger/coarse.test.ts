import assert from 'node:assert/strict';
import test from 'node:test';
import {
  areFingerprints,
  encodeUpdates,
  encodeWhole,
  Fingerprints,
  printedColumns,
} from '../../../src/ledger/fingerprint.js';
import type { Row } from '../../../src/schema/table.js';
import { ITENS, MEDIDAS, RASTROS } from './sample-tables.js';

/** Updates set `peso` (lossy) and `nota`; `desde` (lossy) is fixed. */
const ROW: Row = [12, '2026-01-31 08:15:00.123456+00', '70.50', '1 day', 'deitado'];

const printsOf = (...rows: Row[]) =>
  new Fingerprints(MEDIDAS, encodeWhole(MEDIDAS, rows), rows.length);

function sums(prints: Fingerprints, index = 0) {
  return {
    changing: prints.changing(index),
    fixed: prints.fixed(index),
    coarseChanging: prints.coarseChanging(index),
    coarseFixed: prints.coarseFixed(index),
  };
}

test('only tables with a lossy column outside of the key have coarse sums', () => {
  const wholes = [
    encodeWhole(MEDIDAS, [ROW]),
    encodeWhole(ITENS, [['a', 1, null]]),
    encodeWhole(RASTROS, [['2026-01-31', 'ana', 'f']]),
  ];
  assert.deepEqual(
    wholes.map((text) => Buffer.from(text, 'base64').length),
    [16, 8, 8],
  );
  assert.deepEqual(
    printedColumns(MEDIDAS).map(({ name, part, lossy }) => [name, part, lossy]),
    [
      ['paciente_id', 'key', false],
      ['medido_em', 'key', true],
      ['peso', 'changing', true],
      ['desde', 'fixed', true],
      ['nota', 'changing', false],
    ],
  );
});

test('values with equal projections differ in the exact sum alone', () => {
  const plain = sums(printsOf(ROW));
  const scaled = sums(printsOf(ROW.with(2, '70.5')));
  assert.notEqual(scaled.changing, plain.changing);
  assert.deepEqual({ ...scaled, changing: 0 }, { ...plain, changing: 0 });
  const hours = sums(printsOf(ROW.with(3, '24:00:00')));
  assert.notEqual(hours.fixed, plain.fixed);
  assert.deepEqual({ ...hours, fixed: 0 }, { ...plain, fixed: 0 });
});

test('values with other projections, and other columns, differ in both sums', () => {
  const plain = sums(printsOf(ROW));
  for (const row of [ROW.with(2, '71'), ROW.with(4, 'sentado')]) {
    const other = sums(printsOf(row));
    assert.notEqual(other.changing, plain.changing);
    assert.notEqual(other.coarseChanging, plain.coarseChanging);
    assert.deepEqual([other.fixed, other.coarseFixed], [plain.fixed, plain.coarseFixed]);
  }
});

test('a value that a setting makes NULL equals NULL in the coarse sum', () => {
  const [nan, none] = [sums(printsOf(ROW.with(2, 'NaN'))), sums(printsOf(ROW.with(2, null)))];
  assert.notEqual(nan.changing, none.changing);
  assert.equal(nan.coarseChanging, none.coarseChanging);
});

test('many rows come back in their order, in 16 or 8 bytes each', () => {
  const rows = Array.from(
    { length: 100 },
    (_, i): Row => ROW.with(2, `${i}.0`).with(3, `${i} days`),
  );
  const whole = encodeWhole(MEDIDAS, rows);
  assert.equal(Buffer.from(whole, 'base64').length, 1_600);
  assert.ok(areFingerprints(MEDIDAS, whole, rows.length));
  const updates = encodeUpdates(
    MEDIDAS,
    ['nota', 'peso'],
    rows.map(([id, at, weight, , note]) => [id!, at!, note!, weight!]),
  );
  assert.equal(Buffer.from(updates, 'base64').length, 800);
  assert.ok(areFingerprints(MEDIDAS, updates, rows.length));
  assert.ok(!areFingerprints(MEDIDAS, updates, rows.length + 1));
  const read = new Fingerprints(MEDIDAS, updates, rows.length);
  for (const at of [0, 1, 99]) {
    const expected = sums(printsOf(rows[at]!));
    assert.deepEqual(sums(printsOf(...rows), at), expected);
    assert.deepEqual(sums(read, at), { ...expected, fixed: null, coarseFixed: null });
  }
});

test('a table without lossy columns has its exact sums as coarse ones', () => {
  const prints = new Fingerprints(RASTROS, encodeWhole(RASTROS, [['2026-01-31', 'ana', 'f']]), 1);
  const { changing, fixed, coarseChanging, coarseFixed } = sums(prints);
  assert.deepEqual([coarseChanging, coarseFixed], [changing, fixed]);
});

test('an update of a table without a key has its new values after the whole old row', () => {
  const old = ['2026-01-31', 'ana', 'f'];
  const text = encodeUpdates(RASTROS, ['visto'], [[...old, 't']]);
  const whole = encodeWhole(RASTROS, [['2026-01-31', 'ana', 't']]);
  assert.equal(
    new Fingerprints(RASTROS, text, 1).changing(0),
    new Fingerprints(RASTROS, whole, 1).changing(0),
  );
});
