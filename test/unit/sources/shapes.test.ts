import assert from 'node:assert/strict';
import test from 'node:test';
import { en } from '../../../src/messages/en.js';
import { ptBR } from '../../../src/messages/pt-BR.js';
import { Intake } from '../../../src/sources/intake.js';
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
  MESSAGE,
  SCHEMA,
  SOURCE,
} from './samples.js';

const PARTITION = 2;
const POSITION = 17;
const RECEIVED = 1_772_366_401_000_000;

/** Decodes an event twice: with a new intake, and with one that has a template of it. Both must agree. */
function decoded(text: string): CollectingSink {
  const sink = new CollectingSink();
  const intake = new Intake(sink, anyScope);
  intake.line(Buffer.from(text), PARTITION, POSITION, RECEIVED);
  const again = new CollectingSink();
  const experienced = new Intake(again, anyScope);
  for (const other of [INSERT, DELETE, text, text]) {
    experienced.line(Buffer.from(other), PARTITION, POSITION, RECEIVED);
  }
  for (const events of ['rows', 'truncates', 'messages'] as const) {
    if (sink[events][0] !== undefined) assert.deepEqual(again[events].at(-1), sink[events][0]);
  }
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
  partition: PARTITION,
  position: POSITION,
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

for (const [wrapper, text] of SAME) {
  test(`one row in any wrapper: ${wrapper}`, () => {
    const sink = decoded(text);
    assert.deepEqual(sink.problems, []);
    assert.deepEqual(sink.rows, [INSERTED]);
  });
}

test('CloudEvents give the same, but for the time of the connector', () => {
  const envelopeOnly = `{"before":null,"after":${EXAME}}`;
  for (const data of [envelopeOnly, `{"schema":${SCHEMA},"payload":${envelopeOnly}}`]) {
    assert.deepEqual(decoded(CLOUD_EVENT(data)).rows, [{ ...INSERTED, connectorAt: null }]);
  }
  // Without txId the id of Debezium's transaction has it.
  const without = CLOUD_EVENT(envelopeOnly).replace('"iodebeziumtxId":"571",', '');
  assert.equal(decoded(without).rows[0]?.xid, 571);
});

test('CloudEvents may have a flattened row, too', () => {
  assert.deepEqual(decoded(CLOUD_EVENT(EXAME)).rows, [{ ...INSERTED, connectorAt: null }]);
});

test('a flattened event gives the same', () => {
  const where = '"__db":"hospital","__schema":"public","__name":"oltp"';
  const meta = `${FLAT_META},${where}`;
  assert.deepEqual(decoded(FLATTENED(EXAME, meta)).rows, [INSERTED]);
  const bare = meta.replaceAll('"__', '"');
  assert.deepEqual(decoded(FLATTENED(EXAME, bare)).rows, [INSERTED]);
  for (const prefix of ['__source_', 'source_']) {
    const long = meta.replaceAll(/"__(lsn|txId|table|db|schema|name)"/g, `"${prefix}$1"`);
    assert.deepEqual(decoded(FLATTENED(EXAME, long)).rows, [INSERTED]);
  }
});

test('a flattened delete that was rewritten has no values', () => {
  const meta = `${FLAT_META.replace('"c"', '"d"')},"__deleted":"true"`;
  const [row] = decoded(FLATTENED('{"id":7,"paciente_id":0}', meta)).rows;
  assert.equal(row?.operation, 'delete');
  assert.equal(row.key, 7);
  assert.equal(row.values, null);
});

test('the reason for a flattened event names the missing fields', () => {
  const lacking: readonly (readonly [string, RegExp])[] = [
    ['__op', /without op: .*add\.fields=op,table,lsn,txId/],
    ['__table', /without table: .*add\.fields=op,table,lsn,txId/],
    ['__lsn', /without lsn: .*add\.fields=op,table,lsn,txId/],
    ['__txId', /without txId: .*add\.fields=op,table,lsn,txId/],
  ];
  for (const [name, words] of lacking) {
    const sink = decoded(FLATTENED(EXAME, FLAT_META.replace(`"${name}"`, '"other"')));
    assert.match(sink.problems[0]?.reason(en) ?? '', words);
    assert.equal(sink.rows.length, 0);
  }
  // In a snapshot they are null.
  const snapshot = FLAT_META.replace('"c"', '"r"')
    .replace('571', 'null')
    .replace('24023200,', 'null,');
  const [row] = decoded(FLATTENED(EXAME, snapshot)).rows;
  assert.deepEqual([row?.operation, row?.xid, row?.lsn], ['snapshot', null, null]);
});

test('a delete has the id of the old row, or else of the message', () => {
  const [plain] = decoded(DELETE).rows;
  assert.deepEqual([plain?.operation, plain?.key, plain?.values], ['delete', 7, null]);
  const bare = envelope('d', {});
  for (const key of [
    '{"id":8}',
    '{"schema":{"id":3},"payload":{"id":8}}',
    '8',
    '"{\\"id\\":8}"',
    '"8"',
  ]) {
    assert.equal(decoded(`{"key":${key},"value":${bare}}`).rows[0]?.key, 8, key);
    assert.equal(decoded(`{"value":${quoted(bare)},"key":${key}}`).rows[0]?.key, 8, key);
  }
});

test('a delete without the id of its row goes to changeWithoutKey, with all else', () => {
  const { values: _, key: __, ...expected } = { ...INSERTED, operation: 'delete' };
  const bare = envelope('d', {});
  const withoutId: readonly string[] = [
    bare,
    envelope('d', { before: '{"cpf":"1","tipo_exame":"x"}' }),
    envelope('d', { before: '{"id":null,"tipo_exame":"x"}' }),
    `{"key":{"tipo_exame":"x"},"value":${bare}}`,
    `{"key":{"schema":{"id":3},"payload":{"tipo_exame":"x"}},"value":${bare}}`,
  ];
  for (const text of withoutId) {
    const sink = decoded(text);
    assert.deepEqual([sink.problems, sink.rows], [[], []]);
    assert.deepEqual(sink.keyless, [expected], text);
  }
  const meta = `${FLAT_META.replace('"c"', '"d"')},"__db":"hospital","__schema":"public","__name":"oltp"`;
  const flat = FLATTENED('{"paciente_id":0,"tipo_exame":"x"}', meta);
  assert.deepEqual(decoded(flat).keyless, [expected]);
  // Debezium's made-up value of a NOT NULL column looks like any other.
  assert.equal(decoded(envelope('d', { before: '{"id":0,"tipo_exame":"x"}' })).rows[0]?.key, 0);
});

test('an update without the id of its row is malformed', () => {
  const after = EXAME.replace('"id"', '"other"');
  assert.match(
    decoded(envelope('u', { after })).problems[0]?.reason(en) ?? '',
    /the row's key is missing \(id\)/,
  );
});

test('an update has the new values, and those that the WAL lacks are undefined', () => {
  const after = EXAME.replace('"resultado":null', '"resultado":"__debezium_unavailable_value"');
  const [row] = decoded(
    envelope('u', { before: '{"id":5}', after: after.replace('"data":', '"x":') }),
  ).rows;
  assert.equal(row?.operation, 'update');
  assert.equal(row.key, '9007199254740993');
  assert.equal(row.values?.[4], undefined);
  assert.equal(row.values?.[3], undefined);
  assert.equal(row.values?.[1], '7');
  // Not the column that the event leaves out.
  assert.deepEqual(row.unchanged, [4]);
});

test('`op` or `source.snapshot` marks a row of a snapshot', () => {
  assert.equal(decoded(envelope('r', { after: EXAME })).rows[0]?.operation, 'snapshot');
  for (const value of ['"true"', '"first"', '"last"', 'true', '"incremental"']) {
    const source = SOURCE('exames').replace('"snapshot":"false"', `"snapshot":${value}`);
    assert.equal(
      decoded(envelope('c', { after: EXAME, source })).rows[0]?.operation,
      'snapshot',
      value,
    );
  }
  for (const value of ['null', 'false']) {
    const source = SOURCE('exames').replace('"snapshot":"false"', `"snapshot":${value}`);
    assert.equal(
      decoded(envelope('c', { after: EXAME, source })).rows[0]?.operation,
      'insert',
      value,
    );
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
    const sink = decoded(text);
    assert.deepEqual(sink.problems, []);
    assert.deepEqual(sink.ignoredKinds, [kind]);
    assert.equal(sink.rows.length, 0);
  });
}

/** Of an event without a row. */
const PLACE = {
  xid: 571,
  lsn: 24_023_200,
  watermark: 24_023_128,
  committedAt: 1_772_366_400_500_123,
  connectorAt: 1_772_366_400_700_456,
  receivedAt: RECEIVED,
  partition: PARTITION,
  position: POSITION,
  origin: 'oltp',
};

const TRUNCATE = envelope('t', {});

for (const [shape, text] of [
  ['a plain envelope', TRUNCATE],
  ['one with its schema', `{"schema":${SCHEMA},"payload":${TRUNCATE}}`],
  ['a message', `{"key":null,"value":${TRUNCATE},"headers":[]}`],
  ['JSON in a string', `{"value":${quoted(TRUNCATE)}}`],
  [
    'CloudEvents',
    CLOUD_EVENT('{"before":null,"after":null}').replace(
      '"iodebeziumop":"c"',
      '"iodebeziumop":"t","ts_us":1772366400700456',
    ),
  ],
  ['flattened', `{${FLAT_META.replace('"__op":"c"', '"__op":"t","__source_name":"oltp"')}}`],
] as const) {
  test(`a truncate has its place: ${shape}`, () => {
    const sink = decoded(text);
    assert.deepEqual(sink.problems, []);
    assert.deepEqual(sink.truncates, [{ table: 'exames', order: 3, ...PLACE }]);
  });
}

test('a truncate of another table is ignored', () => {
  assert.deepEqual(decoded(envelope('t', { source: SOURCE('outra') })).ignoredKinds, [
    'other_table',
  ]);
});

const MESSAGE_PLACE = { ...PLACE, connectorAt: 1_772_366_400_700_000 };
const MESSAGE_DATA = '{"message":{"prefix":"oltp-simulator","content":"cnVuLzEvNw=="}}';

for (const [shape, text] of [
  ['a plain envelope', MESSAGE],
  ['one with its schema', `{"schema":${SCHEMA},"payload":${MESSAGE}}`],
  ['a message', `{"topic":"oltp.message","key":{"prefix":"oltp-simulator"},"value":${MESSAGE}}`],
  [
    'JSON in a string',
    `{"value":${quoted(MESSAGE)},"key":${quoted('{"prefix":"oltp-simulator"}')}}`,
  ],
  [
    'CloudEvents',
    CLOUD_EVENT(MESSAGE_DATA)
      .replace('"iodebeziumop":"c"', '"iodebeziumop":"m","ts_ms":1772366400700')
      .replace('"exames"', '""'),
  ],
  ["Avro's JSON", MESSAGE.replace('"cnVuLzEvNw=="', '{"bytes":"cnVuLzEvNw=="}')],
  ['the base64 of URLs', MESSAGE.replace('cnVuLzEvNw==', 'cnVuLzEvNw')],
] as const) {
  test(`a message has its content and its place: ${shape}`, () => {
    const sink = decoded(text);
    assert.deepEqual([sink.problems, sink.ignoredKinds], [[], []]);
    assert.deepEqual(sink.messages, [
      { content: 'run/1/7', transactional: true, ...MESSAGE_PLACE },
    ]);
  });
}

test('a message in hexadecimal digits (binary.handling.mode=hex) has its content', () => {
  const content = '2026-03-01T12-00-00Z/1/7';
  const hex = Buffer.from(content).toString('hex');
  const { messages } = decoded(MESSAGE.replace('cnVuLzEvNw==', hex));
  assert.deepEqual(
    messages.map((message) => message.content),
    [content],
  );
});

test('a message outside of transactions has no xid', () => {
  const { messages } = decoded(MESSAGE.replace('"txId":571', '"txId":null'));
  assert.deepEqual(messages, [
    { content: 'run/1/7', transactional: false, ...MESSAGE_PLACE, xid: null },
  ]);
});

test('messages that are not of the run are ignored', () => {
  for (const [from, to] of [
    ['"oltp-simulator"', '"other"'],
    ['"oltp-simulator"', 'null'],
    ['"prefix":"oltp-simulator",', ''],
    ['"cnVuLzEvNw=="', 'null'],
    ['"cnVuLzEvNw=="', '7'],
    ['"cnVuLzEvNw=="', '"(not bytes)"'],
    [/,"message":.*\}(?=\}$)/, ''],
    [/"message":.*\}(?=\}$)/, '"message":"text"'],
  ] as const) {
    const text = MESSAGE.replace(from, to);
    const sink = decoded(text);
    assert.deepEqual([sink.problems, sink.messages], [[], []], text);
    assert.deepEqual(sink.ignoredKinds, ['message'], text);
  }
});

