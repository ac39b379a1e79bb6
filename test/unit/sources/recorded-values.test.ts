import assert from 'node:assert/strict';
import test from 'node:test';
import { projectionOf } from '../../../src/ledger/projection.js';
import { Intake } from '../../../src/sources/intake.js';
import { type PgOutputMessage, type Tuple, UNCHANGED } from '../../../src/sources/slot/pgoutput.js';
import { SlotRows } from '../../../src/sources/slot/rows.js';
import { Digits, type Exact, printExact } from '../../fixtures/values/exact-json.js';
import { readRecordings } from '../../fixtures/values/files.js';
import { TYPES } from '../../fixtures/values/scenario.js';
import {
  isObject,
  type Lines,
  memberOf,
  storiesOf,
  textOf,
} from '../../fixtures/values/stories.js';
import { CollectingSink } from '../../helpers/collecting-sink.js';
import {
  RECORDED_SCOPE,
  RECORDED_TABLES,
  relationOf,
  typeOf,
  VALUES_SCHEMA,
} from './recorded-tables.js';

const PGOUTPUT = readRecordings('pgoutput');
const DEBEZIUM = readRecordings('debezium');
const DEFAULTS = DEBEZIUM.get('defaults') ?? [];
/** Of `debezium.json`: not runs of the engine. */
const NOT_RUNS: ReadonlySet<string> = new Set(['version', 'schemas']);

/** A snapshot reads dates by the Julian calendar, and drops BC. */
const SNAPSHOT_DATES = ['date 4: 1582-10-24', 'date 7: 0044-03-15', 'date 8: 4714-11-24'];

/** The values that an engine's setting spoils beyond any projection: by the run, `type id: delivered as`. */
const SPOILT: Readonly<Record<string, readonly string[]>> = {
  defaults: [
    'timestamp 16: infinity',
    'timestamp 17: -9223372036853775810',
    'interval 12: 9223372036854775807',
    'interval 13: 9223372036854775807',
    'interval 14: 0',
    'interval 15: 0',
    'text[] 7: {a,b}',
    'text[] 8: {[Ljava.lang.String;@…,[Ljava.lang.String;@…}',
    'text[] 9: {[Ljava.lang.String;@…,[Ljava.lang.String;@…}',
  ],
  'interval.handling.mode=string': ['interval 14: 00:00:00', 'interval 15: 00:00:00'],
  'time.precision.mode=connect': ['timestamp 16: infinity'],
  'time.precision.mode=isostring': ['timestamp 16: infinity'],
  'time.precision.mode=nanoseconds': [
    ...[7, 8, 9, 10, 11, 13, 14, 15].map((id) => `timestamp ${id}: null`),
    'timestamp 16: infinity',
    'timestamp 17: null',
  ],
  'snapshot defaults': SNAPSHOT_DATES,
  'snapshot time.precision.mode=isostring': SNAPSHOT_DATES,
  'database IntervalStyle=sql_standard': [
    ...[2, 3, 4, 5, 7, 8].map((id) => `interval ${id}: 0`),
    'interval 9: 14706789000',
    ...[10, 12, 13, 14, 15].map((id) => `interval ${id}: 0`),
  ],
  'database bytea_output=escape': ['bytea 3: \\x36f255f276f357', 'bytea 4: \\x73f357f377'],
  'database extra_float_digits=-3': [
    'real 3: 1.68e+07',
    'real 6: 3.4e+38',
    'double precision 3: 9.00719925474e+15',
    'double precision 7: 1.79769313486e+308',
  ],
};

/** The same of the columns of the extension's rows: `story, ordinal of the event, column: delivered as`. */
const NULLED_BYTES = ['default', 'index (aberto_em)'].map(
  (identity) => `prontuarios, replica identity ${identity}, 1, anexo: null`,
);
const SPOILT_ROWS: Readonly<Record<string, readonly string[]>> = {
  // Of unchanged bytes.
  'binary.handling.mode=base64': NULLED_BYTES,
  'binary.handling.mode=base64-url-safe': NULLED_BYTES,
  // The year 9999.
  'time.precision.mode=nanoseconds': [1, 5].map(
    (event) =>
      `faturamento."Itens da Conta": quoted names, a key that changes with its children, ${event}, Vencimento: null`,
  ),
  'database IntervalStyle=sql_standard': [0, 1, 3, 5].map(
    (event) => `sinais_vitais: composite key, partitions, ${event}, desde_ultima: 0`,
  ),
};

/** Runs and stories in which the engine and the slot did not get the same changes, for their own refusals. */
const OTHER_CHANGES: Readonly<Record<string, RegExp>> = {
  'publish_generated_columns=stored': /replica identity full$/,
  'database bytea_output=escape': /./,
};

const PRECISE = ['special', 'trailing_zeros'];
const NUMERIC_INTERVAL = 'interval_microseconds';

