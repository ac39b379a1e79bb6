import { withConnection } from '../../../src/postgres/connect.js';
import type { ConnectionTarget } from '../../../src/postgres/target.js';
import { messageOf, type Relation, type Tuple, UNCHANGED } from './pgoutput.js';
import { fillerOf, jsonOf, string, unavailableOf } from './values.js';

/** A column as the catalog has it. */
export interface Column {
  readonly name: string;
  /** As `format_type` prints it. */
  readonly type: string;
  readonly notNull: boolean;
  readonly inKey: boolean;
}

/** A change that a slot delivered. */
export interface Change {
  readonly operation: 'insert' | 'update' | 'delete';
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly Column[];
  /** Null: the server sent none. `key`: only the key's columns are known. */
  readonly old: { readonly kind: 'key' | 'full'; readonly tuple: Tuple } | null;
  readonly row: Tuple | null;
  readonly xid: number;
  readonly lsn: bigint;
  /** LSN of the last COMMIT before; null: none. */
  readonly lastCommit: bigint | null;
  /** Microseconds since 1970. */
  readonly committedAt: bigint;
}

/** The steps by which a consumer makes a line of a change; each returns JSON. A fault is in one of them. */
export interface Steps {
  /** Null: NULL. */
  value(column: Column, text: string | null): string;
  /** A value that an update leaves alone, and that the WAL lacks. */
  unchanged(column: Column): string;
  table(name: string): string;
  column(name: string): string;
}

/** The steps without a fault: Debezium's, with `decimal.handling.mode` and `interval.handling.mode` string. */
export const REFERENCE: Steps = {
  value: ({ type }, text) => jsonOf(type, text),
  unchanged: ({ type }) => unavailableOf(type),
  table: (name) => name,
  column: (name) => name,
};

/** Session settings with which pgoutput prints values as the consumers read them. */
export const SESSION = [
  "SET DateStyle = 'ISO, YMD'",
  "SET TimeZone = 'UTC'",
  "SET IntervalStyle = 'postgres'",
  'SET extra_float_digits = 1',
  "SET bytea_output = 'hex'",
].join('; ');

/** Reads all changes of a slot. The publication has the slot's name. */
export function readChanges(target: ConnectionTarget, slot: string): Promise<Change[]> {
  return withConnection(target, async (client) => {
    await client.query(SESSION);
    const { rows } = await client.query<{ lsn: string; data: Buffer }>(
      `SELECT lsn::text, data FROM pg_logical_slot_get_binary_changes($1, NULL, NULL,
         'proto_version', '1', 'publication_names', $2)`,
      [slot, slot],
    );
    const { rows: columns } = await client.query<Column & { readonly place: string }>(
      `SELECT a.attrelid::int || ' ' || a.attname AS place, a.attname AS name, a.attnotnull AS "notNull",
              format_type(a.atttypid, a.atttypmod) AS type,
              coalesce(a.attnum = ANY(i.indkey), false) AS "inKey"
         FROM pg_attribute a LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary
        WHERE a.attnum > 0 AND NOT a.attisdropped`,
    );
    const catalog = new Map(columns.map(({ place, ...column }) => [place, column]));
    return changesOf(rows, ({ oid, columns }) =>
      columns.map(({ name }) => {
        const column = catalog.get(`${oid} ${name}`);
        if (column === undefined) throw new Error(`the catalog lacks the column ${name}`);
        return column;
      }),
    );
  });
}

function changesOf(
  messages: readonly { readonly lsn: string; readonly data: Buffer }[],
  columnsOf: (relation: Relation) => readonly Column[],
): Change[] {
  const relations = new Map<number, Pick<Change, 'schema' | 'table' | 'columns'>>();
  const changes: Change[] = [];
  let begun = { xid: 0, committedAt: 0n };
  let lastCommit: bigint | null = null;
  for (const { lsn, data } of messages) {
    const message = messageOf(data);
    if (message.tag === 'begin') begun = message;
    else if (message.tag === 'commit') lastCommit = message.lsn;
    else if (message.tag === 'relation') {
      const { relation } = message;
      const { schema, name: table } = relation;
      relations.set(relation.oid, { schema, table, columns: columnsOf(relation) });
    } else if (message.tag === 'change') {
      const { operation, old, row } = message;
      const { xid, committedAt } = begun;
      const of = relations.get(message.relation);
      if (of === undefined) throw new Error('a change came before its relation');
      changes.push({ ...of, operation, old, row, xid, committedAt, lastCommit, lsn: lsnOf(lsn) });
    }
  }
  return changes;
}

