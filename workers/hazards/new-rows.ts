import { parseNumbers } from '../../src/postgres/statements.js';
import type { EventSpec } from '../../src/schema/event.js';
import type { Row, Table } from '../../src/schema/table.js';
import type { AnsweredWrite } from '../batch-result.js';
import { findMissing, withoutOrphans } from '../orphans.js';
import type { Write, WriteSpec } from '../writes.js';
import type { HazardTools } from './transaction.js';

/**
 * Makes rows of an event type with ids of the worker's lease, for the caller to send. The rows that they reference
 * exist: of `count` rows, those are left out whose parent was deleted meanwhile, and all where a table to reference is
 * empty.
 */
export async function newRows(
  { client, schema, ids, builder, now }: HazardTools,
  spec: EventSpec,
  count: number,
): Promise<readonly Row[]> {
  const writes = builder.inserts(spec, count, now);
  if (writes.length !== 1 || writes[0]!.table.name !== spec.table) return [];
  const missing = await findMissing(client, schema.tables, writes);
  for (const [table, gone] of missing) for (const id of gone) ids.gone(table, id);
  return withoutOrphans(writes, missing).kept.flatMap(({ rows }) => rows);
}

/** Whether writes found any of their rows. */
export function wroteAny(answers: readonly AnsweredWrite[]): boolean {
  return answers.some(({ answer }) => parseNumbers(answer?.fields[0] ?? null).length > 0);
}

export function insertion(table: Table, rows: readonly Row[]): Write {
  return { table, operation: 'insert', rows, candidates: [], spec: null };
}

/** An update or delete of rows that the hazard made, or whose state it knows. */
export function change(
  table: Table,
  operation: 'update' | 'delete',
  rows: readonly Row[],
  spec: WriteSpec,
): Write {
  // No batch changes them later: they are candidates only as far as their number counts.
  const candidates = rows.map((key) => ({ key, at: 0 }));
  return { table, operation, rows, candidates, spec };
}
