import assert from 'node:assert/strict';
import test from 'node:test';
import { encodeUpdates, encodeWhole, Fingerprints } from '../../../src/ledger/fingerprint.js';
import { isRecordOf } from '../../../src/ledger/is-record.js';
import { keyOf } from '../../../src/ledger/row-key.js';
import { type Change, intentOf } from '../../../src/ledger/writer.js';
import type { Row } from '../../../src/schema/table.js';
import { ITENS, MEDIDAS, RASTROS, SAMPLE } from './sample-tables.js';

const { tables } = SAMPLE;
const isRecord = isRecordOf(tables);

function intentWith(...changes: Change[]) {
  const intent = { xid: '7', lsn: '0/1', changes, subtransactions: false };
  const record = intentOf(tables, intent, 1, 0);
  assert.ok(isRecord(record), JSON.stringify(record));
  return record;
}

const rowsOf = (count: number) =>
  Array.from(
    { length: count },
    (_, i): Row => [count - i, `2026-01-0${1 + i} 00:00:00+00`, `${i}.0`, null, ''],
  );

test('keys that are texts are lists, with fingerprints in their order', () => {
  const rows = rowsOf(3);
  const { rows: keys, prints } = intentWith({ table: 'medidas', operation: 'insert', rows });
  const texts = rows.map((row) => keyOf(MEDIDAS, row)).sort();
  assert.deepEqual(keys, { medidas: { insert: texts } });
  const read = new Fingerprints(MEDIDAS, prints?.medidas?.insert ?? '', 3);
  for (const [at, text] of texts.entries()) {
    const row = rows.find((each) => keyOf(MEDIDAS, each) === text)!;
    const own = new Fingerprints(MEDIDAS, encodeWhole(MEDIDAS, [row]), 1);
    assert.equal(read.changing(at), own.changing(0));
    assert.equal(read.coarseFixed(at), own.coarseFixed(0));
  }
});

test('identical rows of a table without a key are listed as often as they are written', () => {
  const [row, other]: Row[] = [
    ['2026-01-31', 'ana', 'f'],
    ['2026-01-31', 'bia', 'f'],
  ];
  const { rows } = intentWith(
    { table: 'rastros', operation: 'insert', rows: [row!, other!, row!] },
    { table: 'rastros', operation: 'update', columns: ['visto'], rows: [[...row!, 't']] },
    { table: 'rastros', operation: 'delete', rows: [other!] },
  );
  const [key, otherKey] = [keyOf(RASTROS, row!), keyOf(RASTROS, other!)];
  assert.deepEqual(rows.rastros?.insert, [key, otherKey, key].sort());
  assert.deepEqual(rows.rastros?.update, [key]);
  assert.deepEqual(rows.rastros?.delete, [otherKey]);
});

test('rows that followed a changed key are added to the updates of their table', () => {
  const stored: Row[] = [
    ['B', 1, null],
    ['A', 2, 'B'],
  ];
  const { rows, prints } = intentWith(
    { table: '"Itens"', operation: 'delete', rows: [['X']] },
    { table: '"Itens"', operation: 'insert', rows: [['Y', 3, null]] },
    {
      table: '"Itens"',
      operation: 'update',
      columns: ['Código', 'n'],
      rows: [['B', 'B', 9]],
      stored: [stored[0]!],
    },
    {
      table: '"Itens"',
      operation: 'update',
      columns: ['Principal'],
      rows: [['A', 'B']],
      stored: [stored[1]!],
    },
  );
  assert.deepEqual(rows, { '"Itens"': { delete: ['X'], insert: ['Y'], update: ['A', 'B'] } });
  assert.equal(prints?.['"Itens"']?.update, encodeWhole(ITENS, [stored[1]!, stored[0]!]));
});

test('where some rows of a list were returned as stored and others not, all have the changing sum alone', () => {
  const [sent, stored]: Row[] = rowsOf(2);
  const columns = ['peso', 'nota'];
  const update = { table: 'medidas', operation: 'update', columns } as const;
  const valuesOf = ([id, at, weight, , note]: Row): Row => [id!, at!, weight!, note!];
  const plain: Change = { ...update, rows: [valuesOf(sent!)] };
  const returned: Change = {
    ...update,
    rows: [[...stored!.slice(0, 2), 'as sent', '']],
    stored: [stored!],
  };
  const expected = encodeUpdates(MEDIDAS, columns, [valuesOf(stored!), valuesOf(sent!)]);
  for (const changes of [
    [plain, returned],
    [returned, plain],
  ]) {
    assert.equal(intentWith(...changes).prints?.medidas?.update, expected);
  }
});

test('where some inserted rows were returned as stored, their fingerprints are those of the stored ones', () => {
  const [sent, stored]: Row[] = rowsOf(2);
  const insert = { table: 'medidas', operation: 'insert' } as const;
  const changes: Change[] = [
    { ...insert, rows: [sent!] },
    { ...insert, rows: [stored!.with(4, 'as sent')], stored: [stored!] },
  ];
  assert.equal(
    intentWith(...changes).prints?.medidas?.insert,
    encodeWhole(MEDIDAS, [stored!, sent!]),
  );
});

test('a list that its table cannot have is malformed', () => {
  const whole = encodeWhole(MEDIDAS, [rowsOf(1)[0]!]);
  const intent = (rows: object, prints: object) => ({
    intent: 1,
    at: 0,
    xid: '7',
    lsn: null,
    rows,
    prints,
  });
  assert.ok(
    isRecord(intent({ medidas: { insert: ['["1","x"]'] } }, { medidas: { insert: whole } })),
  );
  // Ids of a table whose keys are texts.
  assert.ok(!isRecord(intent({ medidas: { insert: '1' } }, { medidas: { insert: whole } })));
  assert.ok(!isRecord(intent({ rastros: { delete: '1' } }, {})));
  // The fingerprints lack their coarse halves.
  const half = Buffer.from(whole, 'base64').toString('base64', 0, 4);
  assert.ok(
    !isRecord(intent({ medidas: { insert: ['["1","x"]'] } }, { medidas: { insert: half } })),
  );
});
