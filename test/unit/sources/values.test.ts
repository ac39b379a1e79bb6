import assert from 'node:assert/strict';
import test from 'node:test';
import { schemaWith } from '../../../src/schemas/index.js';
import { Intake } from '../../../src/sources/intake.js';
import { scopeOfNames } from '../../../src/sources/scope.js';
import { anyScope } from '../../helpers/any-scope.js';
import { CollectingSink } from '../../helpers/collecting-sink.js';
import { envelope, SOURCE } from './samples.js';

const NOW = { milliseconds: 1_772_366_400_500n, microseconds: 1_772_366_400_500_123n };

/** The text of one column of a new row, whose other times are of these days. */
function value(table: string, column: string, json: string, updated = `${NOW.microseconds}`) {
  const sink = new CollectingSink();
  const after = `{"id":1,"${column}":${json},"created_at":${updated},"updated_at":${updated}}`;
  new Intake(sink, anyScope).line(
    Buffer.from(envelope('c', { after, source: SOURCE(table) })),
    0,
    1,
    0,
  );
  assert.deepEqual(sink.problems, []);
  const places: Record<string, number> = { nome: 1, nascimento: 2, paciente_id: 1, data: 3 };
  return sink.rows[0]?.values?.[places[column]!];
}

test('a text is unchanged, to the last character', () => {
  const texts = [
    '',
    'a',
    'José da Silva Araújo',
    '👩‍⚕️ Dra. Ana',
    'null',
    'quebra\nde linha\ttab\r"aspas" \\barra/ \b\f',
    'nul\0e \u001f\u007f\u0080\u2028\ud7ff\uffff',
    'meio par \ud800 e \udc00',
    'longo '.repeat(10_000),
  ];
  for (const text of texts) {
    assert.equal(value('pacientes', 'nome', JSON.stringify(text)), text);
    const escaped = Array.from(
      { length: text.length },
      (_, i) => `\\u${text.charCodeAt(i).toString(16).padStart(4, '0').toUpperCase()}`,
    ).join('');
    assert.equal(value('pacientes', 'nome', `"${escaped}"`), text);
  }
  assert.equal(value('pacientes', 'nome', 'null'), null);
  assert.equal(value('pacientes', 'nome', '"__debezium_unavailable_value"'), undefined);
  assert.equal(value('pacientes', 'nome', '"\\/"'), '/');
});

test("a connector's placeholders stand for an absent value, besides the default", () => {
  const toastPlaceholders = ['(não mudou)', 'a;b,c "d"', 'x'.repeat(27)];
  const sink = new CollectingSink();
  const intake = new Intake(sink, anyScope, { toastPlaceholders });
  const read = (json: string) => {
    const after = `{"id":1,"nome":${json}}`;
    intake.line(Buffer.from(envelope('c', { after, source: SOURCE('pacientes') })), 0, 1, 0);
    return sink.rows.at(-1)?.values?.[1];
  };
  const escaped = (text: string) =>
    `"\\u${text.charCodeAt(0).toString(16).padStart(4, '0')}${text.slice(1)}"`;
  for (const text of ['__debezium_unavailable_value', ...toastPlaceholders]) {
    assert.equal(read(JSON.stringify(text)), undefined);
    if (!text.includes('"')) assert.equal(read(escaped(text)), undefined);
    // Text of the same length, and a part of it.
    for (const other of [`${text.slice(0, -1)}!`, text.slice(1), '', 'ção'.repeat(4)]) {
      assert.equal(read(JSON.stringify(other)), other);
    }
  }
  assert.deepEqual(sink.problems, []);
  assert.equal(value('pacientes', 'nome', JSON.stringify(toastPlaceholders[0])), '(não mudou)');
});

test('a bigint is its digits', () => {
  const digits = [
    '0',
    '7',
    '-7',
    '9007199254740993',
    '9223372036854775807',
    '-9223372036854775808',
  ];
  for (const text of digits) {
    assert.equal(value('exames', 'paciente_id', text), text);
    assert.equal(value('exames', 'paciente_id', `"${text}"`), text);
  }
  assert.equal(value('exames', 'paciente_id', '-0'), '0');
});

test('a date is a number of days, or words', () => {
  const pairs: readonly (readonly [string, string])[] = [
    ['0', '1970-01-01'],
    ['-1', '1969-12-31'],
    ['20513', '2026-03-01'],
    ['"2026-03-01"', '2026-03-01'],
    ['"2026-03-01Z"', '2026-03-01'],
    ['"infinity"', 'infinity'],
    ['2932897', '10000-01-01'],
  ];
  for (const [json, text] of pairs) {
    assert.equal(value('pacientes', 'nascimento', json), text, json);
  }
  assert.match(String(value('pacientes', 'nascimento', '-735415')), /^00\d\d-\d\d-\d\d BC$/);
});

