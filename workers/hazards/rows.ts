import { knownIdOf } from '../../src/ids/known-id.js';
import type { EventSpec, KnownId } from '../../src/schema/event.js';
import type { Schema } from '../../src/schema/schema.js';
import type { Row, Table, TableName } from '../../src/schema/table.js';
import type { Write } from '../writes.js';
import { insertion } from './new-rows.js';
import type { HazardTools } from './transaction.js';
import type { NeededIds } from './turn.js';

/** A new row of a table that references no other. */
export function loneRow({ ids, maker, now }: HazardTools, table: Table): Row {
  if (table.parent === null) throw new Error(`${table.name} makes no rows by itself`);
  return table.parent.make(maker, ids.next(table.name), now);
}

/**
 * New rows of an event type. Those of `parent` that they reference are this row; all others are picked. Null where a
 * table to reference is empty.
 */
export function childRows(
  { ids, maker, now }: HazardTools,
  spec: EventSpec,
  count: number,
  parent: { readonly table: Table; readonly row: Row },
): Row[] | null {
  const own = knownIdOf(parent.table, parent.row);
  const rows: Row[] = [];
  for (let i = 0; i < count; i++) {
    const references: Record<TableName, KnownId> = {};
    for (const table of spec.parents) {
      const picked = table === parent.table.name ? own : ids.pick(table);
      if (picked === null) return null;
      references[table] = picked;
    }
    rows.push(spec.insert(maker, ids.next(spec.table), references, now, rows.at(-1) ?? null));
  }
  return rows;
}

/** The ids of the rows of `bulkWrites`, called so often with so many rows at most. */
export function bulkIds(
  { filler, hazards, events }: Schema,
  calls: number,
  rows: number,
): NeededIds[] {
  const ids: NeededIds[] = [[filler.name, calls]];
  if (hazards.bulk !== null) ids.push([events.get(hazards.bulk)!.table, calls * (rows - 1)]);
  return ids;
}

/**
 * Inserts of `count` rows of `HazardSpec.bulk`, the first of which is of the filler. The others reference it: a batch that
 * deletes a row of the filler waits for nobody.
 */
export function bulkWrites(tools: HazardTools, count: number): Write[] {
  const { schema } = tools;
  const parent = { table: schema.filler, row: loneRow(tools, schema.filler) };
  const writes = [insertion(parent.table, [parent.row])];
  if (schema.hazards.bulk === null || count < 2) return writes;
  const spec = schema.event(schema.hazards.bulk);
  const rows = childRows(tools, spec, count - 1, parent);
  if (rows !== null) writes.push(insertion(schema.tables.get(spec.table), rows));
  return writes;
}
