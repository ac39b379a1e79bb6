import assert from 'node:assert/strict';
import test from 'node:test';
import { columnIndex, type Row, sqlName, type Value } from '../../../../src/schema/table.js';
import { LONGEST_TEXT } from '../../../../src/schemas/prontuario/chart-text.js';
import { LARGEST_FILE } from '../../../../src/schemas/prontuario/events/prontuario.js';
import { measuredMs } from '../../../../src/schemas/prontuario/events/sinal-vital.js';
import { assertShare, NOW } from '../hospital/samples.js';
import { maker, rowOf, rowsOf, SCHEMA, TYPES, valuesOf } from './samples.js';

const ROWS = 5_000;
const MANY = 50_000;
const LATER = NOW + 3 * 86_400_000 + 700;

const CHARTS = rowsOf(maker(1), 'prontuario', ROWS);
const SIGNS = rowsOf(maker(1), 'sinal_vital', MANY);
const ITEMS = rowsOf(maker(1), 'item_conta', MANY);

const tableOf = (type: string) => SCHEMA.tables.get(SCHEMA.event(type).table);

/** The values of a change of a row, or null where it is closed. */
function changeOf(type: string, row: Row, now = LATER, rng = 1): readonly Value[] | null {
  const { change } = SCHEMA.event(type);
  const at = change.momentOf(row);
  const { key, columns } = tableOf(type);
  const identifying = row.slice(0, key.length === 0 ? columns.length : key.length);
  return at === null ? null : change.values(maker(rng), { key: identifying, at }, now);
}

/** A row with the values of a change. */
function changed(type: string, row: Row, values: readonly Value[]): Row {
  return SCHEMA.event(type).change.columns.reduce<Row>(
    (after, column, i) => after.with(columnIndex(tableOf(type), column), values[i]!),
    row,
  );
}

test('rows have their table’s columns, fit them, and break no rule, before and after a change', () => {
  for (const type of TYPES) {
    const { name, columns } = tableOf(type);
    for (const row of rowsOf(maker(2), type, 800)) {
      const values = changeOf(type, row);
      const after = values === null ? row : changed(type, row, values);
      for (const version of [row, after]) {
        assert.equal(version.length, columns.length);
        assert.equal(SCHEMA.rules.broken(name, version, 0), null, JSON.stringify(version));
        columns.forEach((column, i) => {
          const value = version[i]!;
          assert.ok(value !== null || !column.notNull, column.name);
          const length = /^character varying\((\d+)\)$/.exec(column.type)?.[1];
          if (length !== undefined && value !== null) {
            assert.ok([...String(value)].length <= Number(length), column.name);
          }
        });
      }
    }
  }
});

test('the same rng and id give the same row and change, also after others; another rng gives others', () => {
  for (const type of TYPES) {
    const used = maker(3);
    const texts = [3, 3, 4].map((rng, i) =>
      Array.from({ length: 200 }, (_, k) => {
        const id = i === 0 ? 200 - k : k + 1;
        return JSON.stringify(rowOf(i === 0 ? used : maker(rng), type, id));
      }),
    );
    assert.deepEqual(texts[0]!.toReversed(), texts[1], type);
    assert.notDeepEqual(texts[1], texts[2], type);
    const row = rowOf(used, type, 9);
    assert.deepEqual(changeOf(type, row), changeOf(type, row), type);
  }
});

test('changes at two moments differ, and leave a text, its structure and its file', () => {
  for (const type of TYPES.filter((name) => name !== 'auditoria')) {
    const rows = rowsOf(maker(3), type, 20);
    const [first, second] = [LATER, LATER + 60_000].map((now) =>
      rows.map((row) => changeOf(type, row, now)),
    );
    assert.notDeepEqual(first, second, type);
  }
  const { changing } = tableOf('prontuario');
  assert.deepEqual(changing, ['situacao', 'assinado_em']);
});

test('rows hold no character beyond ASCII and those that a database is asked about', () => {
  const strange = new Set<string>();
  for (const type of TYPES) {
    for (const row of rowsOf(maker(4), type, 1500)) {
      for (const char of row.join('') + (changeOf(type, row) ?? []).join('')) {
        if (char > '~' && !SCHEMA.characters.includes(char)) strange.add(char);
      }
    }
  }
  assert.deepEqual([...strange], []);
});

test('a chart’s text has 0 to 200 kB: few are large, one in ten is empty', () => {
  const sizes = valuesOf('prontuario', 'texto', CHARTS).map((text) =>
    Buffer.byteLength(text as string),
  );
  const share = (from: number, to: number) =>
    sizes.filter((size) => size >= from && size < to).length;
  assertShare(share(0, 1), ROWS, 0.1);
  assert.equal(share(1, 80), 0);
  assertShare(share(2_000, Number.POSITIVE_INFINITY), ROWS, 0.296);
  assertShare(share(20_000, Number.POSITIVE_INFINITY), ROWS, 0.03);
  const largest = Math.max(...sizes);
  assert.ok(largest <= LONGEST_TEXT && largest > LONGEST_TEXT / 2, String(largest));
});

