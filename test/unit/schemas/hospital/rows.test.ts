import assert from 'node:assert/strict';
import test from 'node:test';
import { RowMaker } from '../../../../src/schema/row-maker.js';
import { columnIndex, type Row } from '../../../../src/schema/table.js';
import { momentMs } from '../../../../src/schema/value.js';
import { convenio, medico, paciente } from '../../../../src/schemas/hospital/rows.js';
import { AHEAD_MS, LONGEST_STAY_MS, PAST_MS } from '../../../../src/schemas/hospital/times.js';
import { printedRow } from '../../../helpers/printed-row.js';
import { assertShare, MAKERS, NOW, POOLS, patient, RNGS, rowOf, SCHEMA } from './samples.js';

const ROWS = 20_000;
const HOUR_MS = 3_600_000;

/** The varchar columns' lengths in sql/01_schema.sql. */
const LENGTHS: Readonly<Record<string, number>> = {
  ...{ nome: 120, cpf: 14, telefone: 20, endereco: 200, crm: 20, especialidade: 80, cnpj: 18 },
  ...{ tipo: 40, cobertura: 120, numero_carteira: 40, motivo: 200, status: 20 },
  ...{ tipo_exame: 100, resultado: 200, quarto: 20 },
};

/** One row of every table. */
function rowsOf(maker: RowMaker, id: number) {
  const owner = patient(maker, id);
  return {
    pacientes: paciente(maker, id, owner.since),
    medicos: medico(maker, id),
    convenios: convenio(maker, id),
    pacientes_convenios: rowOf('vinculo', maker, id, { id, since: 0 }, NOW, 3),
    consultas: rowOf('consulta', maker, id, owner, NOW, id),
    exames: rowOf('exame', maker, id, owner, NOW),
    internacoes: rowOf('internacao', maker, id, owner, NOW),
  };
}

test('rows hold no character beyond ASCII and those that a database is asked about', () => {
  const strange = new Set<string>();
  for (const maker of MAKERS) {
    for (let id = 1; id <= ROWS / 4; id++) {
      for (const char of JSON.stringify(rowsOf(maker, id))) {
        if (char > '~' && !SCHEMA.characters.includes(char)) strange.add(char);
      }
    }
  }
  assert.deepEqual([...strange], []);
});

const time = (row: Row, column: number) => momentMs(row[column]);

