import { OPERATIONS, type Operation } from '../legacy/changes.js';
import { EVENT_TYPES } from '../legacy/events/index.js';
import { TABLE_NAMES, type TableName } from '../legacy/tables.js';
import { HISTOGRAM_BYTES } from '../lib/histogram.js';
import { MOST_PENDING } from '../postgres/pending.js';

/*
 * The shared memory of a worker's statistics: numbers, then histograms. Positions count in doubles.
 */

export const COUNTERS = [
  /** Events of batches that are over: committed or rejected. */
  'attempted',
  'committed',
  'rolledBack',
  'retries',
  'reconnects',
  /** COMMITs without an answer whose fate stayed unknown. */
  'unknown',
  /** COMMITs without an answer whose fate was found out afterwards. */
  'settled',
  /** Events that were due and not sent, because the server had not kept up. */
  'shed',
] as const;
export type Counter = (typeof COUNTERS)[number];
/** The counters that the outcome of a transaction may change. */
export const SETTLED_COUNTERS = [
  'committed',
  'rolledBack',
  'unknown',
  'attempted',
  'settled',
] as const;

/** A number of rows for each table and operation. */
export const CELLS = TABLE_NAMES.length * OPERATIONS.length;
/** SQLSTATEs that are counted apart; further ones count as the last. */
export const REJECTION_SLOTS = 16;

/** A pending transaction: its xid, 0 while it is unknown; … */
export const ENTRY_XID = 0;
/** … its witness: table, operation, id; … */
export const ENTRY_WITNESS = 1;
/** … its events; its number in the ledger, 0 without one; and its rows, a cell each. */
export const ENTRY_EVENTS = 4;
export const ENTRY_NUMBER = 5;
export const ENTRY_ROWS = 6;
export const ENTRY = ENTRY_ROWS + CELLS;

/** Ordinals of the first pending transaction and of the next one to be entered; they only grow. */
export const FIRST_PENDING = COUNTERS.length;
export const END_PENDING = FIRST_PENDING + 1;
/** The server process that they run in: its id, and its start in microseconds since 1970. */
export const BACKEND = END_PENDING + 1;
/** Connections that the worker has had, threads that died included. */
export const CONNECTIONS = BACKEND + 2;
/** Events that were due when the worker last looked. */
export const DUE = CONNECTIONS + 1;
/** 1 while the backlog of a lost connection is not worked off. */
export const LOST = DUE + 1;
/** 1 once the main thread cancels the wait of the worker's server process. */
export const MAY_GIVE_UP = LOST + 1;
/** 1 while the first pending transaction is being counted. */
export const SETTLING = MAY_GIVE_UP + 1;
/** The counters, the rows and the first ordinal as they will be once it is counted. */
export const THEN_COUNTERS = SETTLING + 1;
export const THEN_ROWS = THEN_COUNTERS + COUNTERS.length;
export const THEN_FIRST = THEN_ROWS + CELLS;
export const ROWS = THEN_FIRST + 1;
export const REJECTED = ROWS + CELLS;
export const PENDING = REJECTED + 2 * REJECTION_SLOTS;
export const NUMBERS = PENDING + MOST_PENDING * ENTRY;

/** Histograms over all event types, and two for each of their operations. */
export const OVERALL_HISTOGRAMS = 4;
const HISTOGRAMS = OVERALL_HISTOGRAMS + 2 * EVENT_TYPES.length * OPERATIONS.length;
export const BYTES = NUMBERS * 8 + HISTOGRAMS * HISTOGRAM_BYTES;

/** The cell of a table and an operation. */
export function cell(table: TableName, operation: Operation): number {
  return TABLE_NAMES.indexOf(table) * OPERATIONS.length + OPERATIONS.indexOf(operation);
}
