import assert from 'node:assert/strict';
import test from 'node:test';
import { keyOf } from '../../../src/ledger/row-key.js';
import { en } from '../../../src/messages/en.js';
import { ptBR } from '../../../src/messages/pt-BR.js';
import { schemaWith } from '../../../src/schemas/index.js';
import { Intake } from '../../../src/sources/intake.js';
import { scopeOfNames } from '../../../src/sources/scope.js';
import { type PgOutputMessage, type Tuple, UNCHANGED } from '../../../src/sources/slot/pgoutput.js';
import { SlotRows } from '../../../src/sources/slot/rows.js';
import { CollectingSink } from '../../helpers/collecting-sink.js';

const { tables: TABLES } = schemaWith(['prontuario']);
const SCOPE = scopeOfNames(TABLES);
const ITENS = 'faturamento."Itens da Conta"';

const MOMENT = '2026-03-01T12:00:00.000001Z';
const VITAL_KEY = JSON.stringify(['7', '2026-03-01 12:00:00.000001+00']);
const CODE = 'b8a1d0de-0000-4000-8000-000000000001';
const AUDIT = '{"dia":20513,"usuario":"ana","acao":"leu","objeto":null,"revisada":false}';
const REVIEWED = AUDIT.replace('false', 'true');
const AUDIT_KEY = keyOf(TABLES.get('auditoria'), ['2026-03-01', 'ana', 'leu', null, 'f']);
const REVIEWED_KEY = keyOf(TABLES.get('auditoria'), ['2026-03-01', 'ana', 'leu', null, 't']);

function envelope(op: string, table: string, before: string, after: string): string {
  const schema = table === 'Itens da Conta' ? 'faturamento' : 'public';
  const source = JSON.stringify({ db: 'd', name: 'c', schema, table, txId: 3, lsn: 5 });
  return `{"before":${before},"after":${after},"source":${source},"op":"${op}"}`;
}

function decoded(...lines: readonly string[]): CollectingSink {
  const sink = new CollectingSink(TABLES);
  const intake = new Intake(sink, SCOPE);
  for (const line of lines) intake.line(Buffer.from(line), 0, 1, 0);
  assert.deepEqual(sink.problems, []);
  return sink;
}

const keysOf = ({ rows }: CollectingSink) => rows.map(({ operation, key }) => [operation, key]);

test('a key of several columns is the JSON of their texts, from the row or the old row', () => {
  const key = `{"paciente_id":7,"medido_em":"${MOMENT}"}`;
  const sink = decoded(
    envelope('c', 'sinais_vitais', 'null', key),
    envelope('d', 'sinais_vitais', key, 'null'),
  );
  assert.deepEqual(keysOf(sink), [
    ['insert', VITAL_KEY],
    ['delete', VITAL_KEY],
  ]);
});

test("a key of several columns is taken from the message's key, in any wrapper", () => {
  const key = `{"medido_em":"${MOMENT}","paciente_id":7}`;
  const bare = envelope('d', 'sinais_vitais', 'null', 'null');
  for (const line of [
    `{"key":${key},"value":${bare}}`,
    `{"key":{"schema":{"a":1},"payload":${key}},"value":${bare}}`,
    `{"key":${JSON.stringify(key)},"value":${bare}}`,
    `{"key":${key},"value":${JSON.stringify(bare)}}`,
    `${key}\t${bare}`,
  ]) {
    assert.deepEqual(keysOf(decoded(line)), [['delete', VITAL_KEY]], line);
  }
  const sink = new CollectingSink(TABLES);
  new Intake(sink, SCOPE).value(Buffer.from(key), Buffer.from(bare), 0, 1, 0);
  assert.deepEqual(keysOf(sink), [['delete', VITAL_KEY]]);
  const half = decoded(`{"key":{"paciente_id":7},"value":${bare}}`);
  assert.deepEqual([half.rows.length, half.keyless.length], [0, 1]);
});