test("a timestamp has the unit of the server's times in its row", () => {
  const nanoseconds = `${NOW.microseconds}000`;
  const milliseconds = `${NOW.milliseconds}`;
  const early = '1970-01-02 00:00:00.123';
  assert.equal(value('exames', 'data', '86400123000'), early);
  assert.equal(value('exames', 'data', '86400123', milliseconds), early);
  assert.equal(value('exames', 'data', '86400123000999', nanoseconds), early);
  assert.equal(value('exames', 'data', '-1', milliseconds), '1969-12-31 23:59:59.999');
  assert.equal(value('exames', 'data', '-1', nanoseconds), '1969-12-31 23:59:59.999999');
  assert.equal(value('exames', 'data', '"2026-03-01T12:30:00.5Z"'), '2026-03-01 12:30:00.5');
});

test("a row without the server's times has the unit of the rows before", () => {
  const sink = new CollectingSink();
  const intake = new Intake(sink, anyScope);
  const decoded = (after: string) => intake.line(Buffer.from(envelope('c', { after })), 0, 1, 0);
  decoded(`{"id":1,"updated_at":${NOW.milliseconds}}`);
  decoded('{"id":2,"data":1000}');
  decoded(`{"id":3,"created_at":${NOW.microseconds}}`);
  decoded('{"id":4,"data":1000}');
  assert.equal(sink.rows[1]?.values?.[3], '1970-01-01 00:00:01');
  assert.equal(sink.rows[3]?.values?.[3], '1970-01-01 00:00:00.001');
});

/** The `data` of rows that come one after the other, without the server's times unless they are in the row. */
function dataOf(...rows: readonly string[]) {
  const sink = new CollectingSink();
  const intake = new Intake(sink, anyScope);
  for (const row of rows) {
    intake.line(Buffer.from(envelope('c', { after: `{"id":1,${row}}` })), 0, 1, 0);
  }
  assert.deepEqual(sink.problems, []);
  return sink.rows.map(({ values }, i) => `${values?.[3]} ${sink.precisions[i]}`);
}

test("where the server's times are left out, the row's own decide the unit", () => {
  const { milliseconds, microseconds } = NOW;
  const cases: readonly (readonly [string, string])[] = [
    [`"data":${milliseconds}`, '2026-03-01 12:00:00.5 milliseconds'],
    [`"data":${microseconds}`, '2026-03-01 12:00:00.500123 microseconds'],
    [`"data":${microseconds}456`, '2026-03-01 12:00:00.500123 microseconds'],
    ['"data":-1000000000000', '1938-04-24 22:13:20 milliseconds'],
    ['"data":-1000000000000000', '1938-04-24 22:13:20 microseconds'],
    ['"data":-1000000000000000000', '1938-04-24 22:13:20 microseconds'],
    // Too short to decide.
    ['"data":86400123000', '1970-01-02 00:00:00.123 microseconds'],
    ['"data":null', 'null microseconds'],
    ['"data":"2026-03-01T12:00:00.5Z"', '2026-03-01 12:00:00.5 microseconds'],
  ];
  for (const [row, expected] of cases) {
    assert.deepEqual(dataOf(row), [expected], row);
    assert.deepEqual(dataOf(`${row},"created_at":null`), [expected], row);
  }
  // The server's clock outweighs other times.
  assert.deepEqual(dataOf(`"data":${milliseconds},"updated_at":${microseconds}`), [
    '1970-01-21 12:19:26.4005 microseconds',
  ]);
});

test('of the times of a row the longest decides', () => {
  const sink = new CollectingSink();
  const intake = new Intake(sink, anyScope);
  const source = SOURCE('internacoes');
  const decoded = (entrada: string, saida: string) => {
    const after = `{"id":1,"data_entrada":${entrada},"data_saida":${saida}}`;
    intake.line(Buffer.from(envelope('c', { after, source })), 0, 1, 0);
    return sink.rows.at(-1)?.values?.slice(2, 4);
  };
  assert.deepEqual(decoded('1000', `${NOW.milliseconds}`), [
    '1970-01-01 00:00:01',
    '2026-03-01 12:00:00.5',
  ]);
  assert.deepEqual(decoded(`${NOW.microseconds}`, '100000000000'), [
    '2026-03-01 12:00:00.500123',
    '1970-01-02 03:46:40',
  ]);
});

test('a unit that was learnt from a long time stays', () => {
  const { milliseconds, microseconds } = NOW;
  const january = '1970-01-21 12:19:26.4005 microseconds';
  const micros = '2026-03-01 12:00:00.500123 microseconds';
  const millis = '2026-03-01 12:00:00.5 milliseconds';
  const short = `"data":${milliseconds}`;
  const long = `"data":${microseconds}`;
  const longest = `"data":${microseconds}000`;
  assert.deepEqual(dataOf(long, short), [micros, january]);
  assert.deepEqual(dataOf(`${long},"updated_at":${microseconds}`, short), [micros, january]);
  // A year beyond 5000, in milliseconds.
  assert.deepEqual(dataOf(short, long, short), [millis, micros, january]);
  assert.deepEqual(dataOf(short, longest), [millis, micros]);
  assert.deepEqual(dataOf(longest, long)[1], '1970-01-21 12:19:26.4005 microseconds');
  // The server's clock decides otherwise for its row.
  const own = `${short},"updated_at":${milliseconds}`;
  assert.deepEqual(dataOf(long, own), [micros, millis]);
});

