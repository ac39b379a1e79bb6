import { Fingerprints } from '../../ledger/fingerprint.js';
import type { FingerprintsOf, HazardRecord, KeysOf, LedgerHeader } from '../../ledger/format.js';
import { countKeys, decodeKeys } from '../../ledger/keys.js';
import type { LedgerTransaction } from '../../ledger/transactions.js';
import { lsnBytes } from '../../postgres/lsn.js';
import { OPERATIONS, type Operation } from '../../schema/changes.js';
import type { Key, Table } from '../../schema/table.js';
import type { Tables } from '../../schema/tables.js';

/** A transaction of the ledger, whose events a pipeline may deliver. */
export interface Expected {
  /** `open`: the ledger does not record whether it was committed. */
  readonly fate: 'committed' | 'aborted' | 'open';
  /** The low 32 bits of its xid, as in events; null: not recorded. */
  readonly xid: number | null;
  readonly worker: number;
  /** Its ordinal among the transactions of its worker: rises, with gaps. */
  readonly sequence: number;
  /**
   * In bytes, after its changes and before its COMMIT record; null: not recorded. Of a prepared one: before its COMMIT
   * PREPARED, and after the worker's transactions that were committed before it.
   */
  readonly lsn: number | null;
  /** When COMMIT was sent, on a clock that all workers of the run share: milliseconds. */
  readonly sentAt: number;
  /** When the answer arrived: a COMMIT sent later is committed later. Infinity: no answer. */
  readonly answeredAt: number;
  readonly rows: KeysOf;
  readonly dropped: KeysOf;
  /** Fingerprints of its rows; null in a ledger of version 1. */
  readonly prints: FingerprintsOf | null;
  /** Digest of all rows together in a ledger of version 1; null in others. */
  readonly digest: string | null;
  /** The record of hazards that had a part in it; null: there were none. */
  readonly hazards: HazardRecord | null;
  /** Its place in the ledger. */
  readonly file: string;
  readonly intent: number;
}

/** Intents that a connection may have. */
const SEQUENCES = 2 ** 32;
const LOW_HALF = 0xffff_ffffn;

/** The part of a ledger's transaction that events are compared with. */
export function expectedOf(
  { intent, outcome, answeredMs, xid, lsn, dropped }: LedgerTransaction,
  header: LedgerHeader,
  file: string,
): Expected {
  const began = header.clock_ms ?? Date.parse(header.started);
  const hazards = intent.hazards ?? null;
  // Without an answer to COMMIT PREPARED, the LSN is that of PREPARE: others may have been committed in between.
  const isPlaced = hazards?.gid === undefined || answeredMs !== null;
  return {
    fate: outcome === 'unknown' ? 'open' : outcome,
    xid: lowHalf(xid),
    worker: header.worker,
    sequence: header.connection * SEQUENCES + intent.intent,
    lsn: isPlaced ? lsnBytes(lsn) : null,
    sentAt: began + intent.at,
    answeredAt: answeredMs === null ? Number.POSITIVE_INFINITY : began + answeredMs,
    rows: intent.rows,
    dropped,
    prints: intent.prints ?? null,
    digest: intent.digest ?? null,
    hazards,
    file,
    intent: intent.intent,
  };
}

/** Whether it was prepared: its worker may have committed others before it that it began later. */
export function isPrepared({ hazards }: Pick<Expected, 'hazards'>): boolean {
  return hazards?.gid !== undefined;
}

/** Whether one worker committed both, and `later` after `earlier`. False where the ledger does not show it. */
export function followsInWorker(later: Expected, earlier: Expected): boolean {
  if (later.worker !== earlier.worker) return false;
  if (!isPrepared(later) && !isPrepared(earlier)) return later.sequence > earlier.sequence;
  return later.lsn !== null && earlier.lsn !== null && later.lsn > earlier.lsn;
}

/** The low 32 bits of an xid8. */
export function lowHalf(xid: string | null): number | null {
  return xid === null ? null : Number(BigInt(xid) & LOW_HALF);
}

/** Rows of a transaction, of one table and operation. */
export interface RowList {
  readonly table: Table;
  readonly operation: Operation;
  readonly keys: readonly Key[];
  /** Whether the keys are ids in ascending order. */
  readonly ascending: boolean;
  /** By place in `keys`; null: the ledger has none (deletes, version 1). */
  readonly prints: Fingerprints | null;
  /** Places in `keys` of rows that a trigger or rule dropped; null: none. */
  readonly dropped: ReadonlySet<number> | null;
}

/** The number of changes of a transaction: its rows, and the tables that it truncated. */
export function countChanges(expected: Pick<Expected, 'rows' | 'dropped' | 'hazards'>): number {
  return countRows(expected) + (expected.hazards?.truncated?.length ?? 0);
}

/** The number of rows that a transaction changed. */
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

/** The rows that a transaction changed, by table and operation. */
export function listsOf(
  tables: Tables,
  { rows, dropped, prints }: Pick<Expected, 'rows' | 'dropped' | 'prints'>,
): RowList[] {
  const lists: RowList[] = [];
  for (const name of Object.keys(rows)) {
    const table = tables.get(name);
    for (const operation of OPERATIONS) {
      const list = rows[name]?.[operation];
      if (list === undefined) continue;
      const keys = decodeKeys(table, list);
      const text = prints?.[name]?.[operation];
      const droppedList = dropped[name]?.[operation];
      lists.push({
        table,
        operation,
        keys,
        ascending: typeof list === 'string',
        prints: text === undefined ? null : new Fingerprints(table, text, keys.length),
        dropped: droppedList === undefined ? null : placesOf(decodeKeys(table, droppedList), keys),
      });
    }
  }
  return lists;
}

/** The places of `some` of the keys: of equal keys, the first ones. */
function placesOf(some: readonly Key[], keys: readonly Key[]): ReadonlySet<number> {
  const counts = new Map<Key, number>();
  for (const key of some) counts.set(key, (counts.get(key) ?? 0) + 1);
  const places = new Set<number>();
  for (let at = 0; at < keys.length; at++) {
    const count = counts.get(keys[at]!) ?? 0;
    if (count === 0) continue;
    counts.set(keys[at]!, count - 1);
    places.add(at);
  }
  return places;
}