/** The projections in a run's lines, which are only those that differ from the defaults. */
const PROJECTIONS: Readonly<Record<string, readonly string[]>> = {
  defaults: [NUMERIC_INTERVAL, ...PRECISE],
  'decimal.handling.mode=double': ['double', NUMERIC_INTERVAL],
  'decimal.handling.mode=string': [NUMERIC_INTERVAL],
  'interval.handling.mode=string': PRECISE,
  'time.precision.mode=connect': [NUMERIC_INTERVAL, 'milliseconds', ...PRECISE],
  'time.precision.mode=isostring': [NUMERIC_INTERVAL, ...PRECISE],
  'time.precision.mode=nanoseconds': [NUMERIC_INTERVAL, ...PRECISE],
  'publish.via.partition.root=true': [NUMERIC_INTERVAL, ...PRECISE],
  'database IntervalStyle=sql_standard': [NUMERIC_INTERVAL, ...PRECISE],
};

/** The texts that PostgreSQL prints, by `type id`. */
const PRINTED = new Map(
  [...storiesOf(PGOUTPUT.get('printed by PostgreSQL 18') ?? [])].flatMap(([type, lines]) =>
    lines.map((line) => [
      `${type} ${printExact(memberOf(line, 'id') ?? null)}`,
      textOf(line, 'printed'),
    ]),
  ),
);

for (const [run, lines] of DEBEZIUM) {
  if (NOT_RUNS.has(run)) continue;
  test(`Debezium's values are read as PostgreSQL prints them: ${run}`, () => {
    const sink = decoded(run, lines);
    assert.deepEqual(sink.problems, []);
    const spoilt: string[] = [];
    for (const [i, { table, key, values }] of sink.rows.entries()) {
      const { schema, relation, columns } = RECORDED_TABLES.get(table);
      if (schema !== VALUES_SCHEMA) continue;
      const id = `${typeOf(relation)} ${key}`;
      const expected = expectedText(PRINTED.get(id) ?? null, columns[1]!.type, sink, i, 1);
      if (values?.[1] !== expected) spoilt.push(`${id}: ${values?.[1]}`);
    }
    assert.deepEqual(spoilt, SPOILT[run] ?? []);
    const projections = new Set(sink.projections.flatMap((cut) => Object.values(cut)));
    assert.deepEqual([...projections].sort(), PROJECTIONS[run] ?? []);
  });
}

for (const [run, lines] of DEBEZIUM) {
  if (NOT_RUNS.has(run)) continue;
  test(`Debezium's rows and keys are those of the slot: ${run}`, () => {
    const spoilt: string[] = [];
    for (const [story, own] of storiesOf(lines)) {
      const sent = storiesOf(slotLines(run)).get(story);
      if (sent === undefined || own.length === 0 || TYPES[story] !== undefined) continue;
      if (OTHER_CHANGES[run]?.test(story)) continue;
      const sink = decoded(run, own);
      const slot = slotRows(sent);
      assert.deepEqual(sink.problems, []);
      const changes = (of: CollectingSink) =>
        of.rows.map(({ operation, table, key }) => `${operation} ${table} ${key}`);
      // Under an identity without the key, Debezium makes up its value.
      const madeUp = slot.keyless.map(({ operation, table }) => `${operation} ${table} 0`);
      const expected = [...changes(slot), ...madeUp];
      const hasFailed = lines.some((line) => textOf(line, 'failed') !== null);
      assert.deepEqual(changes(sink), hasFailed ? expected.slice(0, sink.count) : expected, story);
      assert.deepEqual(sink.keyless, []);
      for (const [i, { table, values }] of sink.rows.entries()) {
        if (values === null) continue;
        const { columns, serverColumns } = RECORDED_TABLES.get(table);
        for (const [place, { name, type }] of [...columns, ...serverColumns].entries()) {
          const sentText = slot.rows[i]?.values?.[place];
          const expected =
            sentText === undefined ? undefined : expectedText(sentText, type, sink, i, place);
          if (values[place] !== expected) spoilt.push(`${story}, ${i}, ${name}: ${values[place]}`);
        }
      }
    }
    assert.deepEqual(spoilt, SPOILT_ROWS[run] ?? []);
  });
}

/** The text that a value must have in a row of the sink: PostgreSQL's, or its projection where it was cut. */
function expectedText(
  printed: string | null,
  type: string,
  sink: CollectingSink,
  row: number,
  place: number,
): string | null {
  const isTime = type === 'timestamp without time zone';
  const isCut =
    sink.projections[row]?.[place] !== undefined ||
    (isTime && sink.precisions[row] === 'milliseconds');
  return isCut && printed !== null ? projectionOf(type)(printed) : printed;
}

/** The events of a run's lines, decoded. */
function decoded(run: string, lines: Lines): CollectingSink {
  const sink = new CollectingSink(RECORDED_TABLES);
  const intake = new Intake(sink, RECORDED_SCOPE, { toastPlaceholders: ['(unchanged)'] });
  for (const line of lines) {
    const text = eventOf(run, line);
    if (text !== null) intake.line(Buffer.from(text), 0, 1, 0);
  }
  return sink;
}

