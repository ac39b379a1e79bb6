import type { Client } from 'pg';
import { escapeLiteral } from './driver.js';
import type { PreparedEnd } from './pending.js';
import { hasSqlstate, SQLSTATE } from './sqlstate.js';

/** Transactions that a run prepares (PREPARE TRANSACTION): their names, and their ends. */

/** The part of a name that all runs have in common. */
const PREFIX = 'oltp-simulator';

/** The longest name that PostgreSQL takes, in bytes: GIDSIZE in its sources, without the byte that ends a text. */
const LONGEST_GID = 199;

/** The place of a transaction in the ledger of its run. */
export interface LedgerPlace {
  readonly run: string;
  /** From 1, as are the others. */
  readonly worker: number;
  readonly connection: number;
  readonly intent: number;
}

/** The name that a transaction is prepared under. Throws where the run's name makes it too long. */
export function gidOf({ run, worker, connection, intent }: LedgerPlace): string {
  const gid = `${prefixOf(run)}${worker}/${connection}/${intent}`;
  if (Buffer.byteLength(gid) > LONGEST_GID) throw new Error(`too long for a gid: ${gid}`);
  return gid;
}

function prefixOf(run: string): string {
  return `${PREFIX}/${run}/`;
}

const GID = /^oltp-simulator\/(?<run>[^/]+)\/(?<worker>\d+)\/(?<connection>\d+)\/(?<intent>\d+)$/;

/** Undoes `gidOf`; null: the name is of another program. */
export function parseGid(gid: string): LedgerPlace | null {
  const { run, worker, connection, intent } = GID.exec(gid)?.groups ?? {};
  if (run === undefined) return null;
  return {
    run,
    worker: Number(worker),
    connection: Number(connection),
    intent: Number(intent),
  };
}

/** The names of a run's prepared transactions that are not finished, in this database or another one of the server. */
export async function findPrepared(client: Client, run: string): Promise<string[]> {
  const { rows } = await client.query<{ gid: string }>(
    'SELECT gid FROM pg_prepared_xacts WHERE starts_with(gid, $1) ORDER BY prepared, gid',
    [prefixOf(run)],
  );
  return rows.map(({ gid }) => gid).filter((gid) => parseGid(gid) !== null);
}

/** A prepared transaction that this connection may not finish: only its owner and superusers may, in its database. */
export interface PreparedRefusal {
  readonly gid: string;
  readonly owner: string;
  readonly database: string;
}

/** `absent`: no transaction is prepared under this name. */
export type Finished = 'finished' | 'absent' | PreparedRefusal;

/** Finishes a prepared transaction, if it is still there. Not within a transaction. */
export async function finishPrepared(
  client: Client,
  gid: string,
  end: PreparedEnd,
): Promise<Finished> {
  const { rows } = await client.query<Omit<PreparedRefusal, 'gid'>>(
    'SELECT owner::text, database::text FROM pg_prepared_xacts WHERE gid = $1',
    [gid],
  );
  const [found] = rows;
  if (found === undefined) return 'absent';
  try {
    await client.query(finishStatement(gid, end));
    return 'finished';
  } catch (error) {
    if (hasSqlstate(error, SQLSTATE.UNDEFINED_OBJECT)) return 'absent';
    const isRefused =
      hasSqlstate(error, SQLSTATE.INSUFFICIENT_PRIVILEGE) ||
      hasSqlstate(error, SQLSTATE.FEATURE_NOT_SUPPORTED);
    if (isRefused) return { gid, ...found };
    throw error;
  }
}

/** SQL: ends the transaction's block, which becomes a prepared transaction. */
export function prepareStatement(gid: string): string {
  return `PREPARE TRANSACTION ${escapeLiteral(gid)}`;
}

/** SQL: finishes a prepared transaction. */
export function finishStatement(gid: string, end: PreparedEnd): string {
  return `${end === 'commit' ? 'COMMIT' : 'ROLLBACK'} PREPARED ${escapeLiteral(gid)}`;
}
