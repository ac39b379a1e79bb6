import { findLeft, leave, readMembership, rejoin } from '../../src/database/membership.js';
import type { SchemaChangeRecord } from '../../src/ledger/format.js';
import { limitWait } from './lock-wait.js';
import type { HazardTransaction } from './transaction.js';

/**
 * Takes a table out of a publication, or brings it back. Under a lock that no writer of the table has beside it: all
 * rows of a transaction are published, or none. Null where the table is in the publication no longer, or not by name.
 */
export async function publication(
  transaction: HazardTransaction,
  name: string,
): Promise<SchemaChangeRecord | null> {
  const { client, schema } = transaction.tools;
  const { unpublish } = schema.hazards;
  if (unpublish === null) return null;
  const table = schema.tables.get(unpublish);
  await limitWait(client);
  await client.query(`LOCK TABLE ${unpublish} IN SHARE ROW EXCLUSIVE MODE`);
  const left = await findLeft(client, table);
  if (left !== null) {
    await client.query(rejoin(schema.tables, left));
    return { change: 'publish', table: unpublish, publication: left.publication };
  }
  const membership = await readMembership(client, name, table);
  if (membership === null) return null;
  await client.query(leave(schema.tables, membership));
  return { change: 'unpublish', table: unpublish, publication: name };
}
