import assert from 'node:assert/strict';
import test from 'node:test';
import { DebeziumIntake } from '../../../src/sources/debezium/intake.js';
import type { Ignored } from '../../../src/sources/source.js';
import { anyScope } from '../../helpers/any-scope.js';
import { CollectingSink } from '../../helpers/collecting-sink.js';
import {
  CLOUD_EVENT,
  DELETE,
  EXAME,
  EXAME_VALUES,
  envelope,
  FLAT_META,
  FLATTENED,
  INSERT,
  SCHEMA,
  SOURCE,
} from './samples.js';

const STREAM = 2;
const PLACE = 17;
const RECEIVED = 1_772_366_401_000_000;

/** What is told of an event, once by an intake that knows none and once by one that has seen it. */
function tell(text: string): CollectingSink {
  const sink = new CollectingSink();
  const intake = new DebeziumIntake(sink, anyScope);
  intake.event(Buffer.from(text), STREAM, PLACE, RECEIVED);
  const again = new CollectingSink();
  const experienced = new DebeziumIntake(again, anyScope);
  for (const other of [INSERT, DELETE, text, text]) {
    experienced.event(Buffer.from(other), STREAM, PLACE, RECEIVED);
  }
  if (sink.rows[0] !== undefined) assert.deepEqual(again.rows.at(-1), sink.rows[0]);
  return sink;
}

const INSERTED = {
  operation: 'insert',
  table: 'exames',
  key: '9007199254740993',
  xid: 571,
  lsn: 24_023_200,
  order: 3,
  watermark: 24_023_128,
  values: EXAME_VALUES,
  committedAt: 1_772_366_400_500_123,
  connectorAt: 1_772_366_400_700_456,
  receivedAt: RECEIVED,
  stream: STREAM,
  place: PLACE,
  origin: 'oltp',
  snapshot: null,
};

const quoted = (text: string) => JSON.stringify(text);

const SAME: readonly (readonly [string, string])[] = [
  ['a plain envelope', INSERT],
  ['with a schema', `{"schema":${SCHEMA},"payload":${INSERT}}`],
  ['without its schema', `{"schema":null,"payload":${INSERT}}`],
  ['with key and headers', `{"key":{"id":1},"value":${INSERT},"headers":[]}`],
  [
    'schemas in key and value',
    `{"key":{"schema":{},"payload":{"id":1}},"value":{"schema":${SCHEMA},"payload":${INSERT}}}`,
  ],
  ['JSON in a string', `{"headers":{},"value":${quoted(INSERT)},"key":"{\\"id\\":1}"}`],
  [
    'JSON with a schema in a string',
    `{"value":${quoted(`{"payload":${INSERT},"schema":${SCHEMA}}`)}}`,
  ],
  ['a line that is a string', quoted(INSERT)],
  [
    'spaces and other line ends',
    ` ${INSERT.replaceAll(',"', ' ,\t"').replaceAll('":', '" : ')} \r`,
  ],
  ['a mark of UTF-8', `\ufeff${INSERT}`],
  [
    'names with escapes',
    INSERT.replace('"after"', '"\\u0061fter"').replace('"lsn"', '"l\\u0073n"'),
  ],
  [
    'another order',
    `{"op":"c","ts_ns":1772366400700456789,"ts_ms":1,"transaction":{"total_order":3},"source":${SOURCE('exames')},"after":${EXAME}}`,
  ],
  ['an lsn as text', INSERT.replace('"lsn":24023200', '"lsn":"24023200"')],
  ['microseconds', INSERT.replaceAll(/"ts_ns":\d+,?/g, '').replace(',}', '}')],
];

for (const [what, text] of SAME) {
  test(`one row, whatever it is wrapped in: ${what}`, () => {
    const sink = tell(text);
    assert.deepEqual(sink.problems, []);
    assert.deepEqual(sink.rows, [INSERTED]);
  });
}

test('CloudEvents tell the same, but for the time of the connector', () => {
  const envelopeOnly = `{"before":null,"after":${EXAME}}`;
  for (const data of [envelopeOnly, `{"schema":${SCHEMA},"payload":${envelopeOnly}}`]) {
    assert.deepEqual(tell(CLOUD_EVENT(data)).rows, [{ ...INSERTED, connectorAt: null }]);
  }
  // Without PostgreSQL's own, the id of Debezium's transaction tells it.
  const without = CLOUD_EVENT(envelopeOnly).replace('"iodebeziumtxId":"571",', '');
  assert.equal(tell(without).rows[0]?.xid, 571);
});

