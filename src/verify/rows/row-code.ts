import { TABLE_CODES, TABLE_NAMES, type TableName } from '../../schemas/hospital/tables.js';
import type { EventOperation } from '../../sources/source.js';

const OPERATION_CODES: Readonly<Record<EventOperation, number>> = {
  insert: 0,
  update: 1,
  delete: 2,
  snapshot: 3,
};
const OPERATIONS = Object.keys(OPERATION_CODES).length;

/** How many tables times operations there are. */
const KINDS = TABLE_NAMES.length * OPERATIONS;

/** A table and what was done to its row, as one number below KINDS. */
function kindOf(table: TableName, operation: EventOperation): number {
  return TABLE_CODES[table] * OPERATIONS + OPERATION_CODES[operation];
}

/** A row and what was done to it, as one number: exact for the ids of a ledger. */
export function rowCode(table: TableName, operation: EventOperation, key: number): number {
  return key * KINDS + kindOf(table, operation);
}
