import { TABLES } from '../../src/hospital/tables.js';
import { SERVER_COLUMNS } from '../../src/intake/event.js';
import type { ToldRow } from './told-row.js';

const OPS = { insert: 'c', update: 'u', delete: 'd', snapshot: 'r' } as const;
const DAY_MS = 86_400_000;

/** An event of the reference consumer as Debezium would write it: a plain envelope, one line. */
export function debeziumLine(event: ToldRow): string {
  const { operation, table, xid, lsn, order, watermark, committedAt, connectorAt, key } = event;
  const after = operation === 'delete' ? 'null' : rowText(event);
  const before = operation === 'delete' ? `{"id":${key}}` : 'null';
  const sequence = JSON.stringify(JSON.stringify([String(watermark), String(lsn)]));
  const source = `{"ts_us":${committedAt},"schema":"public","table":"${table}","txId":${xid},"lsn":${lsn},"sequence":${sequence},"snapshot":"false"}`;
  return `{"before":${before},"after":${after},"source":${source},"transaction":{"id":"${xid}:${lsn}","total_order":${order},"data_collection_order":1},"op":"${OPS[operation]}","ts_us":${connectorAt}}`;
}

function rowText({ table, values }: ToldRow): string {
  const columns = [
    ...TABLES[table].columns,
    ...SERVER_COLUMNS.map((name) => ({ name, type: 'timestamp' as const })),
  ];
  const members = columns.map(({ name, type }, i) => {
    const value = values?.[i];
    if (value === null || value === undefined) return `"${name}":null`;
    if (type === 'bigint') return `"${name}":${value}`;
    if (type === 'varchar') return `"${name}":${JSON.stringify(value)}`;
    if (type === 'timestamp') return `"${name}":${microsOf(value)}`;
    return `"${name}":${Date.parse(`${value}T00:00:00Z`) / DAY_MS}`;
  });
  return `{${members.join(',')}}`;
}

/** Microseconds since 1970 of a timestamp as PostgreSQL prints it. */
function microsOf(text: string): string {
  const [whole = '', fraction = ''] = text.split('.');
  const seconds = Date.parse(`${whole.replace(' ', 'T')}Z`) / 1000;
  return `${seconds}${fraction.padEnd(6, '0')}`;
}