/** The bytes of an LSN as PostgreSQL prints it. */
export function lsnOf(text: string): bigint {
  const [high = '', low = ''] = text.split('/');
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
}

/** The form of a line. `keyed`: with the message's key beside the event. */
export type LineForm = 'plain' | 'keyed';

/** The events of a change, a line each: a change of the key is a delete and an insert. */
export function linesOf(
  change: Change,
  { steps = REFERENCE, form }: { readonly steps?: Steps; readonly form: LineForm },
  database: string,
): string[] {
  const { operation, old, row } = change;
  const line = (op: 'c' | 'u' | 'd', before: Tuple | null, after: Tuple | null) => {
    const event = `{"before":${rowOf(change, before, steps)},"after":${rowOf(change, after, steps)},"source":${sourceOf(change, steps, database)},"transaction":null,"op":"${op}","ts_us":${change.committedAt + 1n}}`;
    if (form === 'plain') return event;
    return `{"key":${keyOf(change, (after ?? before)!, steps)},"value":${event}}`;
  };
  if (operation === 'delete') return [line('d', old!.tuple, null)];
  if (operation === 'insert') return [line('c', null, row)];
  // Only a changed key comes with the old one; a row without a key comes with the whole old row.
  if (old?.kind === 'key') return [line('d', old.tuple, null), line('c', null, row)];
  return [line('u', old?.tuple ?? null, row)];
}

function rowOf({ columns, old }: Change, tuple: Tuple | null, steps: Steps): string {
  if (tuple === null) return 'null';
  const isKeyOnly = tuple === old?.tuple && old.kind === 'key';
  const members = columns.map((column, i) => {
    const value = tuple[i] ?? null;
    const isUnknown = isKeyOnly && !column.inKey;
    const text =
      value === UNCHANGED
        ? steps.unchanged(column)
        : isUnknown
          ? fillOf(column)
          : steps.value(column, value);
    return `${string(steps.column(column.name))}:${text}`;
  });
  return `{${members.join(',')}}`;
}

function fillOf({ type, notNull }: Column): string {
  return notNull ? fillerOf(type) : 'null';
}

function keyOf({ columns }: Change, tuple: Tuple, steps: Steps): string {
  const members = columns.flatMap((column, i) => {
    const value = tuple[i] ?? null;
    if (!column.inKey || value === UNCHANGED) return [];
    return [`${string(steps.column(column.name))}:${steps.value(column, value)}`];
  });
  return members.length === 0 ? 'null' : `{${members.join(',')}}`;
}

/** The place of an event in the stream: of a row, or of a truncate or message (`xid` null: of no transaction). */
export type Place = Pick<Change, 'schema' | 'table' | 'lsn' | 'lastCommit' | 'committedAt'> & {
  readonly xid: number | null;
};

/** The member `source` of an event, as JSON. */
export function sourceOf(
  { schema, table, xid, lsn, lastCommit, committedAt }: Place,
  steps: Steps,
  database: string,
): string {
  const sequence = JSON.stringify([lastCommit === null ? null : String(lastCommit), String(lsn)]);
  const members = [
    '"version":"3.6.3.Final","connector":"postgresql","name":"reference"',
    `"ts_ms":${committedAt / 1000n},"snapshot":"false","db":${string(database)}`,
    `"sequence":${JSON.stringify(sequence)},"ts_us":${committedAt}`,
    `"schema":${string(schema)},"table":${string(steps.table(table))}`,
    `"txId":${xid},"lsn":${lsn},"xmin":null`,
  ];
  return `{${members.join(',')}}`;
}
