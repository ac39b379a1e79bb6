import assert from 'node:assert/strict';
import test from 'node:test';
import { Rng } from '../../../../src/random/rng.js';
import type { Candidate, EventType } from '../../../../src/schema/event.js';
import { columnIndex, type Row, type Value } from '../../../../src/schema/table.js';
import { momentMs } from '../../../../src/schema/value.js';
import { examResult, examType } from '../../../../src/schemas/hospital/clinical.js';
import { assertShare, MAKERS, NOW, patient, rowOf, SCHEMA } from './samples.js';

const ROWS = 100_000;
const LATER = NOW + 3 * 86_400_000 + 700;

/** A row of the event type, and whether it is open to a change. */
function inserted(type: EventType, maker = MAKERS[0]!, id = 1): [Row, Candidate | null] {
  const row = rowOf(type, maker, id, patient(maker, id), NOW, 2);
  const at = SCHEMA.event(type).change.momentOf(row);
  return [row, at === null ? null : { key: [id], at }];
}

/** The row after the change. */
function changed(type: EventType, row: Row, values: readonly Value[]): Row {
  const { table, change } = SCHEMA.event(type);
  assert.equal(values.length, change.columns.length);
  const after = [...row];
  change.columns.forEach((column, i) => {
    after[columnIndex(SCHEMA.tables.get(table), column)] = values[i]!;
  });
  return after;
}

test('a row is open to a change when the SQL of its event type says so', () => {
  const closed: Record<EventType, (row: Row) => boolean> = {
    consulta: (row) => row[5] !== 'agendada',
    exame: (row) => row[4] !== null,
    internacao: (row) => row[3] !== null,
    novo_paciente: () => false,
    vinculo: () => false,
  };
  const moments: Record<EventType, number> = {
    ...{ consulta: 3, exame: 3, internacao: 2, novo_paciente: 6, vinculo: 4 },
  };
  for (const type of SCHEMA.eventTypes) {
    for (let id = 1; id <= 2000; id++) {
      const [row, candidate] = inserted(type, MAKERS[1]!, id);
      assert.equal(candidate === null, closed[type]!(row));
      if (candidate === null) continue;
      assert.equal(candidate.at, momentMs(row[moments[type]!]));
    }
  }
});

test('a changed row differs, breaks no rule, and is closed where the change happens once', () => {
  for (const type of SCHEMA.eventTypes) {
    const { table, change } = SCHEMA.event(type);
    for (const maker of MAKERS) {
      for (let id = 1; id <= 2000; id++) {
        const [row, candidate] = inserted(type, maker, id);
        if (candidate === null) continue;
        const after = changed(type, row, change.values(maker, candidate, LATER));
        assert.notDeepEqual(after, row);
        assert.equal(SCHEMA.rules.broken(table, after, patient(maker, id).since), null);
        assert.equal(change.momentOf(after) === null, change.open !== 'true');
      }
    }
  }
});

/** The values of a change of the row of an id. */
function changeOf(type: EventType, id: number, at: number, now: number) {
  return SCHEMA.event(type).change.values(MAKERS[2]!, { key: [id], at }, now);
}

test('planned consultas are held, cancelled or missed in their shares', () => {
  const counts: Record<string, number> = {};
  for (let id = 1; id <= ROWS; id++) {
    const [status] = changeOf('consulta', id, NOW, LATER) as [string];
    counts[status] = (counts[status] ?? 0) + 1;
  }
  assertShare(counts.realizada!, ROWS, 0.8);
  assertShare(counts.cancelada!, ROWS, 0.12);
  assertShare(counts.faltou!, ROWS, 0.08);
});

test('a consulta that took place did so by now, a cancelled one keeps its planned time', () => {
  for (let id = 1; id <= 2000; id++) {
    for (const planned of [NOW - 5000, NOW + 5000]) {
      const [status, data] = changeOf('consulta', id, planned, NOW);
      const expected = status === 'cancelada' ? planned : Math.min(planned, NOW);
      assert.equal(momentMs(data), Math.floor(expected / 1000) * 1000);
    }
  }
});

test('a discharge keeps a stay to 3 to 10 days, also one that began within a second', () => {
  const day = 86_400_000;
  const length = (id: number, at: number) => momentMs(changeOf('internacao', id, at, NOW)[0]) - at;
  for (let id = 1; id <= ROWS; id++) {
    const whole = length(id, NOW);
    const split = length(id, NOW + (id % 1000));
    assert.ok(whole >= 3 * day && split >= whole && split <= 10 * day);
  }
});

test('a result fits the exam that another run made', () => {
  for (let id = 1; id <= 2000; id++) {
    assert.equal(rowOf('exame', MAKERS[1]!, id, patient(MAKERS[1]!, 1), NOW)[2], examType(id));
    const [result] = changeOf('exame', id, NOW, NOW);
    const text = String(result);
    assert.equal(text.startsWith('Hb '), examType(id) === 'Hemograma');
    assert.equal(text.endsWith('mUI/L'), examType(id) === 'TSH');
    const other = String(examResult(new Rng(1), id));
    assert.equal(other.endsWith('em jejum'), examType(id) === 'Glicemia');
  }
});

test('a patient who moves twice moves to two places', () => {
  const first = changeOf('novo_paciente', 8, NOW, NOW);
  assert.notDeepEqual(first, changeOf('novo_paciente', 8, NOW, NOW + 1000));
  assert.deepEqual(first, changeOf('novo_paciente', 8, NOW, NOW));
});

test('a patient may be deleted only when no table references it, any other row always', () => {
  for (const type of SCHEMA.eventTypes) {
    const { table, deletable } = SCHEMA.event(type);
    const guards = SCHEMA.tables.flatMap(({ name: child, foreignKeys }) =>
      foreignKeys
        .filter(({ references }) => references === table)
        .map(({ column }) => `(SELECT 1 FROM ${child} WHERE ${child}.${column} = ${table}.id)`),
    );
    assert.equal(guards.length, type === 'novo_paciente' ? 4 : 0);
    const expected = guards.map((guard) => `NOT EXISTS ${guard}`).join(' AND ') || 'true';
    assert.equal(deletable, expected);
  }
});