test('other keys of one column are its text', () => {
  const item = '{"C\\u00f3digo":"KIT-1","Descrição":"Diária"}';
  const sink = decoded(
    envelope('c', 'prescricoes', 'null', `{"codigo":"${CODE}"}`),
    envelope('d', 'Itens da Conta', item, 'null'),
    envelope('d', 'Itens da Conta', '{"Código":"7"}', 'null'),
  );
  assert.deepEqual(
    sink.rows.map(({ table, key }) => [table, key]),
    [
      ['prescricoes', CODE],
      [ITENS, 'KIT-1'],
      [ITENS, '7'],
    ],
  );
});

test('a row without a key is known by its contents: of the old row where there is one', () => {
  const sink = decoded(
    envelope('r', 'auditoria', 'null', AUDIT),
    envelope('c', 'auditoria', 'null', AUDIT),
    envelope('u', 'auditoria', AUDIT, REVIEWED),
    envelope('d', 'auditoria', REVIEWED, 'null'),
  );
  assert.deepEqual(keysOf(sink), [
    ['snapshot', AUDIT_KEY],
    ['insert', AUDIT_KEY],
    ['update', AUDIT_KEY],
    ['delete', REVIEWED_KEY],
  ]);
  assert.equal(sink.rows[2]?.values?.[4], 't');
});

test('a change of a row without a key lacks its key where the event lacks the old row', () => {
  const sink = decoded(
    envelope('u', 'auditoria', 'null', REVIEWED),
    envelope('u', 'auditoria', AUDIT.replace('"acao":"leu",', ''), REVIEWED),
    envelope('d', 'auditoria', 'null', 'null'),
  );
  assert.deepEqual(sink.rows, []);
  assert.deepEqual(
    sink.keyless.map(({ operation, table }) => `${operation} ${table}`),
    ['update auditoria', 'update auditoria', 'delete auditoria'],
  );
});

const FLAT_META = '"__op":"c","__lsn":5,"__txId":3,"__db":"d","__name":"c"';

test('arrays and objects are values of a row, in every shape and in templates', () => {
  const alerts = [
    ['null', null],
    ['[]', '{}'],
    ['["a b",null,"c\\"d"]', '{"a b",NULL,"c\\"d"}'],
    ['["__debezium_unavailable_value"]', undefined],
    ['["__debezium_unavailable_value","x"]', '{__debezium_unavailable_value,x}'],
  ] as const;
  const weights = [
    ['{"scale":2,"value":"G4o="}', '70.5'],
    ['null', null],
    ['{"value":"Aw==","scale":0}', '3'],
  ] as const;
  const shapes: readonly ((table: string, row: string) => string)[] = [
    (table, row) => envelope('c', table, 'null', row),
    (table, row) => `${row.slice(0, -1)},"__table":"${table}",${FLAT_META}}`,
  ];
  for (const shape of shapes) {
    const lines: string[] = [];
    const expected: (string | null | undefined)[] = [];
    for (let i = 0; i < 60; i++) {
      const [json, text] = alerts[i % alerts.length]!;
      const sent = i % 7 === 0 && json !== 'null' ? `{"array":${json}}` : json;
      lines.push(shape('prescricoes', `{"codigo":"${CODE}","alertas":${sent},"via":"oral"}`));
      const [weight, printed] = weights[i % weights.length]!;
      lines.push(
        shape(
          'sinais_vitais',
          `{"paciente_id":${i},"medido_em":"${MOMENT}","peso":${weight},"observacao":"x"}`,
        ),
      );
      expected.push(text, printed);
    }
    const sink = decoded(...lines);
    assert.deepEqual(
      sink.rows.map(({ values }, i) => values?.[i % 2 === 0 ? 10 : 3]),
      expected,
    );
    assert.ok(sink.rows.every(({ values }, i) => i % 2 === 1 || values?.[4] === 'oral'));
  }
});