test('rows have their table’s columns, fit them, and break no rule', () => {
  for (const maker of MAKERS) {
    for (let id = 1; id <= ROWS / 4; id++) {
      const rows = rowsOf(maker, id);
      const { since } = patient(maker, id);
      for (const [table, row] of Object.entries(rows)) {
        const { columns } = SCHEMA.tables.get(table);
        const texts = printedRow({ columns }, row);
        assert.equal(row.length, columns.length);
        assert.equal(row[0], id);
        assert.equal(SCHEMA.rules.broken(table, row, since), null, `${table} ${row.join()}`);
        columns.forEach(({ name, type }, i) => {
          const value = texts[i]!;
          if (type.startsWith('character varying') && value !== null) {
            assert.ok((value as string).length > 0 && (value as string).length <= LENGTHS[name]!);
          }
          if (type === 'timestamp without time zone' && value !== null) {
            assert.match(value as string, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
          }
        });
      }
    }
  }
});

test('the same rng and id give the same row, also after others', () => {
  for (const rng of RNGS) {
    const used = new RowMaker(rng, POOLS);
    for (let id = 300; id > 0; id--) {
      assert.deepEqual(rowsOf(used, id), rowsOf(new RowMaker(rng, POOLS), id));
    }
  }
});

test('another rng gives other rows', () => {
  for (const table of SCHEMA.tables.names) {
    const lists = MAKERS.map((maker) =>
      JSON.stringify(
        Array.from(
          { length: 20 },
          (_, k) => rowsOf(maker, k + 1)[table as keyof ReturnType<typeof rowsOf>],
        ),
      ),
    );
    assert.equal(new Set(lists).size, RNGS.length, table);
  }
});

test('another rng gives a doctor’s and a patient’s id the same identifiers', () => {
  for (let id = 1; id < 100; id++) {
    const [first, second] = MAKERS.map((maker) => rowsOf(maker, id));
    assert.equal(first!.pacientes[3], second!.pacientes[3]);
    assert.equal(first!.medicos[2], second!.medicos[2]);
    assert.equal(first!.convenios[2], second!.convenios[2]);
  }
});

test('states of consultas, results and open stays have their shares', () => {
  const statuses: Record<string, number> = {};
  let awaited = 0;
  let open = 0;
  for (const maker of MAKERS) {
    for (let id = 1; id <= ROWS; id++) {
      const { consultas, exames, internacoes } = rowsOf(maker, id);
      const status = consultas[5] as string;
      statuses[status] = (statuses[status] ?? 0) + 1;
      if (exames[4] === null) awaited++;
      if (internacoes[3] === null) open++;
    }
  }
  const total = MAKERS.length * ROWS;
  assertShare(statuses.agendada!, total, 0.55);
  assertShare(statuses.realizada!, total, 0.35);
  assertShare(statuses.cancelada!, total, 0.05);
  assertShare(statuses.faltou!, total, 0.05);
  assertShare(awaited, total, 0.3);
  assertShare(open, total, 0.25);
});

test('patients are registered evenly over the window, at ages from 0 to 100', () => {
  const maker = MAKERS[3]!;
  let earlyHalf = 0;
  const decades = new Uint32Array(10);
  for (let id = 1; id <= ROWS; id++) {
    const { since } = patient(maker, id);
    assert.ok(since >= NOW - PAST_MS && since <= NOW);
    if (since < NOW - PAST_MS / 2) earlyHalf++;
    const years = (since - time(paciente(maker, id, since), 2)) / (365.25 * 24 * HOUR_MS);
    decades[Math.floor(years / 10)]!++;
  }
  assertShare(earlyHalf, ROWS, 0.5);
  assert.equal(
    decades.reduce((sum, count) => sum + count),
    ROWS,
  );
  assert.ok(decades.every((count) => count > 0));
});

test('events lie inside two years: planned consultas ahead of now, all others not', () => {
  assert.equal(PAST_MS + AHEAD_MS, 730 * 24 * HOUR_MS);
  const veteran = { id: 1, since: Date.UTC(1999, 0, 1) };
  for (const maker of MAKERS) {
    for (let id = 1; id <= ROWS / 4; id++) {
      const consulta = rowOf('consulta', maker, id, veteran, NOW, 1);
      const planned = consulta[5] === 'agendada';
      const data = time(consulta, 3);
      assert.ok(planned ? data > NOW && data <= NOW + AHEAD_MS : data <= NOW);
      assert.ok(data >= NOW - PAST_MS);
      for (const row of [
        rowOf('exame', maker, id, veteran, NOW),
        rowOf('internacao', maker, id, veteran, NOW),
      ]) {
        const at = time(row, row.length === 5 ? 3 : 2);
        assert.ok(at >= NOW - PAST_MS && at <= NOW);
      }
    }
  }
});

test('closed stays ended by now where they could, open ones began in the last ten days', () => {
  const maker = MAKERS[1]!;
  let days = 0;
  let closed = 0;
  for (let id = 1; id <= ROWS; id++) {
    const owner = patient(maker, id);
    const row = rowOf('internacao', maker, id, owner, NOW);
    if (row[3] === null) {
      assert.ok(time(row, 2) >= NOW - LONGEST_STAY_MS);
      continue;
    }
    closed++;
    days += (time(row, 3) - time(row, 2)) / (24 * HOUR_MS);
    if (owner.since <= NOW - LONGEST_STAY_MS) assert.ok(time(row, 3) <= NOW);
  }
  assert.ok(Math.abs(days / closed - 6.5) < 0.1);
});

test('nothing lies before a registration that is fresh, fractional or ahead of the clock', () => {
  for (const maker of MAKERS) {
    for (const lead of [0, 1, 999, 1000, 5_500, -1, -1500, -HOUR_MS]) {
      const since = NOW + 250 + lead;
      for (let id = 1; id <= 500; id++) {
        const owner = { id: 1, since };
        const now = NOW + 250;
        const times = [
          time(rowOf('consulta', maker, id, owner, now, 1), 3),
          time(rowOf('exame', maker, id, owner, now), 3),
          time(rowOf('internacao', maker, id, owner, now), 2),
        ];
        for (const at of times) assert.ok(at >= since, `${at} < ${since}`);
      }
    }
  }
});

test('phones carry the area code of the address’s city, and a doctor’s that of the CRM’s state', () => {
  const areas = new Map<string, string>();
  const states = new Map<string, string>();
  const maker = MAKERS[0]!;
  for (let id = 1; id <= ROWS; id++) {
    const [, , , , phone, address] = paciente(maker, id, NOW).map(String);
    assert.match(phone!, /^\(\d\d\) 9\d{4}-\d{4}$/);
    const city = address!.slice(address!.lastIndexOf(', ') + 2);
    assert.equal(areas.get(city) ?? phone!.slice(1, 3), phone!.slice(1, 3), city);
    areas.set(city, phone!.slice(1, 3));
    states.set(phone!.slice(1, 3), city.slice(-2));
  }
  assert.ok(areas.size > 50);
  for (let id = 1; id <= ROWS / 10; id++) {
    const [, , crm, , phone] = medico(maker, id) as string[];
    const state = states.get(phone!.slice(1, 3));
    assert.equal(state, crm!.slice(4, 6));
  }
});

test('more than a thousand convênios have names of their own', () => {
  const names = Array.from({ length: 3000 }, (_, k) => convenio(MAKERS[2]!, k + 1)[1]);
  assert.equal(new Set(names).size, names.length);
});

test('every event type makes the rows of its own table', () => {
  const ids: Record<string, number> = { pacientes: 5, medicos: 6, convenios: 7 };
  const references = SCHEMA.tables.record(({ name }) => ({ id: ids[name] ?? 0, since: NOW }));
  for (const type of SCHEMA.eventTypes) {
    const event = SCHEMA.event(type);
    assert.equal(event.type, type);
    const table = SCHEMA.tables.get(event.table);
    const row = event.insert(MAKERS[0]!, 99, references, NOW, null);
    assert.equal(row.length, table.columns.length);
    assert.equal(SCHEMA.rules.broken(table.name, row, NOW), null);
    for (const { column, references: parent } of table.foreignKeys) {
      assert.ok(event.parents.includes(parent));
      assert.equal(row[columnIndex(table, column)], ids[parent]);
    }
  }
});