test('CloudEvents may have a flattened row, too', () => {
  assert.deepEqual(tell(CLOUD_EVENT(EXAME)).rows, [{ ...INSERTED, connectorAt: null }]);
});

test('a flattened event tells the same', () => {
  const where = '"__db":"hospital","__schema":"public","__name":"oltp"';
  const meta = `${FLAT_META},${where}`;
  assert.deepEqual(tell(FLATTENED(EXAME, meta)).rows, [INSERTED]);
  const bare = meta.replaceAll('"__', '"');
  assert.deepEqual(tell(FLATTENED(EXAME, bare)).rows, [INSERTED]);
  for (const prefix of ['__source_', 'source_']) {
    const long = meta.replaceAll(/"__(lsn|txId|table|db|schema|name)"/g, `"${prefix}$1"`);
    assert.deepEqual(tell(FLATTENED(EXAME, long)).rows, [INSERTED]);
  }
});

test('a flattened delete that was rewritten has no values', () => {
  const meta = `${FLAT_META.replace('"c"', '"d"')},"__deleted":"true"`;
  const [row] = tell(FLATTENED('{"id":7,"paciente_id":0}', meta)).rows;
  assert.equal(row?.operation, 'delete');
  assert.equal(row.key, 7);
  assert.equal(row.values, null);
});

test('a flattened event says which fields are missing', () => {
  const lacking: readonly (readonly [string, RegExp])[] = [
    ['__op', /without op: .*add\.fields=op,table,lsn,txId/],
    ['__table', /without table: .*add\.fields=op,table,lsn,txId/],
    ['__lsn', /without lsn: .*add\.fields=op,table,lsn,txId/],
    ['__txId', /without txId: .*add\.fields=op,table,lsn,txId/],
  ];
  for (const [name, words] of lacking) {
    const sink = tell(FLATTENED(EXAME, FLAT_META.replace(`"${name}"`, '"other"')));
    assert.match(sink.problems[0]?.reason ?? '', words);
    assert.equal(sink.rows.length, 0);
  }
  // In a snapshot they are there, and null.
  const snapshot = FLAT_META.replace('"c"', '"r"')
    .replace('571', 'null')
    .replace('24023200,', 'null,');
  const [row] = tell(FLATTENED(EXAME, snapshot)).rows;
  assert.deepEqual([row?.operation, row?.xid, row?.lsn], ['snapshot', null, null]);
});

test('a delete has the id of the old row, or else of the message', () => {
  const [plain] = tell(DELETE).rows;
  assert.deepEqual([plain?.operation, plain?.key, plain?.values], ['delete', 7, null]);
  const bare = envelope('d', {});
  for (const key of [
    '{"id":8}',
    '{"schema":{"id":3},"payload":{"id":8}}',
    '8',
    '"{\\"id\\":8}"',
    '"8"',
  ]) {
    assert.equal(tell(`{"key":${key},"value":${bare}}`).rows[0]?.key, 8, key);
    assert.equal(tell(`{"value":${quoted(bare)},"key":${key}}`).rows[0]?.key, 8, key);
  }
});

test('a delete that does not tell the id of its row is told as such, with all else', () => {
  const { values: _, key: __, ...told } = { ...INSERTED, operation: 'delete' };
  const bare = envelope('d', {});
  const untold: readonly string[] = [
    bare,
    envelope('d', { before: '{"cpf":"1","tipo_exame":"x"}' }),
    envelope('d', { before: '{"id":null,"tipo_exame":"x"}' }),
    `{"key":{"tipo_exame":"x"},"value":${bare}}`,
    `{"key":{"schema":{"id":3},"payload":{"tipo_exame":"x"}},"value":${bare}}`,
  ];
  for (const text of untold) {
    const sink = tell(text);
    assert.deepEqual([sink.problems, sink.rows], [[], []]);
    assert.deepEqual(sink.keyless, [told], text);
  }
  const meta = `${FLAT_META.replace('"c"', '"d"')},"__db":"hospital","__schema":"public","__name":"oltp"`;
  const flat = FLATTENED('{"paciente_id":0,"tipo_exame":"x"}', meta);
  assert.deepEqual(tell(flat).keyless, [told]);
  // A value that Debezium makes up for a NOT NULL column looks like any other.
  assert.equal(tell(envelope('d', { before: '{"id":0,"tipo_exame":"x"}' })).rows[0]?.key, 0);
});

