import { baseType, type TableName } from '../../src/schema/table.js';
import { hospital } from './hospital.js';
import type { ReceivedRow } from './received-row.js';

/** The wrapper of an event. */
export type Shape = 'plain' | 'schema' | 'keyed' | 'cloudevents' | 'flat';

/** The settings of a connector's events. */
export interface LineFormat {
  readonly shape: Shape;
  /** `time.precision.mode`. */
  readonly times: 'adaptive' | 'connect' | 'isostring';
  /** Whether rows have `created_at` and `updated_at`: `column.exclude.list` may leave them out. */
  readonly serverColumns: boolean;
  /** Whether events have `source.db`, `source.schema` and `source.name`. */
  readonly place: boolean;
}

export const PLAIN: LineFormat = {
  shape: 'plain',
  times: 'adaptive',
  serverColumns: true,
  place: true,
};

/** The origin of a row: the database, the schema, and the connector's logical name. */
export interface RowPlace {
  readonly database: string;
  readonly schema: string;
  readonly origin: string;
}

/** An event, with its row's origin where that is not HOME. */
export interface LineRow extends ReceivedRow {
  readonly from?: Partial<RowPlace>;
}

/** The origin of rows in most tests. */
export const HOME: RowPlace = { database: 'hospital_oltp', schema: 'public', origin: 'oltp' };

const OPS = { insert: 'c', update: 'u', delete: 'd', snapshot: 'r' } as const;
const DAY_MS = 86_400_000;

/** An event as Debezium would write it, one line. */
export function debeziumLine(
  event: LineRow,
  format: LineFormat = PLAIN,
  home: RowPlace = HOME,
): string {
  switch (format.shape) {
    case 'plain':
      return envelope(event, format, home);
    case 'schema':
      return `{"schema":${schemaOf(event.table)},"payload":${envelope(event, format, home)}}`;
    case 'keyed':
      return `{"key":{"id":${event.key}},"value":${envelope(event, format, home)}}`;
    case 'cloudevents':
      return cloudEvent(event, format, home);
    case 'flat':
      return flat(event, format, home);
  }
}

function envelope(event: LineRow, format: LineFormat, home: RowPlace): string {
  const { operation, table, xid, lsn, order, connectorAt } = event;
  const members = [
    `"ts_us":${event.committedAt}`,
    `"snapshot":"${snapshotOf(event)}"`,
    ...placeMembers(event, format, home, ['"db"', '"schema"', '"name"']),
    `"table":"${table}"`,
    `"txId":${xid}`,
    `"lsn":${lsn}`,
    `"sequence":${sequenceOf(event)}`,
  ];
  const transaction =
    order === null
      ? 'null'
      : `{"id":"${xid}:${lsn}","total_order":${order},"data_collection_order":1}`;
  return `{${images(event, format)},"source":{${members.join(',')}},"transaction":${transaction},"op":"${OPS[operation]}","ts_us":${connectorAt}}`;
}

function cloudEvent(event: LineRow, format: LineFormat, home: RowPlace): string {
  const { operation, table, xid, lsn, order, committedAt } = event;
  const text = (value: number | null) => (value === null ? 'null' : `"${value}"`);
  const names = ['"iodebeziumdb"', '"iodebeziumschema"', '"iodebeziumname"'] as const;
  const members = [
    `"id":"lsn:${lsn};txId:${xid}"`,
    '"specversion":"1.0"',
    '"type":"io.debezium.connector.postgresql.DataChangeEvent"',
    '"datacontenttype":"application/json"',
    `"iodebeziumop":"${OPS[operation]}"`,
    `"iodebeziumtsus":${text(committedAt)}`,
    `"iodebeziumsnapshot":"${snapshotOf(event)}"`,
    ...placeMembers(event, format, home, names),
    `"iodebeziumtable":"${table}"`,
    `"iodebeziumtxId":${text(xid)}`,
    `"iodebeziumlsn":${text(lsn)}`,
    `"iodebeziumsequence":${sequenceOf(event)}`,
    `"iodebeziumtxid":${order === null ? 'null' : `"${xid}:${lsn}"`}`,
    `"iodebeziumtxtotalorder":${text(order)}`,
    `"data":{${images(event, format)}}`,
  ];
  return `{${members.join(',')}}`;
}

