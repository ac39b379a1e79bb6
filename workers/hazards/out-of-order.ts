import type { Host } from './batch-hazards.js';
import type { HazardTransaction } from './transaction.js';

/**
 * Notes a batch whose ids were drawn at random from the lease (`WorkerIds.scatter`): rows with lower ids are committed
 * after its own, and a consumer that polls by the highest id loses them. Not where it inserts none, or where the number
 * is not the key.
 */
export function noteOrder(transaction: HazardTransaction, { batch, outcome }: Host): void {
  const { schema } = transaction.tools;
  const { table: name } = batch.spec;
  const inserts = outcome.changes.some(
    ({ table, operation }) => table === name && operation === 'insert',
  );
  if (!batch.outOfOrder || !inserts || schema.tables.get(name).keyKind !== 'id') return;
  transaction.note('out-of-order');
}