test('an update that does not tell the id of its row is malformed', () => {
  const after = EXAME.replace('"id"', '"other"');
  assert.match(tell(envelope('u', { after })).problems[0]?.reason ?? '', /no id/);
});

test('an update has the new values, and what the WAL does not have is undefined', () => {
  const after = EXAME.replace('"resultado":null', '"resultado":"__debezium_unavailable_value"');
  const [row] = tell(
    envelope('u', { before: '{"id":5}', after: after.replace('"data":', '"x":') }),
  ).rows;
  assert.equal(row?.operation, 'update');
  assert.equal(row.key, '9007199254740993');
  assert.equal(row.values?.[4], undefined);
  assert.equal(row.values?.[3], undefined);
  assert.equal(row.values?.[1], '7');
});

test('a row of a snapshot is one by its op or by its source', () => {
  assert.equal(tell(envelope('r', { after: EXAME })).rows[0]?.operation, 'snapshot');
  for (const value of ['"true"', '"first"', '"last"', 'true', '"incremental"']) {
    const source = SOURCE('exames').replace('"snapshot":"false"', `"snapshot":${value}`);
    assert.equal(
      tell(envelope('c', { after: EXAME, source })).rows[0]?.operation,
      'snapshot',
      value,
    );
  }
  for (const value of ['null', 'false']) {
    const source = SOURCE('exames').replace('"snapshot":"false"', `"snapshot":${value}`);
    assert.equal(tell(envelope('c', { after: EXAME, source })).rows[0]?.operation, 'insert', value);
  }
});

const ASIDES: readonly (readonly [Ignored, string])[] = [
  ['other_table', envelope('c', { after: '{"x":1}', source: SOURCE('outra') })],
  ['other_table', envelope('t', { source: SOURCE('Exames') })],
  [
    'other_table',
    envelope('c', { after: EXAME, source: SOURCE('exames').replace('"exames"', '7') }),
  ],
  ['tombstone', 'null'],
  ['tombstone', '{"key":{"id":1},"value":null}'],
  ['tombstone', '{"schema":null,"payload":null}'],
  [
    'message',
    `{"op":"m","ts_ms":1,"source":${SOURCE('')},"message":{"prefix":"p","content":"YQ=="}}`,
  ],
  [
    'transaction',
    '{"status":"BEGIN","id":"571:24023200","event_count":null,"data_collections":null,"ts_ms":1}',
  ],
  [
    'transaction',
    `{"schema":${SCHEMA},"payload":{"status":"END","id":"571:24023200","event_count":2,"data_collections":[{"data_collection":"public.exames","event_count":2}],"ts_ms":1}}`,
  ],
  ['heartbeat', '{"ts_ms":1772366400700}'],
  [
    'heartbeat',
    `{"key":{"serverName":"oltp"},"value":{"schema":${SCHEMA},"payload":{"ts_ms":1}},"topic":"t"}`,
  ],
  ['heartbeat', '{"topic":"t","partition":0,"value":{"ts_ms":1}}'],
  [
    'schema_change',
    `{"source":${SOURCE('exames')},"ts_ms":1,"databaseName":"hospital","schemaName":"public","ddl":null,"tableChanges":[]}`,
  ],
];

for (const [kind, text] of ASIDES) {
  test(`no change to a row: ${kind}: ${text.slice(0, 40)}`, () => {
    const sink = tell(text);
    assert.deepEqual(sink.problems, []);
    assert.deepEqual(sink.ignoredKinds, [kind]);
    assert.equal(sink.rows.length, 0);
  });
}

test('a truncate is told with its table', () => {
  assert.deepEqual(tell(envelope('t', {})).truncated, ['exames']);
});

