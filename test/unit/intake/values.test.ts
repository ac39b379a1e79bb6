import assert from 'node:assert/strict';
import test from 'node:test';
import { DebeziumIntake } from '../../../src/intake/debezium/intake.js';
import { anyScope } from '../../helpers/any-scope.js';
import { CollectingSink } from '../../helpers/collecting-sink.js';
import { envelope, SOURCE } from './samples.js';

const NOW = { milliseconds: 1_772_366_400_500n, microseconds: 1_772_366_400_500_123n };

/** The value of a column of a new row, as it comes with others of these days. */
function value(table: string, column: string, json: string, updated = `${NOW.microseconds}`) {
  const sink = new CollectingSink();
  const after = `{"id":1,"${column}":${json},"created_at":${updated},"updated_at":${updated}}`;
  new DebeziumIntake(sink, anyScope).event(
    Buffer.from(envelope('c', { after, source: SOURCE(table) })),
    0,
    1,
    0,
  );
  assert.deepEqual(sink.problems, []);
  const places: Record<string, number> = { nome: 1, nascimento: 2, paciente_id: 1, data: 3 };
  return sink.rows[0]?.values?.[places[column]!];
}

test('a text is what it was, to the last character', () => {
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

test('a date is days, or words', () => {
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

test('a timestamp is counted in what the times of the server are counted in', () => {
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

test('a row without times of the server is counted as the ones before', () => {
  const sink = new CollectingSink();
  const intake = new DebeziumIntake(sink, anyScope);
  const tell = (after: string) => intake.event(Buffer.from(envelope('c', { after })), 0, 1, 0);
  tell(`{"id":1,"updated_at":${NOW.milliseconds}}`);
  tell('{"id":2,"data":1000}');
  tell(`{"id":3,"created_at":${NOW.microseconds}}`);
  tell('{"id":4,"data":1000}');
  assert.equal(sink.rows[1]?.values?.[3], '1970-01-01 00:00:01');
  assert.equal(sink.rows[3]?.values?.[3], '1970-01-01 00:00:00.001');
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

test('what a connector has made of a date or timestamp that does not fit is left as it is', () => {
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
    const intake = new DebeziumIntake(sink, anyScope);
    intake.event(Buffer.from(envelope('c', { after: `{"id":${json}}` })), 0, 1, 0);
    intake.event(Buffer.from(envelope('d', { before: `{"id":${json}}` })), 0, 1, 0);
    assert.deepEqual(
      sink.rows.map((row) => row.key),
      [key, key],
    );
  }
});
