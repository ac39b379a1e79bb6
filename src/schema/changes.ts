import type { TableName } from './table.js';
import type { Tables } from './tables.js';

export const OPERATIONS = ['insert', 'update', 'delete'] as const;
export type Operation = (typeof OPERATIONS)[number];

export type RowCounts = Record<TableName, Record<Operation, number>>;

/** Committed rows of one table, written in one way. */
export interface WrittenRows {
  readonly table: TableName;
  readonly operation: Operation;
  readonly count: number;
}

/** Zero for every table and operation. */
export function noRows(tables: Tables): RowCounts {
  return tables.record(() => ({ insert: 0, update: 0, delete: 0 }));
}
