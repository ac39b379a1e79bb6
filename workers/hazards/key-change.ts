import type { Hazards } from '../../src/hazards/hazards.js';
import { ALWAYS, type EventSpec } from '../../src/schema/event.js';
import type { Family } from '../../src/schema/hazards.js';
import type { Schema } from '../../src/schema/schema.js';
import { idOf, type Row, type Table } from '../../src/schema/table.js';
import type { Write } from '../writes.js';
import { change, insertion } from './new-rows.js';
import { childRows, loneRow } from './rows.js';
import type { HazardTransaction } from './transaction.js';
import type { TimedPolicy, Turn } from './turn.js';

/** Children of each type. */
const CHILDREN = 2;
/** Families that are kept; then the oldest one is deleted. */
const KEPT = 3;

/** A parent and its children, by their ids. No other worker knows of them. */
interface Relatives {
  readonly parent: number;
  readonly children: readonly { readonly spec: EventSpec; readonly ids: readonly number[] }[];
}

/**
 * A key is updated, and the rows that reference it follow by ON UPDATE CASCADE. The hazard makes a family for it, and
 * deletes it some turns later.
 */
export function keyChange(
  { everyMs }: NonNullable<Hazards['key-change']>,
  family: Family,
  schema: Schema,
): TimedPolicy {
  const families: Relatives[] = [];
  return {
    everyMs,
    lengthMs: 0,
    ids: [
      [family.parent, 1],
      ...family.children.map((type) => [schema.event(type).table, CHILDREN] as const),
    ],
    async happen(turn) {
      let relatives = await make(turn, family);
      await turn.transact(async (transaction) => {
        transaction.note('key-change');
        relatives = await rename(transaction, family, relatives);
      });
      families.push(relatives);
      const oldest = families.length > KEPT ? families.shift() : undefined;
      if (oldest === undefined || turn.stopping) return;
      await turn.transact((transaction) => remove(transaction, family, oldest));
    },
  };
}

async function make(turn: Turn, family: Family): Promise<Relatives> {
  let relatives: Relatives | null = null;
  await turn.transact(async (transaction) => {
    const { tools } = transaction;
    const { tables } = tools.schema;
    const table = tables.get(family.parent);
    const row = loneRow(tools, table);
    const writes = [insertion(table, [row])];
    const children = [];
    for (const type of family.children) {
      const spec = tools.schema.event(type);
      const rows = childRows(tools, spec, CHILDREN, { table, row });
      if (rows === null) continue;
      writes.push(insertion(tables.get(spec.table), rows));
      children.push({ spec, ids: rows.map(idOf) });
    }
    await transaction.write(writes);
    relatives = { parent: idOf(row), children };
  });
  if (relatives === null) throw new Error('no family was made');
  return relatives;
}

/** Gives the parent another id. */
async function rename(
  transaction: HazardTransaction,
  family: Family,
  relatives: Relatives,
): Promise<Relatives> {
  const { ids, schema } = transaction.tools;
  const table = schema.tables.get(family.parent);
  const parent = ids.next(table.name);
  await transaction.write([changeOfParent(table, 'update', [relatives.parent, parent])]);
  return { ...relatives, parent };
}

async function remove(
  transaction: HazardTransaction,
  family: Family,
  { parent, children }: Relatives,
): Promise<void> {
  const { tables } = transaction.tools.schema;
  const table = tables.get(family.parent);
  await transaction.write([
    ...children.map(({ spec, ids }) => {
      const rows = ids.map((id) => [id]);
      return change(tables.get(spec.table), 'delete', rows, spec);
    }),
    changeOfParent(table, 'delete', [parent]),
  ]);
}

/** Updates of the parent's key, and deletes without a condition. */
function changeOfParent(table: Table, operation: 'update' | 'delete', row: Row): Write {
  const columns = operation === 'update' ? table.key : [];
  const spec = { type: 'key-change', change: { columns, open: ALWAYS }, deletable: ALWAYS };
  return change(table, operation, [row], spec);
}
