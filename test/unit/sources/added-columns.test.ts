import assert from 'node:assert/strict';
import test from 'node:test';
import { Tables } from '../../../src/schema/tables.js';
import { Intake } from '../../../src/sources/intake.js';
import { scopeOfNames } from '../../../src/sources/scope.js';
import { HOSPITAL_TABLES } from '../../helpers/any-scope.js';
import { CollectingSink } from '../../helpers/collecting-sink.js';
import { CLOUD_EVENT, EXAME, EXAME_VALUES, envelope, FLAT_META, FLATTENED } from './samples.js';

const TABLES = new Tables(
  HOSPITAL_TABLES.map((table) =>
    table.name === 'exames'
      ? {
          ...table,
          addedColumns: [
            { name: 'laudo', type: 'text' },
            { name: 'lido_em', type: 'timestamp without time zone' },
          ],
        }
      : table,
  ),
);

/** The values of the exam in these events, read by one intake. */
function valuesOf(...events: readonly string[]): unknown[] {
  const sink = new CollectingSink(TABLES);
  const intake = new Intake(sink, scopeOfNames(TABLES));
  for (const event of events) intake.line(Buffer.from(event), 0, 1, 0);
  assert.deepEqual(sink.problems, []);
  return sink.rows.map(({ values }) => values);
}

/** 12 digits, which would be milliseconds if they decided the unit of the row's times. */
const ADDED = `${EXAME.slice(0, -1)},"laudo":"são","lido_em":100000000000}`;
const ADDED_VALUES = [...EXAME_VALUES, 'são', '1970-01-02 03:46:40'];

test('a column that is added while the stream goes on has values from then on, and none when it is dropped', () => {
  for (const shape of [
    (row: string) => envelope('c', { after: row }),
    (row: string) => `{"payload":${envelope('u', { after: row })}}`,
    (row: string) => CLOUD_EVENT(`{"before":null,"after":${row}}`),
    (row: string) => FLATTENED(row, FLAT_META),
  ]) {
    const without = shape(EXAME);
    const added = shape(ADDED);
    const absent = [...EXAME_VALUES, undefined, undefined];
    assert.deepEqual(valuesOf(without, without, added, added, without), [
      absent,
      absent,
      ADDED_VALUES,
      ADDED_VALUES,
      absent,
    ]);
    const nulled = shape(ADDED.replace('"são"', 'null'));
    assert.deepEqual(valuesOf(nulled), [[...EXAME_VALUES, null, ADDED_VALUES.at(-1)]]);
  }
});
