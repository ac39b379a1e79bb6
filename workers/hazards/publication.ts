import { findLeft, leave, readMembership, rejoin } from '../../src/database/membership.js';
import type { Hazards } from '../../src/hazards/hazards.js';
import type { Table } from '../../src/schema/table.js';
import { limitWait } from './lock-wait.js';
import type { TimedPolicy, Turn } from './turn.js';

/** A table leaves a publication, and comes back in the way it was there. */
export function publication(
  { everyMs, name }: NonNullable<Hazards['publication']>,
  table: Table,
): TimedPolicy {
  return {
    everyMs,
    lengthMs: 0,
    happen: (turn) => change(turn, name, table),
    async undo(turn) {
      if ((await findLeft(turn.client, table)) !== null) await change(turn, name, table);
    },
  };
}

/**
 * Brings the table back where it is out, else takes it out. Under a lock that no writer of the table has beside it: all
 * rows of a transaction are published, or none. Does nothing where the publication has no such table.
 */
async function change(turn: Turn, name: string, table: Table): Promise<void> {
  const { client } = turn;
  const left = await findLeft(client, table);
  const membership = left ?? (await readMembership(client, name, table));
  if (membership === null) return;
  const statements = left === null ? leave(table, membership) : rejoin(table, membership);
  const detail = { change: left === null ? 'unpublish' : 'publish', table: table.name };
  await turn.transact(
    async (transaction) => {
      transaction.note('publication');
      await limitWait(client);
      await client.query(`LOCK TABLE ${table.name} IN SHARE ROW EXCLUSIVE MODE`);
      await client.query(statements);
      transaction.addSchemaChange({ ...detail, publication: membership.publication });
    },
    { ...detail, stays: false },
  );
}
