/** The names of prepared transactions: each says which transaction of which ledger it is. */

/** A transaction of a run. */
export interface PreparedName {
  readonly run: string;
  /** From 1, as in the ledger. */
  readonly worker: number;
  /** The number of the worker's connection, from 1. */
  readonly connection: number;
  /** Its number in the ledger of that connection. */
  readonly intent: number;
}

const PREFIX = 'oltp-simulator';

/** The global identifier (GID) of PREPARE TRANSACTION. */
export function gidOf({ run, worker, connection, intent }: PreparedName): string {
  return [PREFIX, run, worker, connection, intent].join('/');
}
