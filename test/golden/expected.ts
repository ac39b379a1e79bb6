import type { TableName } from '../../src/schema/table.js';
import { hospital } from '../helpers/hospital.js';
import { type ExpectedRow, STEPS } from './scenario.js';

/** A change to a row of the hospital, as a source gives it out. */
export interface ExpectedEvent {
  readonly operation: 'insert' | 'update' | 'delete';
  readonly table: TableName;
  /** Decimal text. */
  readonly key: string;
  /** Some columns; null for a delete. */
  readonly values: ExpectedRow | null;
}

/** The events that a source must give out of the scenario, in order. A key that changes is a delete and an insert. */
export function expectedEvents(): ExpectedEvent[] {
  return STEPS.flatMap(({ commits }) => commits.flat()).flatMap((change): ExpectedEvent[] => {
    const [kind, table] = change;
    if (kind === 'message' || kind === 'truncate' || !isHospital(table)) return [];
    if (kind === 'delete') return [deleted(table, change[2])];
    if (kind === 'rekey') return [deleted(table, change[2]), written('insert', table, change[3])];
    return [written(kind, table, change[2])];
  });
}

function deleted(table: TableName, key: string): ExpectedEvent {
  return { operation: 'delete', table, key, values: null };
}

function written(
  operation: 'insert' | 'update',
  table: TableName,
  row: ExpectedRow,
): ExpectedEvent {
  return { operation, table, key: row.id ?? '', values: row };
}

function isHospital(table: string): table is TableName {
  return hospital.tables.names.includes(table);
}