function flat(event: LineRow, format: LineFormat, home: RowPlace): string {
  const { operation, table, xid, lsn, order, committedAt, connectorAt } = event;
  const row = operation === 'delete' ? `"id":${event.key}` : rowMembers(event, format);
  const members = [
    row,
    `"__op":"${OPS[operation]}"`,
    `"__deleted":"${operation === 'delete'}"`,
    `"__table":"${table}"`,
    ...placeMembers(event, format, home, ['"__db"', '"__schema"', '"__name"']),
    `"__lsn":${lsn}`,
    `"__txId":${xid}`,
    `"__source_snapshot":"${snapshotOf(event)}"`,
    `"__source_sequence":${sequenceOf(event)}`,
    `"__source_ts_us":${committedAt}`,
    `"__ts_us":${connectorAt}`,
    `"__transaction_total_order":${order}`,
  ];
  return `{${members.join(',')}}`;
}

function snapshotOf({ snapshot }: LineRow): string {
  return snapshot === null ? 'false' : snapshot === 'row' ? 'true' : snapshot;
}

function sequenceOf({ watermark, lsn }: LineRow): string {
  if (watermark === null && lsn === null) return 'null';
  const text = (value: number | null) => (value === null ? null : String(value));
  return JSON.stringify(JSON.stringify([text(watermark), text(lsn)]));
}

function placeMembers(
  { from }: LineRow,
  { place: isThere }: LineFormat,
  home: RowPlace,
  [database, schema, origin]: readonly [string, string, string],
): string[] {
  if (!isThere) return [];
  const rowPlace = { ...home, ...from };
  return [
    `${database}:"${rowPlace.database}"`,
    `${schema}:"${rowPlace.schema}"`,
    `${origin}:"${rowPlace.origin}"`,
  ];
}

function images(event: LineRow, format: LineFormat): string {
  const isDelete = event.operation === 'delete';
  const after = isDelete ? 'null' : `{${rowMembers(event, format)}}`;
  return `"before":${isDelete ? `{"id":${event.key}}` : 'null'},"after":${after}`;
}

function rowMembers(event: LineRow, format: LineFormat): string {
  const { table, values, key } = event;
  const members: string[] = [];
  const { columns, serverColumns } = hospital.tables.get(table);
  const add = (name: string, type: string, index: number) => {
    const value = index === 0 ? (values?.[0] ?? String(key)) : values?.[index];
    if (value !== undefined || values === null) {
      members.push(`"${name}":${valueText(value ?? null, type, format)}`);
    }
  };
  for (const [i, { name, type }] of columns.entries()) add(name, type, i);
  if (format.serverColumns) {
    for (const [i, { name, type }] of serverColumns.entries()) add(name, type, columns.length + i);
  }
  return members.join(',');
}

function valueText(value: string | null, type: string, { times }: LineFormat): string {
  if (value === null) return 'null';
  switch (baseType(type)) {
    case 'bigint':
      return value;
    case 'character varying':
      return JSON.stringify(value);
    case 'date':
      if (times === 'isostring') return `"${value}Z"`;
      return String(Date.parse(`${value}T00:00:00Z`) / DAY_MS);
    case 'timestamp without time zone':
      if (times === 'isostring') return `"${value.replace(' ', 'T')}Z"`;
      return String(times === 'connect' ? Math.floor(microsOf(value) / 1000) : microsOf(value));
    default:
      throw new Error(`no line has a value of type ${type}`);
  }
}

/** Microseconds since 1970 of a timestamp as PostgreSQL prints it. */
function microsOf(text: string): number {
  const [whole = '', fraction = ''] = text.split('.');
  return Date.parse(`${whole.replace(' ', 'T')}Z`) * 1000 + Number(fraction.padEnd(6, '0'));
}

const CONNECT: Readonly<Record<string, string>> = {
  bigint: 'int64',
  'character varying': 'string',
  date: 'int32',
  'timestamp without time zone': 'int64',
};

/** A schema of Kafka Connect, cut down. */
function schemaOf(table: TableName): string {
  const fields = hospital.tables
    .get(table)
    .columns.map(
      ({ name, type }) => `{"type":"${CONNECT[baseType(type)]}","optional":true,"field":"${name}"}`,
    );
  const row = `{"type":"struct","fields":[${fields.join(',')}],"optional":true,"field":"after"}`;
  return `{"type":"struct","fields":[${row}],"optional":false,"name":"oltp.public.${table}.Envelope"}`;
}