test('a value that its column cannot have is refused, by its type', () => {
  const sink = new CollectingSink(TABLES);
  const intake = new Intake(sink, SCOPE);
  const refused = [
    ['prescricoes', `{"codigo":"${CODE}","alertas":"x"}`],
    ['prescricoes', `{"codigo":"${CODE}","alertas":[{}]}`],
    ['prescricoes', `{"codigo":"${CODE}","em_uso":1}`],
    ['sinais_vitais', `{"paciente_id":7,"medido_em":"amanhã"}`],
    ['sinais_vitais', `{"paciente_id":7,"medido_em":"${MOMENT}","peso":{"scale":1,"value":2}}`],
    [
      'sinais_vitais',
      `{"paciente_id":7,"medido_em":"${MOMENT}","peso":{"scale":1e9,"value":"AQ=="}}`,
    ],
    ['sinais_vitais', `{"paciente_id":7,"medido_em":"${MOMENT}","temperatura":"1.x"}`],
    ['sinais_vitais', `{"paciente_id":7,"medido_em":"${MOMENT}","glicemia":"alta"}`],
    ['sinais_vitais', `{"paciente_id":7,"medido_em":"${MOMENT}","desde_ultima":"P1W"}`],
    ['prontuarios', `{"id":7,"anexo":"ção"}`],
  ] as const;
  for (const [table, row] of refused) {
    intake.line(Buffer.from(envelope('c', table, 'null', row)), 0, 1, 0);
  }
  assert.deepEqual(sink.rows, []);
  assert.equal(sink.problems.length, refused.length);
});

test('an event without its key is refused with the names of its columns', () => {
  const sink = new CollectingSink(TABLES);
  const intake = new Intake(sink, SCOPE);
  for (const [table, row] of [
    ['sinais_vitais', '{"paciente_id":7}'],
    ['Itens da Conta', '{"Descrição":"Diária"}'],
    ['auditoria', '{"dia":20513}'],
  ] as const) {
    intake.line(Buffer.from(envelope('c', table, 'null', row)), 0, 1, 0);
  }
  intake.line(Buffer.from(envelope('d', 'prontuarios', '{"id":1.5}', 'null')), 0, 1, 0);
  assert.deepEqual(sink.rows, []);
  assert.deepEqual(
    sink.problems.map(({ reason }) => reason(en)),
    [
      "the row's key is missing (paciente_id, medido_em)",
      "the row's key is missing (Código)",
      'a value of the row is missing or was cut, and the table has no key: all columns identify its rows',
      'the key id is not a whole number',
    ],
  );
  const [composite, , , fraction] = sink.problems.map(({ reason }) => reason(ptBR));
  assert.deepEqual(
    [composite, fraction],
    ['falta a chave do registro (paciente_id, medido_em)', 'a chave id não é um número inteiro'],
  );
});

/** The events of a slot's changes of one table. */
function changed(name: string, identity: 'default' | 'full', ...changes: PgOutputMessage[]) {
  return published(name, () => true, identity, ...changes);
}

/** The same where the publication has some of its columns. */
function published(
  name: string,
  isPublished: (column: string) => boolean,
  identity: 'default' | 'full',
  ...changes: PgOutputMessage[]
) {
  const table = TABLES.get(name);
  const { key, schema, relation } = table;
  const columns = table.columns.filter((column) => isPublished(column.name));
  const sink = new CollectingSink(TABLES);
  const rows = new SlotRows(sink, SCOPE, 0);
  const described: PgOutputMessage = {
    tag: 'relation',
    relation: 1,
    schema: schema ?? 'public',
    name: relation,
    identity,
    columns: columns.map((column) => ({
      name: column.name,
      key: identity === 'full' || key.includes(column.name),
      type: 0,
      modifier: -1,
    })),
  };
  for (const message of [described, ...changes]) {
    rows.take({ tag: 'change', lsn: 1, sentAt: 1, receivedAt: 1, message });
  }
  return sink;
}

const update = (row: Tuple, old: Tuple | null, kind: 'key' | 'full' = 'key'): PgOutputMessage => ({
  tag: 'update',
  relation: 1,
  old: old === null ? null : { kind, tuple: old },
  row,
});

