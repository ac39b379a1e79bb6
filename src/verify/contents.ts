import { EVENT_TYPES, EVENTS } from '../hospital/events/index.js';
import { TABLE_NAMES, TABLES, type TableName } from '../hospital/tables.js';
import type { EventOperation, RowEvent } from '../intake/event.js';
import { SERVER_COLUMNS } from '../intake/event.js';
import { hashRow } from '../ledger/digest.js';
import type { Operation } from '../threads/tally.js';

/** Places of the columns that an update of the generator sets, behind the key. */
const CHANGED: ReadonlyMap<TableName, readonly number[]> = new Map(
  EVENT_TYPES.map((type) => {
    const { table, change } = EVENTS[type];
    const names = TABLES[table].columns.map(({ name }) => name);
    return [table, [0, ...change.columns.map((column) => names.indexOf(column))]];
  }),
);

/** Places of the columns that the generator writes. */
const WRITTEN: ReadonlyMap<TableName, readonly number[]> = new Map(
  TABLE_NAMES.map((table) => [table, TABLES[table].columns.map((_, i) => i)]),
);

const scratch: (string | number | null)[] = [];

/**
 * The hash of what the generator wrote of this row, as the ledger's digest has it; null where the event
 * does not tell all of it.
 */
export function writtenHash({ operation, table, key, values }: RowEvent): number | null {
  scratch.length = 0;
  if (operation === 'delete') {
    scratch.push(key);
    return hashRow(table, operation, scratch);
  }
  if (operation === 'snapshot' || values === null) return null;
  const places = (operation === 'insert' ? WRITTEN : CHANGED).get(table) ?? [];
  for (const place of places) {
    const value = values[place];
    if (value === undefined) return null;
    scratch.push(value);
  }
  return hashRow(table, operation, scratch);
}

/** The hash of a row's columns, those of the server included; what is not told counts as such. */
export function rowHash(table: TableName, values: RowEvent['values']): number {
  scratch.length = 0;
  const { length } = TABLES[table].columns;
  for (let i = 0; i < length + SERVER_COLUMNS.length; i++) {
    const value = values?.[i];
    scratch.push(value === undefined ? NOT_TOLD : value);
  }
  // Of whatever operation: it is the row that counts.
  return hashRow(table, 'insert', scratch);
}

/** In no value of a row. */
const NOT_TOLD = '\u0001';

const TABLE_CODES = Object.fromEntries(TABLE_NAMES.map((table, i) => [table, i])) as Record<
  TableName,
  number
>;
const OPERATION_CODES: Readonly<Record<EventOperation, number>> = {
  insert: 0,
  update: 1,
  delete: 2,
  snapshot: 3,
};
/** Operations times tables, rounded up. */
const CODES = 32;

/** A row and what was done to it, as one number: exact for the ids of a ledger. */
export function rowCode(
  table: TableName,
  operation: Operation | EventOperation,
  key: number,
): number {
  return key * CODES + TABLE_CODES[table] * 4 + OPERATION_CODES[operation];
}
