import { crc32 } from 'node:zlib';
import type { DatabaseFacts } from '../database/facts.js';
import type { ServerIdentity } from '../postgres/identity.js';
import type { Backend, Fate } from '../postgres/pending.js';
import type { Operation } from '../schemas/hospital/changes.js';
import type { TableName } from '../schemas/hospital/tables.js';
import type { KeyList } from './keys.js';

/** The version of the format that this program writes; see README.md beside this file. */
export const LEDGER_VERSION = 2;
/** Those that it reads. In version 1 a transaction has a digest in place of its rows' fingerprints. */
export const LEDGER_VERSIONS: readonly unknown[] = [1, LEDGER_VERSION];

/** First line of a file: whose transactions follow, and on which connection. */
export interface LedgerHeader {
  readonly ledger: number;
  readonly run: string;
  /** From 1. */
  readonly worker: number;
  /** Of this worker, from 1. */
  readonly connection: number;
  readonly rng: number;
  /** By this machine's clock, ISO 8601; `at` of the other lines counts from here. */
  readonly started: string;
  /**
   * The same moment on a clock that nobody sets, in milliseconds: with `at`, moments of all files of a
   * process can be compared. Left out by an earlier program.
   */
  readonly clock_ms?: number;
  /** The server's clock minus this machine's, in milliseconds. */
  readonly server_offset_ms: number;
  readonly server: ServerIdentity;
  readonly backend: Backend;
}

/** First line of the file about the database: of which run it is. */
export interface FactsHeader {
  readonly ledger: number;
  readonly run: string;
  readonly server: ServerIdentity;
}

/** What the run found in its database when it began, and when it ended. */
export interface FactsRecord {
  readonly found: 'begin' | 'end';
  readonly database: DatabaseFacts;
}

/** Something of each table and operation. */
type ByOperation<T> = Partial<Record<TableName, Partial<Record<Operation, T>>>>;

/** Keys by table and operation. */
export type KeysOf = ByOperation<KeyList>;

/** Fingerprints of rows, in the order of their keys: base64, as `encodeFingerprints` writes it. */
export type FingerprintsOf = ByOperation<string>;

/** Ids taken from a table's sequence: this run alone may use them. */
export interface LeaseRecord {
  readonly leased: TableName;
  readonly keys: string;
}

/** A transaction whose COMMIT is about to be sent. `at`: milliseconds since the header's `started`. */
export interface IntentRecord {
  readonly intent: number;
  readonly at: number;
  /** Null where COMMIT travels with the statements: then the outcome tells. */
  readonly xid: string | null;
  readonly lsn: string | null;
  readonly rows: KeysOf;
  /** From version 2 on. */
  readonly prints?: FingerprintsOf;
  /** Of version 1: of all rows together. */
  readonly digest?: string;
  /** Some rows were written in subtransactions, whose ids differ from `xid`. */
  readonly subtransactions?: true;
}

export interface CommittedRecord {
  readonly committed: number;
  readonly at: number;
  readonly xid: string | null;
  readonly lsn: string | null;
  /** Keys of the intent that something on the server dropped. */
  readonly dropped?: KeysOf;
}

export interface AbortedRecord {
  readonly aborted: number;
}

/** The connection was lost before COMMIT was answered. */
export interface DoubtRecord {
  readonly doubt: number;
}

/** What was found out later about a transaction without an answer. */
export interface ResolutionRecord {
  readonly resolved: number;
  readonly verdict: Fate;
  readonly xid: string | null;
}

/** Last line of a connection that ended in order. Rows: those committed. */
export interface TrailerRecord {
  readonly end: {
    readonly committed: number;
    readonly aborted: number;
    readonly doubt: number;
    readonly rows: Partial<Record<TableName, Partial<Record<Operation, number>>>>;
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

/** What a record says became of a transaction, and which; null: it says nothing of the kind. */
export function outcomeOf(record: LedgerRecord): { number: number; fate: Fate } | null {
  if ('committed' in record) return { number: record.committed, fate: 'committed' };
  if ('aborted' in record) return { number: record.aborted, fate: 'aborted' };
  return 'resolved' in record ? { number: record.resolved, fate: record.verdict } : null;
}

/** `…,"crc":"0a1b2c3d"}`: how every line ends. */
const SEAL = ',"crc":"';
const SEAL_LENGTH = SEAL.length + 8 + 2;

/**
 * A record as its line, sealed with the CRC-32 of what it says and of all lines before it: a line that
 * was changed, lost or put elsewhere shows.
 *
 * @param chain the CRC of the line before, 0 for the first one
 */
export function seal(
  record: LedgerRecord | FactsHeader | FactsRecord,
  chain: number,
): { line: string; chain: number } {
  const body = JSON.stringify(record).slice(0, -1);
  const next = crc32(body, chain);
  return { line: `${body}${SEAL}${next.toString(16).padStart(8, '0')}"}\n`, chain: next };
}

/** As `seal` writes it, to the letter: `0X1B` is the same number, and was not written. */
const DIGITS = /^[0-9a-f]{8}$/;

/** The CRC of a line (without its end) behind `chain`, and the one that it is sealed with; null: none. */
export function readSeal(line: string, chain: number): { said: number | null; is: number } {
  const at = line.length - SEAL_LENGTH;
  if (at < 0 || !line.startsWith(SEAL, at) || !line.endsWith('"}')) return { said: null, is: 0 };
  const digits = line.slice(at + SEAL.length, -2);
  if (!DIGITS.test(digits)) return { said: null, is: 0 };
  return { said: Number.parseInt(digits, 16), is: crc32(line.slice(0, at), chain) };
}

/** Letters of a seal that may be wrong for it to be a seal that was changed, and no line that was cut off. */
const WRONG_LETTERS = 2;

/**
 * Whether a line without a seal is the beginning of a record, as a full disk or the end of the process
 * leaves it. Its end must not look like a seal, which only a whole line has.
 */
export function isCutOff(line: string): boolean {
  return line.startsWith('{') && !looksSealed(line) && !looksSealed(line.slice(0, -1));
}

function looksSealed(line: string): boolean {
  const end = line.slice(-SEAL_LENGTH);
  let wrong = SEALED.length - end.length;
  for (let i = 0; i < end.length; i++) {
    const letter = end[i] ?? '';
    if (SEALED[i] === '0' ? !/[0-9a-f]/.test(letter) : letter !== SEALED[i]) wrong++;
  }
  return wrong <= WRONG_LETTERS;
}

/** A seal, with 0 for each of its digits. */
const SEALED = `${SEAL}00000000"}`;
