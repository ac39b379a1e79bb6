import { limitWait } from './lock-wait.js';
import type { HazardTransaction } from './transaction.js';

/**
 * Empties tables while others write to them, by one statement. Its lock is held until the end: of two transactions, the
 * one with the lower LSN in the ledger committed first.
 */
export async function truncate(transaction: HazardTransaction): Promise<void> {
  const { client, schema } = transaction.tools;
  const { truncate: tables } = schema.hazards;
  await limitWait(client);
  await client.query(`TRUNCATE ${tables.join(', ')}`);
  transaction.setTruncated(tables);
}
