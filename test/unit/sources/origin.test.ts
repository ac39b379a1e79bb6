import assert from 'node:assert/strict';
import test from 'node:test';
import { Intake } from '../../../src/sources/intake.js';
import { type Scope, tableScope } from '../../../src/sources/scope.js';
import { SlotRows } from '../../../src/sources/slot/rows.js';
import { HOSPITAL_TABLES, tablesIn } from '../../helpers/any-scope.js';
import { CollectingSink } from '../../helpers/collecting-sink.js';
import { CLOUD_EVENT, EXAME, envelope, FLAT_META, FLATTENED, SCHEMA, SOURCE } from './samples.js';

const SCOPE = tableScope(HOSPITAL_TABLES, {
  database: 'hospital',
  tables: {
    ...tablesIn('public'),
    exames: { schema: 'public', partitions: [{ schema: 'partes', name: 'exames "é"' }] },
  },
});

/** The members for a row's origin, as a connector writes them. */
interface Origin {
  readonly db?: string | null;
  readonly schema?: string | null;
  readonly table: string;
  readonly name?: string | null;
}

const members = (origin: Origin, prefix: string) =>
  Object.entries(origin)
    .map(([name, value]) => `"${prefix}${name}":${JSON.stringify(value)}`)
    .join();

const plain = (origin: Origin) =>
  envelope('c', { after: EXAME, source: `{${members(origin, '')},"txId":571,"lsn":24023200}` });

const flattened = (prefix: string) => (origin: Origin) => {
  const meta = FLAT_META.replace('"__table":"exames",', '');
  return FLATTENED(EXAME, `${meta},${members(origin, prefix)}`);
};

const SHAPES: readonly (readonly [string, (origin: Origin) => string])[] = [
  ['a plain envelope', plain],
  ['its schema after it', (origin) => `{"payload":${plain(origin)},"schema":${SCHEMA}}`],
  ['no schema after it', (origin) => `{"payload":${plain(origin)},"schema":null}`],
  ['JSON in a string', (origin) => `{"value":${JSON.stringify(plain(origin))}}`],
  [
    'CloudEvents',
    (origin) =>
      CLOUD_EVENT(`{"before":null,"after":${EXAME}}`)
        .replaceAll(/"iodebezium(?:db|schema|table|name)":"[^"]*",/g, '')
        .replace('{', `{${members(origin, 'iodebezium')},`),
  ],
  ...['__', '__source_', '', 'source_'].map(
    (prefix) => [`flattened, with the prefix "${prefix}"`, flattened(prefix)] as const,
  ),
];

function read(lines: readonly string[], scope: Scope = SCOPE): CollectingSink {
  const sink = new CollectingSink();
  const intake = new Intake(sink, scope);
  for (const [i, line] of lines.entries()) intake.line(Buffer.from(line), 0, i + 1, 0);
  assert.deepEqual(sink.problems, []);
  return sink;
}

for (const [shape, line] of SHAPES) {
  test(`a table is found by database, schema and name: ${shape}`, () => {
    const own = { db: 'hospital', schema: 'public', table: 'exames', name: 'oltp' };
    const cases: readonly Origin[] = [
      own,
      { ...own, db: 'replica' },
      { ...own, schema: 'backup' },
      { ...own, table: 'exames2' },
      { ...own, schema: 'partes', table: 'exames "é"' },
      { ...own, schema: 'partes' },
    ];
    // Several times: the second event of a kind is read by a template.
    const sink = read([...cases, ...cases, ...cases].map(line));
    assert.deepEqual(
      sink.rows.map(({ table, origin, position }) => [
        table,
        origin,
        (position - 1) % cases.length,
      ]),
      [0, 4, 0, 4, 0, 4].map((place) => ['exames', 'oltp', place]),
    );
    const asides = ['other_database', 'other_schema', 'other_table', 'other_schema'];
    assert.deepEqual(sink.ignoredKinds, [...asides, ...asides, ...asides]);
    assert.deepEqual(sink.unstatedFacts, []);
  });

  test(`a part of the origin that is left out counts as the run's, and is reported once: ${shape}`, () => {
    const bare = { table: 'exames' };
    const nulls = { db: null, schema: null, table: 'exames', name: null };
    const sink = read([nulls, bare, nulls, bare].map(line));
    assert.deepEqual(
      sink.rows.map(({ table, origin }) => [table, origin]),
      Array.from({ length: 4 }, () => ['exames', null]),
    );
    assert.deepEqual(sink.unstatedFacts, ['database', 'schema', 'origin']);
  });
}

