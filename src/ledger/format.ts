import type { DatabaseFacts } from '../database/facts.js';
import type { HazardName } from '../hazards/hazards.js';
import type { ServerIdentity } from '../postgres/identity.js';
import type { Backend, Fate } from '../postgres/pending.js';
import type { Operation } from '../schema/changes.js';
import type { TableName } from '../schema/table.js';
import type { KeyList } from './keys.js';

/**
 * The versions of the format that this program reads; see README.md beside this file. Version 1 has a digest of each
 * transaction instead of a fingerprint of each row. Only version 3 has keys of other types and coarse fingerprints.
 */
export const LEDGER_VERSIONS: readonly unknown[] = [1, 2, 3, 4];

/** The version of ledgers whose runs have hazards. */
export const HAZARDS_SINCE = 4;

/** The version that a run writes: the lowest whose readers understand it. */
export function ledgerVersion(
  { extensions }: Pick<LedgerSchema, 'extensions'>,
  hazards = false,
): number {
  if (hazards) return HAZARDS_SINCE;
  return extensions.length === 0 ? 2 : 3;
}

/** First line of a worker's file. */
export interface LedgerHeader {
  readonly ledger: number;
  readonly run: string;
  /** From 1. */
  readonly worker: number;
  /** The number of this worker's connection, from 1. */
  readonly connection: number;
  /** Seed number of the data. */
  readonly rng: number;
  /** By this machine's clock, ISO 8601. `at` of the other lines counts from here. */
  readonly started: string;
  /**
   * The same moment on a monotonic clock, in milliseconds: `clock_ms + at` orders moments across all files of a
   * run. Older files lack it.
   */
  readonly clock_ms?: number;
  /** The server's clock minus this machine's, in milliseconds. */
  readonly server_offset_ms: number;
  readonly server: ServerIdentity;
  readonly backend: Backend;
}

/** First line of the file about the database. */
export interface FactsHeader {
  readonly ledger: number;
  readonly run: string;
  readonly server: ServerIdentity;
  /** Older files lack it: no extension, and the split of columns of `Schema.firstChanging`. */
  readonly schema?: LedgerSchema;
}

/** The members of a run's schema that its ledger cannot be read without. */
export interface LedgerSchema {
  readonly extensions: readonly string[];
  /** By table: the columns of the changing fingerprint. */
  readonly changing: Readonly<Record<TableName, readonly string[]>>;
  /** Version 4: ids of rows that all connections may write, by table. A key list each. */
  readonly shared?: Readonly<Record<TableName, string>>;
}

/** The database as the run found it when it began, or when it ended. */
export interface FactsRecord {
  readonly found: 'begin' | 'end';
  readonly database: DatabaseFacts;
}

type ByOperation<T> = Record<TableName, Partial<Record<Operation, T>>>;

/** Keys by table and operation. */
export type KeysOf = ByOperation<KeyList>;

/** Fingerprints of rows, in the order of their keys: base64, as `encodeFingerprints` writes it. */
export type FingerprintsOf = ByOperation<string>;

/** Ids taken from a table's sequence, for this worker alone. `keys`: a key list. */
export interface LeaseRecord {
  readonly leased: TableName;
  readonly keys: string;
}

/** A transaction whose COMMIT is about to be sent. `at`: milliseconds since the header's `started`. `lsn`: as PostgreSQL prints it. */
export interface IntentRecord {
  readonly intent: number;
  readonly at: number;
  /** xid8 as decimal text. Null if COMMIT travels in the packet of the statements: then the outcome has it. */
  readonly xid: string | null;
  readonly lsn: string | null;
  readonly rows: KeysOf;
  /** Version 2. */
  readonly prints?: FingerprintsOf;
  /** Version 1: the sum of the hashes of all rows. */
  readonly digest?: string;
  /** Some rows were written in savepoints, so their `xmin` may differ from `xid`. */
  readonly subtransactions?: true;
  /** Version 4: the hazards of this transaction, and what they did in it. */
  readonly hazards?: HazardRecord;
}

/** The effects of hazards in a transaction besides the changes of its rows. Members that are missing: nothing. */
export interface HazardRecord {
  readonly names: readonly HazardName[];
  /** Rows that were written in savepoints and rolled back with them: no pipeline may deliver them. */
  readonly undone?: KeysOf;
  /** The name that it is prepared under (PREPARE TRANSACTION). */
  readonly gid?: string;
  /** With `gid`: the name is rolled back, not committed. */
  readonly rollback?: true;
  /** Tables that it truncated, by one statement, before its other writes. */
  readonly truncated?: readonly TableName[];
  /** Changes of the schema, before its other writes. */
  readonly ddl?: readonly SchemaChangeRecord[];
  /** Contents of its logical messages, in order. */
  readonly messages?: readonly MessageRecord[];
}

export interface SchemaChangeRecord {
  /** `SchemaChange.name`; `unpublish`, `publish`. */
  readonly change: string;
  readonly table: TableName;
  /** The added columns that rows of the table have from then on, with the value of each. Missing: as before. */
  readonly columns?: Readonly<Record<string, string | null>>;
  /** The server wrote every row of the table again: their `xmin` is this transaction's. */
  readonly rewrites?: true;
  /** Of `unpublish` and `publish`. */
  readonly publication?: string;
}

/** A message of `pg_logical_emit_message`, under the prefix MESSAGE_PREFIX. */
export interface MessageRecord {
  readonly content: string;
  /** False: it is delivered whether or not the transaction is committed. */
  readonly transactional: boolean;
}

/** The prefix of the run's logical messages. */
export const MESSAGE_PREFIX = 'oltp-simulator';

export interface CommittedRecord {
  readonly committed: number;
  readonly at: number;
  readonly xid: string | null;
  readonly lsn: string | null;
  /** Keys of the intent that the server did not store, because a trigger dropped the row. */
  readonly dropped?: KeysOf;
}

interface AbortedRecord {
  readonly aborted: number;
}

/** The connection was lost before COMMIT was answered. */
interface DoubtRecord {
  readonly doubt: number;
}

/** The result of a later inquiry about a transaction in doubt. */
interface ResolutionRecord {
  readonly resolved: number;
  readonly verdict: Fate;
  readonly xid: string | null;
}

/** Last line of a connection that ended normally. `doubt`: transactions without an outcome; `rows`: committed ones. */
export interface TrailerRecord {
  readonly end: {
    readonly committed: number;
    readonly aborted: number;
    readonly doubt: number;
    readonly rows: ByOperation<number>;
  };
}

export type LedgerRecord =
  | LedgerHeader
  | LeaseRecord
  | IntentRecord
  | CommittedRecord
  | AbortedRecord
  | DoubtRecord
  | ResolutionRecord
  | TrailerRecord;

/** The transaction that a record gives an outcome, and that outcome; null for a record of another kind. */
export function outcomeOf(record: LedgerRecord): { number: number; fate: Fate } | null {
  if ('committed' in record) return { number: record.committed, fate: 'committed' };
  if ('aborted' in record) return { number: record.aborted, fate: 'aborted' };
  return 'resolved' in record ? { number: record.resolved, fate: record.verdict } : null;
}