test('infinity and the end of 9999 decide no unit', () => {
  const { milliseconds } = NOW;
  const far = [
    ['9223372036825200000', 'infinity milliseconds'],
    ['-9223372036832400000', '-infinity milliseconds'],
    ['253402300799000', '9999-12-31 23:59:59 milliseconds'],
    ['253370764800000', '9999-01-01 00:00:00 milliseconds'],
  ] as const;
  for (const [value, expected] of far) {
    const [, data, next] = dataOf(
      `"data":${milliseconds}`,
      `"data":${value}`,
      `"data":${milliseconds}`,
    );
    assert.equal(data, expected);
    assert.equal(next, '2026-03-01 12:00:00.5 milliseconds');
  }
  const sentinel = '"data":253402300799000000';
  const expected = '9999-12-31 23:59:59 microseconds';
  assert.deepEqual(dataOf(sentinel, sentinel), [expected, expected]);
});

test('infinity and far years keep their meaning', () => {
  const pairs: readonly (readonly [string, string])[] = [
    ['9223372036825200000', 'infinity'],
    ['-9223372036832400000', '-infinity'],
    ['"infinity"', 'infinity'],
    ['"-infinity"', '-infinity'],
    ['253402300800000000', '10000-01-01 00:00:00'],
    ['-62167219200000000', '0001-01-01 00:00:00 BC'],
    ['9007199254740993', '2255-06-05 23:47:34.740993'],
  ];
  for (const [json, text] of pairs) assert.equal(value('exames', 'data', json), text);
});

test("a connector's number for a date or timestamp out of range stays as it is", () => {
  // As Debezium 3.6 writes `infinity`, and 294276-12-31.
  assert.equal(value('pacientes', 'nascimento', '-2147472692'), 'infinity');
  assert.equal(value('pacientes', 'nascimento', '-2147472691'), '-infinity');
  for (const digits of ['-9223372036853775810', '99999999999999999999999', '-210866803200000001']) {
    assert.equal(value('exames', 'data', digits), digits);
    assert.equal(value('pacientes', 'nascimento', digits), digits);
  }
});

test('keys are numbers where they are exact, and their digits elsewhere', () => {
  const pairs: readonly (readonly [string, number | string])[] = [
    ['1', 1],
    ['-1', -1],
    ['-0', 0],
    ['9007199254740991', 9_007_199_254_740_991],
    ['9007199254740992', '9007199254740992'],
    ['9007199254740993', '9007199254740993'],
    ['9223372036854775807', '9223372036854775807'],
    ['"12"', 12],
  ];
  for (const [json, key] of pairs) {
    const sink = new CollectingSink();
    const intake = new Intake(sink, anyScope);
    intake.line(Buffer.from(envelope('c', { after: `{"id":${json}}` })), 0, 1, 0);
    intake.line(Buffer.from(envelope('d', { before: `{"id":${json}}` })), 0, 1, 0);
    assert.deepEqual(
      sink.rows.map((row) => row.key),
      [key, key],
    );
  }
});

test('a timestamptz that has lost its zone is not taken as one of UTC', () => {
  const { tables } = schemaWith(['prontuario']);
  const keyOf = (measured: string) => {
    const sink = new CollectingSink(tables);
    const after = `{"paciente_id":1,"medido_em":"${measured}"}`;
    const source = '{"schema":"public","table":"sinais_vitais","txId":7,"lsn":9}';
    const line = `{"before":null,"after":${after},"source":${source},"op":"c"}`;
    new Intake(sink, scopeOfNames(tables)).line(Buffer.from(line), 0, 1, 0);
    return sink.rows[0]?.key;
  };
  const printed = '["1","2026-01-31 08:15:00.5+00"]';
  for (const right of [
    '08:15:00.500000Z',
    '08:15:00.5+00',
    '05:15:00.5-03:00',
    '08:15:00.5+0000',
  ]) {
    assert.equal(keyOf(`2026-01-31T${right}`), printed);
  }
  assert.equal(keyOf('2026-01-31T08:15:00.500000'), printed.replace('+00', ''));
  assert.equal(keyOf('0044-03-15 08:15:00+00 BC'), '["1","0044-03-15 08:15:00+00 BC"]');
  assert.equal(keyOf('0044-03-15 08:15:00 BC'), '["1","0044-03-15 08:15:00 BC"]');
});