test('white space gives nothing', () => {
  for (const text of ['', ' \t\r\n ', '\ufeff']) assert.equal(decoded(text).count, 0);
});

const MALFORMED: readonly (readonly [string, string, RegExp])[] = [
  ['no JSON', 'segredo', /^invalid JSON at byte 1: a value is missing$/],
  ['more than one value', `${INSERT}${INSERT}`, /more than one value/],
  ['an array', '[1]', /not a JSON object/],
  ['a number', '12', /not a JSON object/],
  ['an empty object', '{}', /op is missing/],
  ['an object of something else', '{"a":1}', /op is missing/],
  ['an op', envelope('x', { after: EXAME }), /op is not c/],
  ['a long op', envelope('create', { after: EXAME }), /op is not c/],
  ['no row', envelope('c', {}), /`after` is missing/],
  ['no id', envelope('c', { after: '{"resultado":"segredo"}' }), /the row's key is missing \(id\)/],
  ['an id with a fraction', INSERT.replace('9007199254740993', '1.5'), /column id is not of type/],
  [
    'a value',
    INSERT.replace('"data":1772323200000000', '"data":"segredo"'),
    /column data .* timestamp/,
  ],
  ['a number for a text', INSERT.replace('"resultado":null', '"resultado":12'), /column resultado/],
  ['an xid of 64 bits', INSERT.replace('"txId":571', '"txId":4294967867'), /32-bit number/],
  ['an lsn', INSERT.replace('"lsn":24023200', '"lsn":-1'), /lsn is not a number/],
  ['a huge lsn', INSERT.replace('"lsn":24023200', '"lsn":9007199254740993'), /lsn is not a number/],
  ['a sequence', INSERT.replace('\\"24023128\\",', ''), /sequence/],
  ['a time', INSERT.replace('"ts_ns":1772366400500123000', '"ts_ns":"segredo"'), /time/],
  [
    'no transaction',
    INSERT.replace('"txId":571', '"txId":null').replace('"id":"571:24023200",', ''),
    /its transaction id is missing.*source\.txId or transaction\.id/,
  ],
  [
    'a transaction',
    INSERT.replace('"txId":571,', '').replace('"571:', '"segredo:'),
    /transaction\.id/,
  ],
  ['no table', INSERT.replace('"table"', '"tables"'), /table is missing/],
  ['half a pair in inner JSON', `{"value":"{\\"a\\":\\"\\ud800\\"}"}`, /surrogate/],
];

for (const [problem, text, words] of MALFORMED) {
  test(`malformed, with a reason in both languages that holds no values: ${problem}`, () => {
    const { problems, rows } = decoded(text);
    assert.equal(rows.length, 0);
    assert.equal(problems.length, 1);
    const { reason, partition, position } = problems[0]!;
    assert.match(reason(en), words);
    assert.notEqual(reason(ptBR), reason(en));
    for (const language of [en, ptBR]) {
      assert.doesNotMatch(reason(language), /segredo|9007199254740993/);
    }
    assert.deepEqual([partition, position], [PARTITION, POSITION]);
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
    assert.equal(decoded(changed).rows[0]?.watermark, watermark, text);
  }
});

test('milliseconds become microseconds, where there is no finer unit', () => {
  const coarse = INSERT.replaceAll(/,"ts_[un]s":\d+/g, '');
  const [row] = decoded(coarse).rows;
  assert.equal(row?.committedAt, 1_772_366_400_500_000);
  assert.equal(row.connectorAt, 1_772_366_400_700_000);
});

test('optional parts that a message lacks are null', () => {
  const text = `{"after":{"id":1},"source":{"table":"exames"},"op":"r"}`;
  const [row] = decoded(text).rows;
  assert.deepEqual(
    [row?.xid, row?.lsn, row?.order, row?.watermark, row?.committedAt, row?.connectorAt],
    [null, null, null, null, null, null],
  );
});