test('where a list of columns lacks a part of the key, the slot says which', () => {
  const insert = (row: Tuple): PgOutputMessage => ({ tag: 'insert', relation: 1, row });
  const reasonsOf = ({ problems, rows }: CollectingSink) => {
    assert.deepEqual(rows, []);
    return problems.map(({ reason }) => [reason(en), reason(ptBR)]);
  };
  const vitals = published(
    'sinais_vitais',
    (column) => column === 'paciente_id',
    'default',
    insert(['7']),
    update(['7'], null),
  );
  assert.deepEqual(reasonsOf(vitals), [
    [
      'insert of sinais_vitais without its key (medido_em)',
      'inclusão em sinais_vitais sem a chave (medido_em)',
    ],
    [
      'update of sinais_vitais without its key (medido_em)',
      'atualização em sinais_vitais sem a chave (medido_em)',
    ],
  ]);
  const audit = published(
    'auditoria',
    (column) => column === 'dia',
    'full',
    insert(['2026-03-01']),
  );
  assert.deepEqual(reasonsOf(audit), [
    [
      'insert of auditoria without all its columns: the table has no key, so they identify its rows',
      'inclusão em auditoria sem todas as colunas: a tabela não tem chave, e elas identificam seus registros',
    ],
  ]);
});

test("a slot's update of a part of the key is a delete and an insert", () => {
  const row = (at: string) => ['7', at, null, null, null, null, null, 'x'];
  const old = ['7', '2026-03-01 12:00:00.000001+00', ...Array<null>(6).fill(null)];
  const next = JSON.stringify(['7', '2026-03-02 00:00:00+00']);
  for (const kind of ['key', 'full'] as const) {
    const sink = changed(
      'sinais_vitais',
      kind === 'key' ? 'default' : 'full',
      update(row('2026-03-02 00:00:00+00'), old, kind),
    );
    assert.deepEqual(keysOf(sink), [
      ['delete', VITAL_KEY],
      ['insert', next],
    ]);
    assert.deepEqual(
      sink.rows.map(({ order }) => order),
      [1, 2],
    );
  }
  // The full old row has the same key.
  const same = changed('sinais_vitais', 'full', update(row(old[1]!), row(old[1]!), 'full'));
  assert.deepEqual(keysOf(same), [['update', VITAL_KEY]]);
});

test('a slot knows a row without a key by its old contents', () => {
  const audit = (reviewed: string): Tuple => ['2026-03-01', 'ana', 'leu', null, reviewed];
  const [old, row] = [audit('f'), audit('t')];
  const sink = changed(
    'auditoria',
    'full',
    { tag: 'insert', relation: 1, row: old },
    update(row, old, 'full'),
    { tag: 'delete', relation: 1, old: { kind: 'full', tuple: row } },
    update(row, null),
  );
  assert.deepEqual(keysOf(sink), [
    ['insert', AUDIT_KEY],
    ['update', AUDIT_KEY],
    ['delete', REVIEWED_KEY],
  ]);
  assert.deepEqual(
    sink.keyless.map(({ operation }) => operation),
    ['update'],
  );
});

test('a value that an update left unchanged is taken from the full old row', () => {
  const old = ['1', '2', '3', '2026-03-01 08:00:00', 'aberto', null, 'longo', '{}', '\\x00'];
  const row: Tuple = [...old.slice(0, 4), 'assinado', null, UNCHANGED, UNCHANGED, null];
  const full = changed('prontuarios', 'full', update(row, old, 'full'));
  assert.deepEqual(full.rows[0]?.values?.slice(4, 9), ['assinado', null, 'longo', '{}', null]);
  assert.equal(full.rows[0]?.unchanged, undefined);
  const plain = changed('prontuarios', 'default', update(row, null));
  assert.deepEqual(plain.rows[0]?.values?.slice(6, 9), [undefined, undefined, null]);
  assert.deepEqual(plain.rows[0]?.unchanged, [6, 7]);
});