test('parts that foreign rows lack are not reported', () => {
  const sink = read([
    plain({ table: 'outra' }),
    plain({ db: 'hospital', schema: 'public', table: 'exames', name: 'oltp' }),
    plain({ db: 'hospital', schema: 'public', table: 'exames' }),
    plain({ schema: 'public', table: 'exames', name: 'oltp' }),
  ]);
  assert.deepEqual(sink.unstatedFacts, ['origin', 'database']);
});

test('a missing part is reported before the first row, also if an event before was malformed', () => {
  const sink = new CollectingSink();
  const intake = new Intake(sink, SCOPE);
  const decoded = (lsn: string) => {
    const source = `{"db":"hospital","schema":"public","table":"exames","txId":571,"lsn":${lsn}}`;
    intake.line(Buffer.from(envelope('c', { after: EXAME, source })), 0, 1, 0);
    return sink.unstatedFacts;
  };
  assert.deepEqual(decoded('-1'), []);
  assert.equal(sink.problems.length, 1);
  assert.deepEqual(decoded('1'), ['origin']);
});

test('the scope is asked once for all events of a kind', () => {
  let asked = 0;
  const counting: Scope = {
    tables: SCOPE.tables,
    places: SCOPE.places,
    tableOf: (...names) => {
      asked++;
      return SCOPE.tableOf(...names);
    },
  };
  const lines = Array.from({ length: 50 }, (_, id) =>
    envelope('c', { after: `{"id":${id}}`, source: SOURCE('exames') }),
  );
  const sink = read(lines, counting);
  assert.equal(sink.rows.length, 50);
  assert.equal(asked, 1);
});

test('two connectors have their own names, each one text in memory', () => {
  const line = (name: string) =>
    envelope('c', { after: EXAME, source: SOURCE('exames').replace('"oltp"', `"${name}"`) });
  const { rows } = read([line('a'), line('b'), line('a'), line('b')]);
  assert.deepEqual(
    rows.map(({ origin }) => origin),
    ['a', 'b', 'a', 'b'],
  );
});

test('the relation of a slot has the schema and the name, and the connection has the database', () => {
  const sink = new CollectingSink();
  const rows = new SlotRows(sink, SCOPE, 0);
  const tables = [
    ['public', 'exames'],
    ['partes', 'exames "é"'],
    ['backup', 'exames'],
    ['public', 'outra'],
  ] as const;
  const take = (message: Parameters<SlotRows['take']>[0]['message']) =>
    rows.take({ tag: 'change', lsn: 1, sentAt: 0, receivedAt: 0, message });
  for (const [relation, [schema, name]] of tables.entries()) {
    const columns = [{ name: 'id', key: true, type: 20, modifier: -1 }];
    take({ tag: 'relation', relation, schema, name, identity: 'default', columns });
    take({ tag: 'insert', relation, row: [String(relation)] });
  }
  take({ tag: 'truncate', relations: [0, 1, 2, 3, 4], cascade: false, restartIdentity: false });
  assert.deepEqual(
    sink.rows.map(({ table, key, origin }) => [table, key, origin]),
    [
      ['exames', 0, null],
      ['exames', 1, null],
    ],
  );
  // One for the table, of which two partitions were emptied.
  assert.deepEqual(sink.truncated, ['exames']);
  assert.deepEqual(sink.ignoredKinds, [
    'other_schema',
    'other_table',
    'other_schema',
    'other_table',
    'other_table',
  ]);
  assert.deepEqual(sink.unstatedFacts, []);
});