test('a file has 0 to 8 kB or is null, and its bytes are hexadecimal', () => {
  const files = valuesOf('prontuario', 'anexo', CHARTS);
  for (const file of files) if (file !== null) assert.match(String(file), /^\\x([0-9a-f]{2})*$/);
  const sizes = files.filter((file) => file !== null).map((file) => (String(file).length - 2) / 2);
  assertShare(sizes.length, ROWS, 0.3);
  assert.ok(sizes.includes(0) && Math.max(...sizes) <= LARGEST_FILE);
  assert.ok(Math.max(...sizes) > LARGEST_FILE / 2);
});

test('a structure is JSON, and some have more than 2 kB', () => {
  const texts = valuesOf('prontuario', 'estrutura', CHARTS).map(String);
  for (const text of texts) assert.ok('observação' in JSON.parse(text));
  assert.ok(texts.filter((text) => text.length > 2_000).length > ROWS / 50);
});

test('NaN and both infinities occur at a few per mille each, in each type that has them', () => {
  const perMille = (column: string, value: string) =>
    (1000 * valuesOf('sinal_vital', column, SIGNS).filter((other) => other === value).length) /
    SIGNS.length;
  for (const column of ['peso', 'glicemia', 'lactato']) {
    for (const value of ['NaN', 'Infinity', '-Infinity']) {
      const found = perMille(column, value);
      assert.ok(found > 2 && found < 6, `${column} ${value}: ${found}`);
    }
  }
  assert.ok(perMille('temperatura', 'NaN') > 2 && perMille('temperatura', 'NaN') < 6);
  assert.equal(perMille('temperatura', 'Infinity'), 0);
  // Debezium's defaults make a null of a numeric NaN.
  assert.ok(!valuesOf('item_conta', 'Valor', ITEMS).includes('NaN'));
});

