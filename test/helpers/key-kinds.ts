import { formatTimestamp, parseTimestamp } from '../../src/lib/calendar.js';
import { defineColumn, defineTable } from '../../src/schema/define.js';
import { ALWAYS, type EventSpec, UNREFERENCED } from '../../src/schema/event.js';
import { NO_HAZARDS } from '../../src/schema/hazards.js';
import { type BaseSchemaSpec, Schema } from '../../src/schema/schema.js';
import { type Column, columnIndex, type Row, type TableSpec } from '../../src/schema/table.js';
import type { TestDatabase } from './database.js';

/*
 * A schema with a table of each kind of key: a number with columns of every type, several columns on partitions, a
 * uuid, a text that updates change and that other rows follow, and none.
 */

/** The types that some pipelines cannot carry whole. */
const LOSSY: readonly string[] = [
  'numeric',
  'numeric(12,2)',
  'real',
  'double precision',
  'interval',
];

function column(name: string, type: string, notNull = true): Column {
  return defineColumn(name, type, { notNull, lossy: LOSSY.includes(type) });
}

function table(
  name: string,
  columns: readonly Column[],
  key: readonly string[],
  more: Partial<TableSpec> = {},
): TableSpec {
  const sequence = key[0] === 'id' ? null : `${name}_number`;
  return defineTable({ number: 0, name, columns, key, sequence, ...more });
}

const TIMESTAMP = 'timestamp without time zone';

const OWNERS = table('owners', [column('id', 'bigint'), column('since', TIMESTAMP)], ['id'], {
  parent: {
    since: 'since',
    make: (_maker, id, at) => [id, formatTimestamp(at)],
    seededAt: (_maker, _id, reference) => reference,
  },
});

const NOTES = table(
  'notes',
  [
    column('id', 'bigint'),
    column('owner', 'bigint'),
    column('day', 'date'),
    column('at', TIMESTAMP),
    column('doc', 'jsonb', false),
    column('bytes', 'bytea', false),
    column('tags', 'text[]', false),
    column('exact', 'numeric', false),
    column('money', 'numeric(12,2)', false),
    column('small', 'real', false),
    column('wide', 'double precision', false),
    column('span', 'interval', false),
    column('mood', 'mood', false),
    column('code', 'character(4)', false),
    column('host', 'inet', false),
    column('stay', 'daterange', false),
    column('done', 'boolean', false),
    column('rank', 'integer', false),
    column('moment', 'timestamp with time zone', false),
    column('body', 'text', false),
  ],
  ['id'],
  {
    foreignKeys: [{ column: 'owner', references: 'owners' }],
    serverColumns: [{ name: 'words', type: 'tsvector', set: 'derived' }],
  },
);

const SIGNS = table(
  'signs',
  [column('owner', 'bigint'), column('at', 'timestamp with time zone'), column('value', 'numeric')],
  ['owner', 'at'],
  { foreignKeys: [{ column: 'owner', references: 'owners' }], partitioned: true },
);

const ORDERS = table(
  'orders',
  [column('code', 'uuid'), column('owner', 'bigint'), column('state', 'mood')],
  ['code'],
  { foreignKeys: [{ column: 'owner', references: 'owners' }] },
);

const ITEMS = table(
  'billing."Line Items"',
  [
    column('Código', 'character varying(24)'),
    column('Parent Item', 'character varying(24)', false),
    column('owner', 'bigint'),
    column('amount', 'numeric(12,2)'),
  ],
  ['Código'],
  {
    schema: 'billing',
    relation: 'Line Items',
    sequence: 'billing."Line Items_number"',
    foreignKeys: [
      { column: 'Parent Item', references: 'billing."Line Items"' },
      { column: 'owner', references: 'owners' },
    ],
  },
);

const LOG = table(
  'log',
  [
    column('day', 'date'),
    column('Who', 'character varying(40)'),
    column('what', 'text', false),
    column('seen', 'boolean'),
  ],
  [],
);

