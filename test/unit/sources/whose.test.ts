import assert from 'node:assert/strict';
import test from 'node:test';
import { DebeziumIntake } from '../../../src/sources/debezium/intake.js';
import type { Scope } from '../../../src/sources/scope.js';
import { SlotRows } from '../../../src/sources/slot/rows.js';
import { tableScope } from '../../../src/sources/table-scope.js';
import { tablesIn } from '../../helpers/any-scope.js';
import { CollectingSink } from '../../helpers/collecting-sink.js';
import { CLOUD_EVENT, EXAME, envelope, FLAT_META, FLATTENED, SCHEMA, SOURCE } from './samples.js';

const SCOPE = tableScope({
  database: 'hospital',
  tables: {
    ...tablesIn('public'),
    exames: { schema: 'public', partitions: [{ schema: 'partes', name: 'exames "é"' }] },
  },
});

/** The members that say where a row is from, as a connector writes them. */
interface Whose {
  readonly db?: string | null;
  readonly schema?: string | null;
  readonly table: string;
  readonly name?: string | null;
}

const members = (whose: Whose, prefix: string) =>
  Object.entries(whose)
    .map(([name, value]) => `"${prefix}${name}":${JSON.stringify(value)}`)
    .join();

const plain = (whose: Whose) =>
  envelope('c', { after: EXAME, source: `{${members(whose, '')},"txId":571,"lsn":24023200}` });

const flattened = (prefix: string) => (whose: Whose) => {
  const meta = FLAT_META.replace('"__table":"exames",', '');
  return FLATTENED(EXAME, `${meta},${members(whose, prefix)}`);
};

const SHAPES: readonly (readonly [string, (whose: Whose) => string])[] = [
  ['a plain envelope', plain],
  ['its schema behind it', (whose) => `{"payload":${plain(whose)},"schema":${SCHEMA}}`],
  ['no schema behind it', (whose) => `{"payload":${plain(whose)},"schema":null}`],
  ['JSON in a string', (whose) => `{"value":${JSON.stringify(plain(whose))}}`],
  [
    'CloudEvents',
    (whose) =>
      CLOUD_EVENT(`{"before":null,"after":${EXAME}}`)
        .replaceAll(/"iodebezium(?:db|schema|table|name)":"[^"]*",/g, '')
        .replace('{', `{${members(whose, 'iodebezium')},`),
  ],
  ...['__', '__source_', '', 'source_'].map(
    (prefix) => [`flattened, behind "${prefix}"`, flattened(prefix)] as const,
  ),
];

function read(lines: readonly string[], scope: Scope = SCOPE): CollectingSink {
  const sink = new CollectingSink();
  const intake = new DebeziumIntake(sink, scope);
  for (const [i, line] of lines.entries()) intake.event(Buffer.from(line), 0, i + 1, 0);
  assert.deepEqual(sink.problems, []);
  return sink;
}

for (const [shape, line] of SHAPES) {
  test(`whose a table is, by database, schema and name: ${shape}`, () => {
    const own = { db: 'hospital', schema: 'public', table: 'exames', name: 'oltp' };
    const cases: readonly Whose[] = [
      own,
      { ...own, db: 'replica' },
      { ...own, schema: 'backup' },
      { ...own, table: 'exames2' },
      { ...own, schema: 'partes', table: 'exames "é"' },
      { ...own, schema: 'partes' },
    ];
    // Each again and again: the second one of a kind is read by what the first one was.
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

  test(`what is not told counts as the run's, and is said once: ${shape}`, () => {
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

test('what rows of others do not tell is no matter', () => {
  const sink = read([
    plain({ table: 'outra' }),
    plain({ db: 'hospital', schema: 'public', table: 'exames', name: 'oltp' }),
    plain({ db: 'hospital', schema: 'public', table: 'exames' }),
    plain({ schema: 'public', table: 'exames', name: 'oltp' }),
  ]);
  assert.deepEqual(sink.unstatedFacts, ['origin', 'database']);
});

test('what an event does not tell is said with the first one that counts, also if one before was malformed', () => {
  const sink = new CollectingSink();
  const intake = new DebeziumIntake(sink, SCOPE);
  const tell = (lsn: string) => {
    const source = `{"db":"hospital","schema":"public","table":"exames","txId":571,"lsn":${lsn}}`;
    intake.event(Buffer.from(envelope('c', { after: EXAME, source })), 0, 1, 0);
    return sink.unstatedFacts;
  };
  assert.deepEqual(tell('-1'), []);
  assert.equal(sink.problems.length, 1);
  assert.deepEqual(tell('1'), ['origin']);
});

test('the scope is asked once for all events of a kind', () => {
  let asked = 0;
  const counting: Scope = {
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

test('two connectors are told apart, and the name of each is one text', () => {
  const line = (name: string) =>
    envelope('c', { after: EXAME, source: SOURCE('exames').replace('"oltp"', `"${name}"`) });
  const { rows } = read([line('a'), line('b'), line('a'), line('b')]);
  assert.deepEqual(
    rows.map(({ origin }) => origin),
    ['a', 'b', 'a', 'b'],
  );
});

test('of a slot, the relation says the schema and the name, and the connection is of the database', () => {
  const sink = new CollectingSink();
  const rows = new SlotRows(sink, SCOPE, 0);
  const tables = [
    ['public', 'exames'],
    ['partes', 'exames "é"'],
    ['backup', 'exames'],
    ['public', 'outra'],
  ] as const;
  const take = (message: Parameters<SlotRows['take']>[0]['message']) =>
    rows.take({ tag: 'change', lsn: 1n, sentAt: 0n, receivedAt: 0, message });
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
  assert.deepEqual(sink.truncated, ['exames', 'exames']);
  assert.deepEqual(sink.ignoredKinds, [
    'other_schema',
    'other_table',
    'other_schema',
    'other_table',
    'other_table',
  ]);
  assert.deepEqual(sink.unstatedFacts, []);
});
