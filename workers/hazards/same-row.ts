import { ALWAYS, type EventSpec } from '../../src/schema/event.js';
import { changesKey } from '../../src/schema/key.js';
import type { Schema } from '../../src/schema/schema.js';
import { idOf } from '../../src/schema/table.js';
import type { Host } from './batch-hazards.js';
import { change, insertion, newRows } from './new-rows.js';
import type { HazardTransaction } from './transaction.js';

/** Rows that are made to find one that can be updated: many are closed from the start. */
const TRIES = 4;

/** Inserts a row, updates it, deletes it and inserts it again as it first was. */
export async function rewriteRow(transaction: HazardTransaction, host: Host): Promise<void> {
  const { tools } = transaction;
  const { schema, maker, now } = tools;
  const spec = rewritten(schema, host.batch.spec);
  if (spec === null) return;
  const { columns, momentOf, values } = spec.change;
  const rows = await newRows(tools, spec, TRIES);
  const row = rows.find((made) => momentOf(made) !== null);
  if (row === undefined) return;
  const table = schema.tables.get(spec.table);
  const key = [idOf(row)];
  const update = [...key, ...values(maker, { key, at: momentOf(row)! }, now)];
  const open = { type: `again-${spec.type}`, change: { columns, open: ALWAYS }, deletable: ALWAYS };
  await transaction.write([
    insertion(table, [row]),
    change(table, 'update', [update], open),
    change(table, 'delete', [key], open),
    insertion(table, [row]),
  ]);
  transaction.note('same-row');
}

/** The event type whose row is rewritten: the batch's own, but for tables that others reference or that link two. */
function rewritten(schema: Schema, own: EventSpec): EventSpec | null {
  const table = schema.tables.get(own.table);
  const isAlone = table.parent === null && table.links === null;
  if (table.keyKind === 'id' && isAlone && !changesKey(table, own.change.columns)) return own;
  const { bulk } = schema.hazards;
  return bulk === null ? null : schema.event(bulk);
}
