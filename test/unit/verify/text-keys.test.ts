import assert from 'node:assert/strict';
import test from 'node:test';
import { schemaWith } from '../../../src/schemas/index.js';
import { TextColumns } from '../../../src/sources/source.js';
import { printersOf } from '../../../src/verify/rows/fingerprint.js';
import { KeyTables } from '../../../src/verify/rows/key-tables.js';
import { RowTracker } from '../../../src/verify/rows/tracker.js';
import { event } from './sample-event.js';

const { tables } = schemaWith(['prontuario']);
const PRINTERS = printersOf(tables, 3);
const SINAIS = tables.get('sinais_vitais');
const PRESCRICOES = tables.get('prescricoes');

/** Bytes: enough for all rows of a test. */
const PLENTY = 2 ** 26;
/** Bytes: the smallest tables, of slots and of texts. */
const LITTLE = 0;

/** The key of a vital sign. */
const keyOf = (id: number) => JSON.stringify([String(id), `2026-01-02 10:00:00.${id}+00`]);

/** Follows a change of a row of a table: all of its columns have the value. */
function fold(
  tracker: RowTracker,
  table: string,
  key: string,
  operation: 'insert' | 'update' | 'delete',
  value = 'x',
) {
  const { columns, serverColumns } = tables.get(table);
  const change = { ...event(1), table, key, operation };
  const row = new TextColumns([...columns, ...serverColumns].map(() => value));
  return tracker.fold(
    change,
    PRINTERS.get(table)!.print(change, operation === 'delete' ? null : row),
  );
}

test('rows with text keys are followed like those with ids', () => {
  const tracker = new RowTracker(tables, PLENTY, 1);
  assert.equal(fold(tracker, 'sinais_vitais', keyOf(1), 'insert'), null);
  assert.equal(fold(tracker, 'sinais_vitais', keyOf(1), 'insert'), 'exists_already');
  assert.equal(fold(tracker, 'sinais_vitais', keyOf(1), 'delete'), null);
  assert.equal(fold(tracker, 'sinais_vitais', keyOf(1), 'update'), 'does_not_exist');
  assert.equal(fold(tracker, 'sinais_vitais', keyOf(2), 'update'), null);
  assert.equal(fold(tracker, 'sinais_vitais', keyOf(2), 'update', 'y'), 'column_changed');
});

test('rows of one text key in two tables are two rows, beside ids', () => {
  const tracker = new RowTracker(tables, PLENTY, 1);
  for (const table of ['prescricoes', 'faturamento."Itens da Conta"']) {
    assert.equal(fold(tracker, table, 'a', 'insert'), null);
  }
  assert.equal(tracker.fold(event(7), PRINTERS.get('exames')!.print(event(7), null)), null);
  assert.equal(tracker.size, 3);
});

test('rows of a table without a key are not followed', () => {
  const tracker = new RowTracker(tables, PLENTY, 1);
  for (let i = 0; i < 3; i++) {
    assert.equal(fold(tracker, 'auditoria', '0123456789abcdef', 'insert'), null);
  }
  assert.equal(tracker.size, 0);
});

test('a growing table of texts keeps every key, its words and its state', () => {
  const keys = new KeyTables(tables, PLENTY, 1, () => 1);
  const texts = keys.of(SINAIS)!;
  const count = 50_000;
  for (let id = 0; id < count; id++) {
    const at = texts.claim(SINAIS, keyOf(id));
    texts.words[at + 1] = id;
    texts.setState(at, 1 + (id % 255));
  }
  assert.deepEqual([keys.size, keys.sample], [count, 1]);
  const seen = new Set<number>();
  for (const { table, key, at } of keys.entries()) {
    const id = texts.words[at + 1]!;
    seen.add(id);
    assert.deepEqual(
      [table.name, key, texts.state(at)],
      ['sinais_vitais', keyOf(id), 1 + (id % 255)],
    );
  }
  assert.equal(seen.size, count);
  assert.equal(texts.find(SINAIS, keyOf(count)), -1);
  assert.equal(texts.find(PRESCRICOES, keyOf(1)), -1);
});

test('characters beyond one UTF-16 unit, and empty keys, come back as they were', () => {
  const keys = new KeyTables(tables, PLENTY, 1, () => 1);
  const texts = keys.of(PRESCRICOES)!;
  const wanted = ['', '😀', 'a\u0000b', 'ção', 'x'.repeat(1_024)];
  for (const key of wanted) texts.setState(texts.claim(PRESCRICOES, key), 1);
  assert.deepEqual([...keys.entries()].map(({ key }) => key).sort(), [...wanted].sort());
});

test('a full table of texts follows fewer keys, each from its first claim on', () => {
  const keys = new KeyTables(tables, LITTLE, 1, () => 1);
  const texts = keys.of(SINAIS)!;
  const count = 20_000;
  for (let id = 0; id < count; id++) {
    const at = texts.claim(SINAIS, keyOf(id));
    if (at >= 0) texts.setState(at, 1);
  }
  assert.ok(keys.sample < 1);
  const share = keys.size / count / keys.sample;
  assert.ok(share > 0.8 && share < 1.2, `${keys.size} keys for a share of ${keys.sample}`);
  for (let id = 0; id < count; id++) {
    const isFollowed = texts.follows(SINAIS, keyOf(id));
    assert.equal(texts.find(SINAIS, keyOf(id)) >= 0, isFollowed);
  }
});

test('a key of more than 1,024 characters is not followed', () => {
  const keys = new KeyTables(tables, LITTLE, 1, () => 1);
  const texts = keys.of(PRESCRICOES)!;
  const long = 'x'.repeat(1_025);
  assert.deepEqual([texts.claim(PRESCRICOES, long), texts.find(PRESCRICOES, long)], [-1, -1]);
  assert.equal(texts.follows(PRESCRICOES, long), false);
});