/** A recorded line as the engine's event. Null: it is none, or a tombstone. */
function eventOf(run: string, line: Exact): string | null {
  const op = textOf(line, 'op');
  if (op === null || op === 'tombstone') return null;
  const { schema, relation } = relationOf(line);
  const source = { db: 'd', name: 'c', schema, table: relation, txId: 1, lsn: 1 };
  const row = (member: string) => {
    const value = shortened(
      memberOf(line, member) ?? null,
      LONG_BYTES[run] ?? BYTES.toString('base64'),
    );
    const isOfType = schema === VALUES_SCHEMA && isObject(value);
    return printExact(isOfType ? { ...value, created_at: createdAt(run) } : value);
  };
  return `{"before":${row('before')},"after":${row('after')},"source":${JSON.stringify(source)},"op":"${op}"}`;
}

/** The `created_at` of the extension's rows in the run, by which the unit of its timestamps is known. */
function createdAt(run: string): Exact {
  for (const line of [...(DEBEZIUM.get(run) ?? []), ...DEFAULTS]) {
    const time = memberOf(memberOf(line, 'after'), 'created_at');
    if (time !== undefined) return time;
  }
  return null;
}

const LONG_TEXT = 'LONG';
const BYTES = Buffer.from('deadbeef'.repeat(10), 'hex');
/** Stands for long bytes, by the run. */
const LONG_BYTES: Readonly<Record<string, string>> = {
  'binary.handling.mode=hex': BYTES.toString('hex'),
  'binary.handling.mode=base64-url-safe': BYTES.toString('base64').replaceAll('+', '-'),
};

/** Puts short values in place of long ones, of which a recording has length and hash only. */
function shortened(value: Exact, bytes: string, name = ''): Exact {
  if (Array.isArray(value)) return value.map((element: Exact) => shortened(element, bytes));
  if (!isObject(value) || value instanceof Digits) return value;
  if (memberOf(value, 'sha256') !== undefined) return name === 'anexo' ? bytes : LONG_TEXT;
  return Object.fromEntries(
    Object.entries(value).map(([member, inner]) => [member, shortened(inner, bytes, member)]),
  );
}

/** The lines of the slot that has what the run has. */
function slotLines(run: string): Lines {
  const plain = PGOUTPUT.get('PostgreSQL 18') ?? [];
  const variant = run.replace('publish.via.partition', 'publish_via_partition');
  return [...plain, ...(PGOUTPUT.get(`PostgreSQL 18, ${variant}`) ?? [])];
}

/** The events of a slot's recorded lines. */
function slotRows(lines: Lines): CollectingSink {
  const sink = new CollectingSink(RECORDED_TABLES);
  const rows = new SlotRows(sink, RECORDED_SCOPE, 0);
  const oids = new Map<string, number>();
  for (const line of lines) {
    const table = textOf(line, 'table') ?? '';
    const relation = oids.get(table) ?? oids.size + 1;
    oids.set(table, relation);
    const message = messageOf(line, relation);
    rows.take({ tag: 'change', lsn: 1, sentAt: 1, receivedAt: 1, message });
  }
  return sink;
}

function messageOf(line: Exact, relation: number): PgOutputMessage {
  const tuple = (member: string) => tupleOf(memberOf(line, member) ?? null);
  const kind = memberOf(line, 'full') === undefined ? 'key' : 'full';
  const old = memberOf(line, kind) === undefined ? null : ({ kind, tuple: tuple(kind) } as const);
  switch (textOf(line, 'op')) {
    case 'relation': {
      const { schema, relation: name } = relationOf(line);
      const list = memberOf(line, 'columns');
      const columns = (Array.isArray(list) ? list : []).map((column: Exact) => ({
        name: textOf(column, 'name') ?? '',
        key: memberOf(column, 'key') === true,
        type: 0,
        modifier: -1,
      }));
      return { tag: 'relation', relation, schema, name, identity: 'default', columns };
    }
    case 'insert':
      return { tag: 'insert', relation, row: tuple('row') };
    case 'update':
      return { tag: 'update', relation, old, row: tuple('row') };
    case 'delete':
      return { tag: 'delete', relation, old: old! };
    default:
      throw new Error(printExact(line));
  }
}

function tupleOf(row: Exact): Tuple {
  const short = shortened(row, `\\x${BYTES.toString('hex')}`);
  if (!isObject(short)) return [];
  return Object.entries(short).map(([name, value]) => {
    if (isObject(value)) return UNCHANGED;
    // Of an array the recording describes the whole text, not its long element.
    if (name === 'alertas' && value === LONG_TEXT) return `{NULL,"a \\"b\\", c",${LONG_TEXT}}`;
    return typeof value === 'string' ? value : null;
  });
}
