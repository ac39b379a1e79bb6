import type { HazardEffects } from '../../src/run/worker-stats.js';
import type { Operation } from '../../src/schema/changes.js';
import type { TableName } from '../../src/schema/table.js';
import type { BatchOutcome } from '../batch-result.js';

const SIGN: Readonly<Record<Operation, number>> = { insert: 1, update: 0, delete: -1 };

/** The effects of a transaction beside the load; null if all of it is of the load. */
export function hazardEffects({ changes, rows, hazards }: BatchOutcome): HazardEffects | null {
  if (hazards === null && rows.length > 0) return null;
  const growth = new Map<TableName, number>();
  const add = (table: TableName, count: number) =>
    growth.set(table, (growth.get(table) ?? 0) + count);
  for (const change of changes) add(change.table, SIGN[change.operation] * change.rows.length);
  for (const { table, operation, count } of hazards?.encoded ?? []) {
    add(table, SIGN[operation] * count);
  }
  for (const { table, operation, count } of rows) add(table, -SIGN[operation] * count);
  return { names: hazards?.names ?? [], growth };
}
