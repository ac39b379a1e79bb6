import type { Client } from 'pg';
import { sleep } from '../../src/lib/clock.js';
import type { PreparedEnd } from '../../src/postgres/pending.js';
import { finishStatement, prepareStatement } from '../../src/postgres/prepared.js';
import { hasSqlstate, SQLSTATE } from '../../src/postgres/sqlstate.js';
import type { HazardTransaction } from './transaction.js';
import { insertPosition } from './wal-position.js';

/** One prepared transaction in so many is rolled back. */
const ROLLED_BACK = 0.25;
/** A transaction stays prepared for so long at most: others commit meanwhile. */
const PREPARED_MS = 20;

/** Draws how the transaction ends: prepared, and committed or rolled back after that. */
export function drawEnding(transaction: HazardTransaction): void {
  const { random } = transaction.tools;
  transaction.prepared = random() < ROLLED_BACK ? 'rollback' : 'commit';
  transaction.note('two-phase');
}

/** The server had no room for another prepared transaction (`max_prepared_transactions`), and rolled this one back. */
export class NoRoom extends Error {}

/** Prepares the open transaction. False: the server answered that it is rolled back. Throws `NoRoom`. */
export async function prepare(client: Client, gid: string): Promise<boolean> {
  try {
    const { command } = await client.query(prepareStatement(gid));
    return command === 'PREPARE';
  } catch (error) {
    if (!hasSqlstate(error, SQLSTATE.OUT_OF_MEMORY)) throw error;
    throw new NoRoom((error as Error).message, { cause: error });
  }
}

/**
 * Commits or rolls back a prepared transaction after a moment. Returns a WAL position at which its locks were still held.
 * Throws a lost connection where that fails for any reason: the next connection finds it by its name.
 */
export async function finish(
  client: Client,
  gid: string,
  end: PreparedEnd,
  random: () => number,
): Promise<string> {
  try {
    await sleep(random() * PREPARED_MS);
    const lsn = await insertPosition(client);
    await client.query(finishStatement(gid, end));
    return lsn;
  } catch (error) {
    throw new Error(`Connection terminated: ${(error as Error).message}`, { cause: error });
  }
}
