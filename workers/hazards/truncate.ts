import type { Every } from '../../src/hazards/hazards.js';
import type { TableName } from '../../src/schema/table.js';
import { limitWait } from './lock-wait.js';
import type { TimedPolicy } from './turn.js';

/**
 * Empties tables while others write to them, by one statement. Its lock is held until the end: of two transactions that
 * write such a table, the one with the lower LSN in the ledger committed first.
 */
export function truncate({ everyMs }: Every, tables: readonly TableName[]): TimedPolicy {
  return {
    everyMs,
    lengthMs: 0,
    happen: (turn) =>
      turn.transact(async (transaction) => {
        transaction.note('truncate');
        await limitWait(turn.client);
        await turn.client.query(`TRUNCATE ${tables.join(', ')}`);
        transaction.setTruncated(tables);
      }),
  };
}
