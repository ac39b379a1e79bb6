import type { Client } from 'pg';
import type { BatchOutcome } from '../batch-result.js';
import type { TransactionJournal } from '../transaction-journal.js';

/**
 * Rolls back a batch's transaction on purpose; the batch is to be written again. The ledger has its rows and its xid, so
 * that a pipeline which delivers them is found out.
 */
export async function rollBackOnPurpose(
  client: Client,
  journal: TransactionJournal,
  outcome: BatchOutcome,
): Promise<void> {
  journal.intend([{ ...outcome, rows: [], events: 0, hazards: { names: ['rollback'] } }]);
  try {
    await client.query('ROLLBACK');
  } finally {
    // Also when the connection is lost: no COMMIT was sent.
    journal.withdraw(1);
  }
}