/** SQL that creates the tables. */
const DDL = `
  CREATE TABLE owners (id bigserial PRIMARY KEY, since timestamp NOT NULL);
  CREATE TYPE mood AS ENUM ('calm', 'so so', 'à flor da pele');
  CREATE TABLE notes (
    id bigserial PRIMARY KEY, owner bigint NOT NULL REFERENCES owners, day date NOT NULL, at timestamp NOT NULL,
    doc jsonb, bytes bytea, tags text[], exact numeric, money numeric(12,2), small real, wide double precision,
    span interval, mood mood, code char(4), host inet, stay daterange, done boolean, rank integer, moment timestamptz,
    body text, words tsvector GENERATED ALWAYS AS (to_tsvector('simple', left(body, 100))) STORED);
  CREATE TABLE signs (
    owner bigint NOT NULL REFERENCES owners, at timestamptz NOT NULL, value numeric NOT NULL,
    PRIMARY KEY (owner, at)) PARTITION BY RANGE (at);
  CREATE TABLE signs_old PARTITION OF signs FOR VALUES FROM (MINVALUE) TO ('2026-06-01 00:00:00+00');
  CREATE TABLE signs_new PARTITION OF signs FOR VALUES FROM ('2026-06-01 00:00:00+00') TO (MAXVALUE);
  CREATE SEQUENCE signs_number;
  CREATE TABLE orders (code uuid PRIMARY KEY, owner bigint NOT NULL REFERENCES owners, state mood NOT NULL);
  CREATE SEQUENCE orders_number;
  CREATE SCHEMA billing;
  CREATE TABLE billing."Line Items" (
    "Código" varchar(24) PRIMARY KEY,
    "Parent Item" varchar(24) REFERENCES billing."Line Items" ON UPDATE CASCADE,
    owner bigint NOT NULL REFERENCES owners, amount numeric(12,2) NOT NULL);
  CREATE SEQUENCE billing."Line Items_number";
  CREATE TABLE log (day date NOT NULL, "Who" varchar(40) NOT NULL, what text, seen boolean NOT NULL);
  ALTER TABLE log REPLICA IDENTITY FULL;
  CREATE SEQUENCE log_number;
  CREATE INDEX ON log (day, "Who")`;

/** Creates the tables of `KEY_KINDS`, beside the hospital's. */
export async function createKeyKinds({ query }: TestDatabase): Promise<void> {
  await query(DDL);
}

/** Two digits. */
const two = (number: number) => String(number).padStart(2, '0');

/** A day of 2026 with a time of microseconds that no other number has. */
function moment(number: number): string {
  const micros = String(number % 1_000_000)
    .padStart(6, '0')
    .replace(/0+$/, '');
  const fraction = micros === '' ? '' : `.${micros}`;
  return `2026-${two(1 + (number % 12))}-${two(1 + (number % 28))} 08:${two(number % 60)}:00${fraction}+00`;
}

const pick = <T>(list: readonly T[], number: number): T => list[number % list.length]!;
const MOODS = ['calm', 'so so', 'à flor da pele'];
const AMOUNTS = ['1.10', '-0.05', '9999999999.99', 'NaN'];

/** Values that are hard to send, as PostgreSQL prints them. */
export const HARD_NOTE: Record<string, readonly (string | number | null)[]> = {
  day: ['2026-01-31', 'infinity', '-infinity', '0044-03-15 BC', '10000-01-01'],
  at: [
    '2026-01-31 08:15:00',
    '2026-01-31 08:15:00.000001',
    '0044-03-15 00:00:00.5 BC',
    '294276-12-31 23:59:59.999999',
    'infinity',
    '-infinity',
  ],
  doc: ['{"a": [1, 2.50, null], "é": "\\"😀\\""}', '[]', 'null', null],
  bytes: ['\\x', '\\x00ff27', null],
  tags: ['{}', '{NULL,"NULL","a,b","c\\"d\\\\e",""}', null],
  exact: ['1.10', '1.1', 'NaN', '-0.500', '123456789012345678901234567890.5', null],
  money: ['0.00', '9999999999.99', 'NaN', null],
  small: ['Infinity', '-Infinity', 'NaN', '-0', '1e+30', '1e-07', null],
  wide: ['0.1', '1e-07', '-Infinity', 'NaN', null],
  span: ['1 mon -2 days +03:04:05.000006', '00:00:00', '-1 days', null],
  mood: [...MOODS, null],
  code: ['a   ', 'ab c', '    ', null],
  host: ['10.0.0.1', '10.0.0.0/8', '2001:db8::1', '2001:db8::/32', null],
  stay: ['[2026-01-01,2026-02-01)', '(,)', '[2026-01-01,)', '[2026-01-01,infinity)', null],
  done: ['t', 'f', null],
  rank: [0, -2147483648, null],
  moment: ['2026-01-31 08:15:00.123456+00', 'infinity', '0001-01-01 00:00:00+00 BC', null],
  body: ['', 'x'.repeat(5000), '😀 "ção"\n', null],
};

