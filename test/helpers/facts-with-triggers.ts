import type { DatabaseFacts, TableFacts, TriggerFacts } from '../../src/database/facts.js';
import type { TableName } from '../../src/schema/table.js';
import { hospital } from './hospital.js';

/** The facts of a database that has only the schema and these triggers. */
export function factsWithTriggers(
  triggers: Partial<Record<TableName, readonly TriggerFacts[]>>,
  partitions: TableFacts['partitions'] = [],
): DatabaseFacts {
  const tables = hospital.tables.record(
    ({ name }): TableFacts => ({
      schema: 'public',
      partitions,
      identity: { kind: 'default', index: null, tells_id: true },
      triggers: triggers[name] ?? [],
      rules: [],
      policies: null,
      generated: [],
      cascades: [],
    }),
  );
  return {
    at: '2026-01-31T08:15:00.000Z',
    search_path: 'public',
    role: 'postgres',
    tables,
    publications: [],
  };
}

/** A trigger that fires before each row of these operations. */
export function beforeRow(
  name: string,
  ...operations: TriggerFacts['operations'][number][]
): TriggerFacts {
  return { name, timing: 'before', operations, level: 'row', deferred: false };
}