test('nothing is told of nothing', () => {
  for (const text of ['', ' \t\r\n ', '\ufeff']) assert.equal(tell(text).received, 0);
});

const MALFORMED: readonly (readonly [string, string, RegExp])[] = [
  ['no JSON', 'segredo', /^no JSON: no value at byte 1$/],
  ['more than one value', `${INSERT}${INSERT}`, /more than one value/],
  ['an array', '[1]', /no JSON object/],
  ['a number', '12', /no JSON object/],
  ['an empty object', '{}', /no op/],
  ['an object of something else', '{"a":1}', /no op/],
  ['an op', envelope('x', { after: EXAME }), /op is none/],
  ['a long op', envelope('create', { after: EXAME }), /op is none/],
  ['no row', envelope('c', {}), /no row/],
  ['no id', envelope('c', { after: '{"resultado":"segredo"}' }), /no id/],
  ['an id with a fraction', INSERT.replace('9007199254740993', '1.5'), /id/],
  [
    'a value',
    INSERT.replace('"data":1772323200000000', '"data":"segredo"'),
    /column data .* timestamp/,
  ],
  ['a number for a text', INSERT.replace('"resultado":null', '"resultado":12'), /column resultado/],
  ['an xid of 64 bits', INSERT.replace('"txId":571', '"txId":4294967867'), /32 bits/],
  ['an lsn', INSERT.replace('"lsn":24023200', '"lsn":-1'), /lsn is no number/],
  ['a huge lsn', INSERT.replace('"lsn":24023200', '"lsn":9007199254740993'), /lsn is no number/],
  ['a sequence', INSERT.replace('\\"24023128\\",', ''), /sequence/],
  ['a time', INSERT.replace('"ts_ns":1772366400500123000', '"ts_ns":"segredo"'), /time/],
  [
    'no transaction',
    INSERT.replace('"txId":571', '"txId":null').replace('"id":"571:24023200",', ''),
    /no id of its transaction.*source\.txId or transaction\.id/,
  ],
  [
    'a transaction',
    INSERT.replace('"txId":571,', '').replace('"571:', '"segredo:'),
    /transaction\.id/,
  ],
  ['no table', INSERT.replace('"table"', '"tables"'), /no table/],
  ['half a pair in inner JSON', `{"value":"{\\"a\\":\\"\\ud800\\"}"}`, /surrogate/],
];

for (const [what, text, words] of MALFORMED) {
  test(`malformed, with the reason and without values: ${what}`, () => {
    const { problems, rows } = tell(text);
    assert.equal(rows.length, 0);
    assert.equal(problems.length, 1);
    assert.match(problems[0]!.reason, words);
    assert.doesNotMatch(problems[0]!.reason, /segredo|9007199254740993/);
    assert.deepEqual([problems[0]!.partition, problems[0]!.position], [STREAM, PLACE]);
  });
}

test('a sequence may lack the first LSN, and be written in other ways', () => {
  const ways: readonly (readonly [string, number | null])[] = [
    ['"[null,\\"24023200\\"]"', null],
    ['"[\\"24023128\\", \\"24023200\\"]"', 24_023_128],
    ['"[24023128,null]"', 24_023_128],
    ['"[\\u002224023128\\u0022,null]"', 24_023_128],
    ['null', null],
  ];
  for (const [text, watermark] of ways) {
    const changed = INSERT.replace('"[\\"24023128\\",\\"24023200\\"]"', () => text);
    assert.equal(tell(changed).rows[0]?.watermark, watermark, text);
  }
});

test('times of milliseconds are told in microseconds, where there are no finer ones', () => {
  const coarse = INSERT.replaceAll(/,"ts_[un]s":\d+/g, '');
  const [row] = tell(coarse).rows;
  assert.equal(row?.committedAt, 1_772_366_400_500_000);
  assert.equal(row.connectorAt, 1_772_366_400_700_000);
});

test('what a message may lack is null', () => {
  const text = `{"after":{"id":1},"source":{"table":"exames"},"op":"r"}`;
  const [row] = tell(text).rows;
  assert.deepEqual(
    [row?.xid, row?.lsn, row?.order, row?.watermark, row?.committedAt, row?.connectorAt],
    [null, null, null, null, null, null],
  );
});