function noteOf(number: number, owner: number): Row {
  const values = NOTES.columns.slice(2).map(({ name }) => pick(HARD_NOTE[name]!, number));
  return [number, owner, ...values];
}

const at = "'2026-01-01'::timestamp";
const sometime = Date.UTC(2026, 0, 1);

const note: EventSpec = {
  type: 'note',
  table: 'notes',
  weight: 1,
  parents: ['owners'],
  insert: (_maker, id, { owners: owner }) => noteOf(id, owner!.id),
  change: {
    columns: ['doc', 'tags', 'span'],
    open: ALWAYS,
    at,
    momentOf: () => sometime,
    values: (_maker, { key }, now) => {
      const number = Number(key[0]) + now;
      return ['doc', 'tags', 'span'].map((name) => pick(HARD_NOTE[name]!, number));
    },
  },
  deletable: ALWAYS,
};

const sign: EventSpec = {
  type: 'sign',
  table: 'signs',
  weight: 1,
  parents: ['owners'],
  insert: (_maker, id, { owners: owner }) => [owner!.id, moment(id), `${id}.50`],
  change: {
    columns: ['value'],
    open: "value <> 'NaN'",
    at: 'at',
    momentOf: (row) => parseTimestamp(String(row[1]).slice(0, 19)),
    values: (_maker, { key }) => [Number(key[0]) % 2 === 0 ? 'NaN' : '7.70'],
  },
  deletable: ALWAYS,
};

const order: EventSpec = {
  type: 'order',
  table: 'orders',
  weight: 1,
  parents: ['owners'],
  insert: (_maker, id, { owners: owner }) => {
    const code = `00000000-0000-4000-8000-${String(id).padStart(12, '0')}`;
    return [code, owner!.id, pick(MOODS, id)];
  },
  change: {
    columns: ['state'],
    open: ALWAYS,
    at,
    momentOf: () => sometime,
    values: (_maker, { key }, now) => [pick(MOODS, String(key[0]).length + now)],
  },
  deletable: ALWAYS,
};

/** Each third item is a part of the one before it. An update gives an item another key, except each fourth. */
const item: EventSpec = {
  type: 'item',
  table: ITEMS.name,
  weight: 1,
  parents: ['owners'],
  insert: (_maker, id, { owners: owner }, _now, previous) => {
    const parent = id % 3 === 0 ? (previous?.[0] ?? null) : null;
    // Some come before their parent in the order of keys, some after it.
    const first = id % 6 === 0 ? 'a' : 'ç';
    return [`${first}-${id}`, parent, owner!.id, pick(AMOUNTS, id)];
  },
  change: {
    columns: ['Código', 'amount'],
    open: ALWAYS,
    at,
    momentOf: () => sometime,
    values: (_maker, { key: [code] }, now) => {
      const [first, number, version = '0'] = String(code).split('-');
      const next = `${first}-${number}-${Number(version) + 1}`;
      return [Number(number) % 4 === 0 ? code! : next, pick(AMOUNTS, now)];
    },
  },
  deletable: UNREFERENCED,
};

/** Few different rows: most are there several times. */
const entry: EventSpec = {
  type: 'entry',
  table: 'log',
  weight: 1,
  parents: [],
  insert: (_maker, id) => [
    pick(['2026-01-31', '-infinity'], id),
    pick(['ana', 'rui', ''], id),
    pick(['read', null, ''], id),
    'f',
  ],
  change: {
    columns: ['seen', 'what'],
    open: 'NOT seen',
    at: 'greatest(day, ' + "'2026-01-01')::timestamp",
    momentOf: (row) => (row[columnIndex(LOG, 'seen')] === 'f' ? sometime : null),
    values: (_maker, { key }) => ['t', key[2] ?? 'unknown'],
  },
  deletable: ALWAYS,
};

const BASE: BaseSchemaSpec = {
  name: 'key-kinds',
  tables: [OWNERS, NOTES, SIGNS, ORDERS, ITEMS, LOG],
  events: [note, sign, order, item, entry],
  rules: [],
  scripts: [],
  schemas: ['billing'],
  drop: [],
  characters: '',
  hazards: NO_HAZARDS,
  filler: 'owners',
  firstChanging: {},
  samplePools: () => Promise.resolve({}),
};

export const KEY_KINDS: Schema = new Schema(BASE, []);
