import assert from 'node:assert/strict';
import test from 'node:test';
import {
  areFingerprints,
  columnSeed,
  encodeUpdates,
  encodeWhole,
  Fingerprints,
  printedColumns,
} from '../../../src/ledger/fingerprint.js';
import { isRecordOf } from '../../../src/ledger/is-record.js';
import { hashValue } from '../../../src/ledger/value-hash.js';
import { intentOf } from '../../../src/ledger/writer.js';
import { mix } from '../../../src/random/hash.js';
import type { Row } from '../../../src/schema/table.js';
import { LAUDOS, SAMPLE } from './sample-tables.js';

/** Updates set `situacao` and `resumo`; `peso` is lossy. So `texto` and `anexo` are toasted. */
const ROW: Row = [7, 'sem alterações', 'aberto', '70.50', 'ana', null, 'normal'];
const BYTES = 24;

const printsOf = (...rows: Row[]) =>
  new Fingerprints(LAUDOS, encodeWhole(LAUDOS, rows), rows.length);
const hashOf = (column: string, value: string | null) => mix(hashValue(columnSeed(column), value));

test('fixed columns that may be stored out of line are toasted, but lossy ones and those that updates set', () => {
  assert.deepEqual(
    printedColumns(LAUDOS)
      .filter(({ part }) => part === 'toasted')
      .map(({ name }) => name),
    ['texto', 'anexo'],
  );
  const hospital = SAMPLE.tables.filter(({ name }) => name !== LAUDOS.name);
  assert.ok(
    hospital.every((table) => printedColumns(table).every(({ part }) => part !== 'toasted')),
  );
});

test('a row has the sums of all columns, and after them the hash of each toasted one', () => {
  const text = encodeWhole(LAUDOS, [ROW]);
  const ints = new Int32Array(new Uint8Array(Buffer.from(text, 'base64')).buffer);
  const texto = hashOf('texto', 'sem alterações');
  const anexo = hashOf('anexo', null);
  const changing = (hashOf('situacao', 'aberto') + hashOf('resumo', 'normal')) | 0;
  const others = (hashOf('medico', 'ana') + texto + anexo) | 0;
  const fixed = (others + hashOf('peso', '70.50')) | 0;
  const coarseFixed = (others + hashOf('peso', '70.5')) | 0;
  assert.deepEqual([...ints], [changing, fixed, changing, coarseFixed, texto, anexo]);
  const prints = printsOf(ROW);
  assert.deepEqual(
    [prints.changing(0), prints.fixed(0), prints.coarseChanging(0), prints.coarseFixed(0)],
    [changing, fixed, changing, coarseFixed],
  );
  assert.deepEqual([prints.toasted(0, 0), prints.toasted(0, 1)], [texto, anexo]);
});

test('each of many rows has its own hashes, and an update has none', () => {
  const rows = Array.from(
    { length: 100 },
    (_, i): Row => ROW.with(1, `nota ${i}`).with(5, `\\x${i}`),
  );
  const text = encodeWhole(LAUDOS, rows);
  assert.equal(Buffer.from(text, 'base64').length, rows.length * BYTES);
  const prints = printsOf(...rows);
  for (const at of [0, 1, 99]) {
    assert.equal(prints.toasted(at, 0), hashOf('texto', `nota ${at}`));
    assert.equal(prints.toasted(at, 1), hashOf('anexo', `\\x${at}`));
    assert.equal(prints.fixed(at), printsOf(rows[at]!).fixed(0));
  }
  const updates = encodeUpdates(LAUDOS, ['situacao', 'resumo'], [[7, 'assinado', '']]);
  assert.ok(areFingerprints(LAUDOS, updates, 1));
  const read = new Fingerprints(LAUDOS, updates, 1);
  assert.deepEqual([read.fixed(0), read.toasted(0, 0)], [null, null]);
  assert.equal(read.changing(0), printsOf(ROW.with(2, 'assinado').with(6, '')).changing(0));
});

test('an intent has them in the order of its keys; without them it is not a record', () => {
  const isRecord = isRecordOf(SAMPLE.tables);
  const rows = [9, 3].map((id): Row => ROW.with(0, id).with(1, `nota ${id}`));
  const change = { table: LAUDOS.name, operation: 'insert' as const, rows };
  const intent = { xid: null, lsn: null, changes: [change], subtransactions: false };
  const record = intentOf(SAMPLE.tables, intent, 1, 0);
  assert.ok(isRecord(record));
  const text = record.prints?.laudos?.insert ?? '';
  const prints = new Fingerprints(LAUDOS, text, rows.length);
  assert.deepEqual(
    [prints.toasted(0, 0), prints.toasted(1, 0)],
    [hashOf('texto', 'nota 3'), hashOf('texto', 'nota 9')],
  );
  const bytes = Buffer.from(text, 'base64');
  for (const length of [bytes.length - 16, bytes.length - 8, bytes.length + 8]) {
    const cut = Buffer.concat([bytes, bytes]).toString('base64', 0, length);
    assert.ok(!isRecord({ ...record, prints: { laudos: { insert: cut } } }), `${length} bytes`);
  }
});
