import type { DatabaseFacts, TableFacts, TriggerFacts } from '../database/facts.js';
import type { Operation } from '../schema/changes.js';
import type { TableName } from '../schema/table.js';
import type { Tables } from '../schema/tables.js';
import type { Returning } from './protocol.js';

/** A trigger that may change or drop rows before they are stored. */
export interface RowTrigger {
  readonly table: TableName;
  readonly name: string;
  /** The writes of the generator that fire it; never empty. */
  readonly operations: readonly Operation[];
}

/** Writes that store a row. A delete leaves no row to read back. */
const STORING: readonly Operation[] = ['insert', 'update'];

/**
 * The triggers that may change or drop rows of the generator. Only BEFORE ROW triggers can: rules and
 * other triggers make changes of their own, and generated columns are not the generator's.
 */
export function rowTriggersOf(facts: DatabaseFacts, tables: Tables): RowTrigger[] {
  return tables.flatMap(({ name: table }) => {
    const ofTable = facts.tables[table]!;
    return ofTable.triggers.flatMap((trigger) => {
      const operations = STORING.filter((operation) => actsOn(ofTable, trigger, operation));
      return operations.length > 0 ? [{ table, name: trigger.name, operations }] : [];
    });
  });
}

/** The writes whose rows must be read back, because triggers may have changed them. */
export function returningOf(facts: DatabaseFacts, tables: Tables): Returning {
  const triggers = rowTriggersOf(facts, tables);
  return Object.fromEntries(
    tables.names.flatMap((table) => {
      const own = triggers.filter((trigger) => trigger.table === table);
      const operations = STORING.filter((operation) =>
        own.some((trigger) => trigger.operations.includes(operation)),
      );
      return operations.length > 0 ? [[table, operations]] : [];
    }),
  );
}

function actsOn(
  { partitions }: TableFacts,
  { timing, level, operations }: TriggerFacts,
  operation: Operation,
): boolean {
  if (timing !== 'before' || level !== 'row') return false;
  if (operations.includes(operation)) return true;
  // An update that moves a row to another partition is an INSERT there, with its triggers.
  return operation === 'update' && partitions.length > 0 && operations.includes('insert');
}
