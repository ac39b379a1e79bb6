import assert from 'node:assert/strict';
import test from 'node:test';
import { formatTimestamp } from '../../../../src/lib/calendar.js';
import { columnIndex, type Row, type TableName, type Value } from '../../../../src/schema/table.js';
import { convenio, medico, paciente } from '../../../../src/schemas/hospital/rows.js';
import { MAKERS, NOW, patient, rowOf, SCHEMA } from './samples.js';

const maker = MAKERS[0]!;
const owner = patient(maker, 1);
const stay = [1, 1, '2026-03-01 10:00:00', '2026-03-06 10:00:00', 'Parto', 'A-101'] as const;

/** A good row with one value replaced. */
function spoiled(table: TableName, row: Row, column: string, value: Value): Row {
  assert.equal(SCHEMA.rules.broken(table, row, null), null);
  return row.with(columnIndex(SCHEMA.tables.get(table), column), value);
}

test('each rule of a single row finds the row that breaks it', () => {
  const early = formatTimestamp(owner.since - 1000);
  const cases: [TableName, Row, string, Value, string][] = [
    [
      'pacientes',
      paciente(maker, 1, NOW),
      'nascimento',
      '2026-06-18',
      'nascimento <= data_cadastro',
    ],
    ['pacientes', paciente(maker, 1, NOW), 'cpf', '123.456.789-10', 'cpf ~ 000.000.000-00, mod 11'],
    ['medicos', medico(maker, 1), 'crm', 'CRM/ZZ 123456', 'crm ~ CRM/UF 000000'],
    [
      'convenios',
      convenio(maker, 1),
      'cnpj',
      '11.111.111/0001-11',
      'cnpj ~ 00.000.000/0000-00, mod 11',
    ],
    ['convenios', convenio(maker, 1), 'tipo', 'outro', 'tipo IN (publico, privado, empresarial)'],
    [
      'consultas',
      rowOf('consulta', maker, 1, owner, NOW, 1),
      'data',
      early,
      'data >= pacientes.data_cadastro',
    ],
    [
      'consultas',
      rowOf('consulta', maker, 1, owner, NOW, 1),
      'data',
      'logo',
      'data >= pacientes.data_cadastro',
    ],
    [
      'exames',
      rowOf('exame', maker, 1, owner, NOW),
      'data',
      early,
      'data >= pacientes.data_cadastro',
    ],
    ['internacoes', [...stay], 'data_saida', '2026-03-01 09:59:59', 'data_saida >= data_entrada'],
    [
      'internacoes',
      [...stay],
      'data_saida',
      '2026-03-04 09:59:59',
      'data_saida - data_entrada BETWEEN 3 AND 10 days',
    ],
    [
      'internacoes',
      [...stay],
      'data_saida',
      '2026-03-11 10:00:01',
      'data_saida - data_entrada BETWEEN 3 AND 10 days',
    ],
  ];
  for (const [table, row, column, value, rule] of cases) {
    assert.equal(
      SCHEMA.rules.broken(table, spoiled(table, row, column, value), owner.since),
      `${table}.${rule}`,
    );
  }
  const admitted = spoiled('internacoes', stay, 'data_saida', null);
  assert.equal(
    SCHEMA.rules.broken('internacoes', admitted, Date.UTC(2026, 2, 1, 10, 0, 1)),
    'internacoes.data_entrada >= pacientes.data_cadastro',
  );
  assert.match(
    SCHEMA.rules.broken(
      'consultas',
      spoiled('consultas', rowOf('consulta', maker, 1, owner, NOW, 1), 'status', 'x'),
      null,
    )!,
    /^consultas\.status IN/,
  );
  assert.match(
    SCHEMA.rules.broken(
      'exames',
      spoiled('exames', rowOf('exame', maker, 1, owner, NOW), 'tipo_exame', 'x'),
      null,
    )!,
    /^exames\.tipo_exame IN/,
  );
});

test('values at the very edge break no rule', () => {
  for (const saida of ['2026-03-04 10:00:00', '2026-03-11 10:00:00', null]) {
    assert.equal(
      SCHEMA.rules.broken('internacoes', spoiled('internacoes', stay, 'data_saida', saida), null),
      null,
    );
  }
  const born = spoiled('pacientes', paciente(maker, 1, NOW), 'nascimento', '2026-06-17');
  assert.equal(SCHEMA.rules.broken('pacientes', born, null), null);
  const exam = spoiled(
    'exames',
    rowOf('exame', maker, 1, owner, NOW),
    'data',
    formatTimestamp(owner.since),
  );
  assert.equal(SCHEMA.rules.broken('exames', exam, owner.since), null);
});

test('every foreign key and every table’s clock has a rule, and no two rules share their text', () => {
  const rules = [...SCHEMA.rules];
  const texts = new Set(rules.map(({ rule }) => rule));
  assert.equal(texts.size, rules.length);
  for (const { name, foreignKeys } of SCHEMA.tables) {
    assert.ok(texts.has(`${name}.updated_at >= created_at`));
    for (const { column, references } of foreignKeys) {
      assert.ok(texts.has(`${name}.${column} REFERENCES ${references}`));
    }
  }
});
