import assert from 'node:assert/strict';
import test from 'node:test';
import {
  areFingerprints,
  encodeUpdates,
  encodeWhole,
  Fingerprints,
} from '../../../src/ledger/fingerprint.js';
import { intentOf } from '../../../src/ledger/writer.js';
import type { Row } from '../../../src/schema/table.js';
import { SCHEMA } from './sample-ledger.js';

const CONSULTAS = SCHEMA.tables.get('consultas');
const EXAMES = SCHEMA.tables.get('exames');

/** id, paciente_id, medico_id, data, motivo, status: updates set `status` and `data`. */
const ROW: Row = [7, 20, 3, '2026-11-23 08:15:00', 'retorno', 'agendada'];
const FIXED_PLACES = [1, 2, 4];
const CHANGING_PLACES = [3, 5];

const printsOf = (...rows: Row[]) =>
  new Fingerprints(CONSULTAS, encodeWhole(CONSULTAS, rows), rows.length);

test('a column changes only the fingerprint that it is a part of; the key changes none', () => {
  const plain = printsOf(ROW);
  for (const place of [0, ...FIXED_PLACES, ...CHANGING_PLACES]) {
    const value = place === 3 ? '2026-11-23 08:15:01' : typeof ROW[place] === 'number' ? 99 : 'x';
    const other = printsOf(ROW.with(place, value));
    const moved = [
      other.fixed(0) !== plain.fixed(0),
      other.changing(0) !== plain.changing(0),
    ] as const;
    const expected = [FIXED_PLACES.includes(place), CHANGING_PLACES.includes(place)];
    assert.deepEqual([...moved], expected, String(place));
  }
});

test('null, an empty text and swapped values have different fingerprints', () => {
  const variants: Row[] = [
    ROW,
    ROW.with(4, null),
    ROW.with(4, ''),
    ROW.with(1, 3).with(2, 20),
    ROW.with(1, 2).with(2, 203),
  ];
  const seen = new Set(variants.map((row) => printsOf(row).fixed(0)));
  assert.equal(seen.size, variants.length);
});

test('an update has the changing fingerprint of the new row, and no fixed one', () => {
  const whole = printsOf(ROW);
  const update = new Fingerprints(
    CONSULTAS,
    encodeUpdates(CONSULTAS, ['status', 'data'], [[7, 'agendada', '2026-11-23 08:15:00']]),
    1,
  );
  assert.equal(update.changing(0), whole.changing(0));
  assert.equal(update.fixed(0), null);
});

test('many rows come back in their order, in 8 or 4 bytes each', () => {
  const rows = Array.from({ length: 2_000 }, (_, i): Row => ROW.with(0, i).with(1, i * 3));
  const text = encodeWhole(CONSULTAS, rows);
  assert.ok(areFingerprints(CONSULTAS, text, rows.length));
  assert.ok(!areFingerprints(CONSULTAS, text, rows.length - 1));
  assert.equal(text.length, 4 * Math.ceil((rows.length * 8) / 3));
  const prints = new Fingerprints(CONSULTAS, text, rows.length);
  for (const at of [0, 1, 999, 1_999]) {
    assert.equal(prints.fixed(at), printsOf(rows[at]!).fixed(0));
  }
});

test('an intent has fingerprints in the order of its keys, for any order of rows', () => {
  const changes = [5, 3, 9].map((id) => ({
    table: 'consultas' as const,
    operation: 'insert' as const,
    rows: [ROW.with(0, id).with(1, id * 100)],
  }));
  const { rows, prints } = intentOf(
    SCHEMA.tables,
    { xid: null, lsn: null, changes, subtransactions: false },
    1,
    0,
  );
  assert.deepEqual(rows, { consultas: { insert: '3,2,4' } });
  const read = new Fingerprints(CONSULTAS, prints?.consultas?.insert ?? '', 3);
  const expected = [3, 5, 9].map((id) => printsOf(ROW.with(1, id * 100)).fixed(0));
  assert.deepEqual(
    [0, 1, 2].map((at) => read.fixed(at)),
    expected,
  );
});

test('stored rows replace the sent ones', () => {
  const stored = ROW.with(4, 'RETORNO');
  const change = { table: 'consultas' as const, operation: 'update' as const };
  const { prints } = intentOf(
    SCHEMA.tables,
    {
      xid: null,
      lsn: null,
      changes: [{ ...change, rows: [[7, 'agendada', '2026-11-23 08:15:00']], stored: [stored] }],
      subtransactions: false,
    },
    1,
    0,
  );
  const read = new Fingerprints(CONSULTAS, prints?.consultas?.update ?? '', 1);
  assert.equal(read.fixed(0), printsOf(stored).fixed(0));
});

test('the example of the README: an exam, and its result', () => {
  const text = encodeWhole(EXAMES, [[7, 12, 'hemograma', '2026-01-31 08:15:00', null]]);
  assert.equal(text, 'r5NgaqnORlg=');
  const prints = new Fingerprints(EXAMES, text, 1);
  assert.equal(hex(prints.changing(0)), '6a6093af');
  assert.equal(hex(prints.fixed(0)), '5846cea9');
  const one = [7, 'normal'];
  assert.equal(encodeUpdates(EXAMES, ['resultado'], [one]), 'KcddtQ==');
  assert.equal(encodeUpdates(EXAMES, ['resultado'], [one, [9, 'normal']]), 'KcddtSnHXbU=');
});

function hex(print: number | null): string {
  assert.ok(print !== null);
  return (print >>> 0).toString(16).padStart(8, '0');
}
