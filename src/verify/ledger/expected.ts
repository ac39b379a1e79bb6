import { Fingerprints } from '../../ledger/fingerprint.js';
import type { FingerprintsOf, KeysOf, LedgerHeader } from '../../ledger/format.js';
import { countKeys, decodeKeys, type KeyList, type LedgerKey } from '../../ledger/keys.js';
import type { LedgerTransaction } from '../../ledger/transactions.js';
import { OPERATIONS, type Operation } from '../../schemas/hospital/changes.js';
import type { TableName } from '../../schemas/hospital/tables.js';
import { parseLsn } from '../../sources/slot/lsn.js';

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
  /** What its rows hold, row by row; null in a ledger of version 1. */
  readonly prints: FingerprintsOf | null;
  /** The same in version 1: of all rows together. Null in others. */
  readonly digest: string | null;
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
    prints: intent.prints ?? null,
    digest: intent.digest ?? null,
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

/** Rows of one table that a transaction did one thing to. */
export interface RowList {
  readonly table: TableName;
  readonly operation: Operation;
  readonly keys: readonly LedgerKey[];
  /** Whether keys are ids, in ascending order. */
  readonly ascending: boolean;
  /** By place in `keys`; null where the ledger has none (a delete, version 1). */
  readonly prints: Fingerprints | null;
  /** Places of keys that something on the server did not let in; null: none. */
  readonly dropped: ReadonlySet<number> | null;
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

/** As events have them: every table of the hospital is known by a bigint. */
function keysOf(list: KeyList): readonly LedgerKey[] {
  if (typeof list === 'string') return decodeKeys(list);
  return list.map((text) => {
    const id = Number(text);
    return Number.isSafeInteger(id) ? id : text;
  });
}

/** The rows that a transaction changed, by table and operation. */
export function listsOf({
  rows,
  dropped,
  prints,
}: Pick<Expected, 'rows' | 'dropped' | 'prints'>): RowList[] {
  const lists: RowList[] = [];
  for (const table of Object.keys(rows) as TableName[]) {
    for (const operation of OPERATIONS) {
      const list = rows[table]?.[operation];
      if (list === undefined) continue;
      const keys = keysOf(list);
      const text = prints?.[table]?.[operation];
      const fell = dropped[table]?.[operation];
      const gone = fell === undefined ? null : new Set(keysOf(fell));
      lists.push({
        table,
        operation,
        keys,
        ascending: typeof list === 'string',
        prints: text === undefined ? null : new Fingerprints(text, keys.length),
        dropped:
          gone === null ? null : new Set(keys.flatMap((key, at) => (gone.has(key) ? [at] : []))),
      });
    }
  }
  return lists;
}