test('rare forms of every type occur', () => {
  const prescriptions = rowsOf(maker(1), 'prescricao', ROWS);
  const forms: [type: string, column: string, rows: readonly Row[], forms: RegExp[]][] = [
    [
      'sinal_vital',
      'desde_ultima',
      SIGNS,
      [/^\d+ mons? /, /^-/, / -\d\d:/, /\+\d/, /\.\d/, /^1 day$/, /^00:00:00$/],
    ],
    ['sinal_vital', 'peso', SIGNS, [/^\d+$/, /0$/, /\.\d{20}/]],
    ['sinal_vital', 'glicemia', SIGNS, [/^-0$/, /e-07/, /e\+30/, /\.\d{4}/]],
    ['prescricao', 'classe', prescriptions, [/^[A-Z] {3}$/, /^[A-Z]\d\d $/, /^[A-Z]\d\d[A-Z]$/]],
    [
      'prescricao',
      'vigencia',
      prescriptions,
      [/^\(,\)$/, /^\(,\d/, /,\)$/, /infinity\)$/, /^\[-inf/],
    ],
    [
      'prescricao',
      'alertas',
      prescriptions,
      [/^\{\}$/, /[{,]NULL[,}]/, /"NULL"/, /""/, /\\"/, /\\\\/, /"\{/],
    ],
    ['prescricao', 'estacao', prescriptions, [/^\d[\d.]+$/, /\.\d+\/24$/, /::[0-9a-f]+$/, /\/64$/]],
    ['item_conta', 'Competência', ITEMS, [/^infinity$/, /^-infinity$/, / BC$/, /^9999/]],
    ['item_conta', 'Vencimento', ITEMS, [/^infinity$/, /^-infinity$/, / BC$/, /^9999/, /\.\d+$/]],
    ['item_conta', 'Descrição', ITEMS, [/\p{Emoji_Presentation}/u, /^$/]],
    ['item_conta', 'Glosa', ITEMS, [/^$/, /./]],
    ['item_conta', 'Valor', ITEMS, [/\.00$/, /^-/, /^9999999999\.99$/]],
  ];
  for (const [type, column, rows, patterns] of forms) {
    const values = valuesOf(type, column, rows).filter((value) => value !== null);
    for (const pattern of patterns) {
      assert.ok(
        values.some((value) => pattern.test(String(value))),
        `${column} ${pattern}`,
      );
    }
  }
  for (const [type, column, rows] of [
    ['prescricao', 'controlado', prescriptions],
    ['prescricao', 'alertas', prescriptions],
    ['item_conta', 'Glosa', ITEMS],
  ] as const) {
    assert.ok(valuesOf(type, column, rows).includes(null), column);
  }
});

test('no two measurements share a key, with microseconds, and none lies before the registration', () => {
  const keys = new Set(SIGNS.map(([patient, measured]) => `${patient} ${measured}`));
  assert.equal(keys.size, SIGNS.length);
  assert.equal(new Set(SIGNS.map(([, measured]) => String(measured).slice(14))).size, SIGNS.length);
  assert.ok(
    SIGNS.filter(([, measured]) => /\.\d{6}\+00$/.test(String(measured))).length > MANY / 2,
  );
  for (const lead of [-3 * 86_400_000, -5000, 250, 5250]) {
    const references = { pacientes: { id: 1, since: NOW + lead } };
    for (let id = 1; id <= 1000; id++) {
      const row = SCHEMA.event('sinal_vital').insert(maker(1), id, references, NOW + 1, null);
      const late = measuredMs(row) - Math.max(NOW, NOW + lead);
      assert.ok(measuredMs(row) >= NOW + lead && late < 3_600_000, String(row[1]));
    }
  }
});

test('the codes of prescriptions are UUIDs of version 4, the same for every rng, and all differ', () => {
  const codes = rowsOf(maker(1), 'prescricao', MANY).map(([code]) => code);
  assert.equal(new Set(codes).size, MANY);
  for (const code of codes) {
    assert.match(
      String(code),
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
  }
  assert.equal(rowOf(maker(2), 'prescricao', 77)[0], codes[76]);
});

test('a recoding gives a code that no row has or had; other changes keep the code', () => {
  const codes = new Set<Value>();
  let kept = 0;
  for (const item of ITEMS.slice(0, 2000)) {
    let row = item;
    assert.ok(!codes.has(row[0]!));
    codes.add(row[0]!);
    for (let step = 1; step <= 10; step++) {
      const next = changed('item_conta', row, changeOf('item_conta', row, LATER + step)!);
      if (next[0] === row[0]) kept++;
      else assert.ok(!codes.has(next[0]!), String(next[0]));
      codes.add(next[0]!);
      row = next;
    }
  }
  assertShare(kept, 20_000, 0.6);
  const foreign = changeOf('item_conta', ITEMS[0]!.with(0, 'abc/de'));
  assert.equal(foreign![0], 'abc/de');
});

test('a component belongs to the principal item before it and to its patient; the first is no component', () => {
  assert.equal(ITEMS[0]![1], null);
  let principal = ITEMS[0]!;
  let components = 0;
  for (const item of ITEMS) {
    if (item[1] === null) principal = item;
    else {
      assert.deepEqual([item[1], item[2]], [principal[0], principal[2]]);
      components++;
    }
  }
  assertShare(components, MANY - 1, 0.35);
  for (let id = 1; id <= 100; id++) assert.equal(rowOf(maker(1), 'item_conta', id)[1], null);
});

test('most rows of the audit log have an equal one', () => {
  const rows = rowsOf(maker(1), 'auditoria', 1000).map((row) => JSON.stringify(row));
  const counts = new Map<string, number>();
  for (const row of rows) counts.set(row, (counts.get(row) ?? 0) + 1);
  const alone = [...counts.values()].filter((count) => count === 1).length;
  assert.ok(alone < 200 && counts.size > 50, `${alone} alone of ${counts.size}`);
});

test('each rule of a single row finds the row that breaks it', () => {
  const cases: [type: string, column: string, value: Value, rule: string][] = [
    ['prontuario', 'situacao', 'x', 'situacao IN (aberto, assinado, retificado)'],
    ['prontuario', 'aberto_em', '1999-01-01 00:00:00', 'aberto_em >= pacientes.data_cadastro'],
    [
      'sinal_vital',
      'medido_em',
      '1999-01-01 00:00:00.5+00',
      'medido_em >= pacientes.data_cadastro',
    ],
    ['sinal_vital', 'medido_em', 'logo', 'medido_em >= pacientes.data_cadastro'],
    ['sinal_vital', 'temperatura', '50.0', 'temperatura BETWEEN 30 AND 45 OR NaN'],
    ['prescricao', 'classe', '12  ', 'classe ~ A00A'],
    ['item_conta', 'Código', 'Nº 1', '"Código" ~ Nº 000000000/0'],
    ['item_conta', 'Quantidade', 0, '"Quantidade" > 0'],
    ['item_conta', 'Item Principal', 'Nº 000000001/0', '"Item Principal" <> "Código"'],
  ];
  for (const [type, column, value, rule] of cases) {
    const table = tableOf(type);
    const row = rowOf(maker(1), type, 1).with(columnIndex(table, column), value);
    const broken = SCHEMA.rules.broken(table.name, row, Date.UTC(2020, 0, 1));
    assert.equal(broken, `${table.name}.${rule}`);
  }
  const open = CHARTS.find((row) => row[4] === 'aberto')!.with(4, 'assinado');
  assert.equal(
    SCHEMA.rules.broken('prontuarios', open, null),
    "prontuarios.assinado_em IS NULL = (situacao = 'aberto')",
  );
});

test('every foreign key and every table’s clock has a rule, and no two rules share their text', () => {
  const rules = [...SCHEMA.rules];
  const texts = new Set(rules.map(({ rule }) => rule));
  assert.equal(texts.size, rules.length);
  for (const { name, foreignKeys, serverColumns } of SCHEMA.tables) {
    const hasClock = serverColumns.some((column) => column.name === 'updated_at');
    assert.equal(texts.has(`${name}.updated_at >= created_at`), hasClock, name);
    for (const { column, references } of foreignKeys) {
      assert.ok(texts.has(`${name}.${sqlName(column)} REFERENCES ${references}`));
    }
  }
});
