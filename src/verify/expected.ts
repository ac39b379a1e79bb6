import { parseLsn } from '../cdc/lsn.js';
import type { TableName } from '../hospital/tables.js';
import type { KeysOf, LedgerHeader } from '../ledger/format.js';
import { countKeys, decodeKeys } from '../ledger/keys.js';
import type { LedgerTransaction } from '../ledger/transactions.js';
import { OPERATIONS, type Operation } from '../threads/tally.js';

/** A transaction of the ledger that may come out of a pipeline. */
export interface Expected {
  /** `open`: the ledger does not say whether it was committed. */
  readonly fate: 'committed' | 'aborted' | 'open';
  /** The low half of the transaction's id, as events have it; null where nobody told. */
  readonly xid: number | null;
  readonly worker: number;
  /** Its place among the transactions of its worker: rises, with gaps. */
  readonly sequence: number;
  /** Behind its changes and before its COMMIT's record, in bytes; null where nobody told. */
  readonly lsn: number | null;
  /** When it was about to be committed, on a clock that all workers of the run share: milliseconds. */
  readonly sentAt: number;
  /** When the answer was there: whatever is sent later is committed later. Infinity where none came. */
  readonly answeredAt: number;
  readonly rows: KeysOf;
  readonly dropped: KeysOf;
  readonly digest: string;
  /** Where the ledger has it. */
  readonly file: string;
  readonly intent: number;
}

/** Intents a connection may come to. */
const SEQUENCES = 2 ** 32;
const LOW_HALF = 0xffff_ffffn;

/** What of a ledger's transaction the events of a pipeline can be held against. */
export function expectedOf(
  { intent, outcome, answeredMs, xid, lsn, dropped }: LedgerTransaction,
  header: LedgerHeader,
  file: string,
): Expected {
  const began = header.clock_ms ?? Date.parse(header.started);
  return {
    fate: outcome === 'unknown' ? 'open' : outcome,
    xid: lowHalf(xid),
    worker: header.worker,
    sequence: header.connection * SEQUENCES + intent.intent,
    lsn: lsnNumber(lsn),
    sentAt: began + intent.at,
    answeredAt: answeredMs === null ? Number.POSITIVE_INFINITY : began + answeredMs,
    rows: intent.rows,
    dropped,
    digest: intent.digest,
    file,
    intent: intent.intent,
  };
}

/** The 32 bits of an xid8 that events have. */
export function lowHalf(xid: string | null): number | null {
  return xid === null ? null : Number(BigInt(xid) & LOW_HALF);
}

/** In bytes: exact below 2^53, of which no server has written so much. Null for what is no LSN. */
function lsnNumber(text: string | null): number | null {
  const lsn = text === null ? null : parseLsn(text);
  return lsn === null ? null : Number(lsn);
}

/** How many rows a transaction changed. */
export function countRows({ rows, dropped }: Pick<Expected, 'rows' | 'dropped'>): number {
  return countOf(rows) - countOf(dropped);
}

function countOf(rows: KeysOf): number {
  let count = 0;
  for (const lists of Object.values(rows)) {
    for (const keys of Object.values(lists)) count += countKeys(keys);
  }
  return count;
}

/** Calls `each` with the rows that a transaction changed: their keys, ascending, of each table and operation. */
export function forEachList(
  { rows, dropped }: Pick<Expected, 'rows' | 'dropped'>,
  each: (table: TableName, operation: Operation, keys: readonly number[]) => void,
): void {
  for (const table of Object.keys(rows) as TableName[]) {
    for (const operation of OPERATIONS) {
      const keys = rows[table]?.[operation];
      if (keys === undefined) continue;
      const fell = dropped[table]?.[operation];
      const gone = fell === undefined ? null : new Set(decodeKeys(fell));
      const all = decodeKeys(keys);
      each(table, operation, gone === null ? all : all.filter((key) => !gone.has(key)));
    }
  }
}

/** Calls `each` for every row that a transaction changed. */
export function forEachRow(
  expected: Pick<Expected, 'rows' | 'dropped'>,
  each: (table: TableName, operation: Operation, key: number) => void,
): void {
  forEachList(expected, (table, operation, keys) => {
    for (const key of keys) each(table, operation, key);
  });
}
