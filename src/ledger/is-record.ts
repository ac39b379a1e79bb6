import { OPERATIONS, type Operation } from '../schema/changes.js';
import type { Table } from '../schema/table.js';
import type { Tables } from '../schema/tables.js';
import { areFingerprints } from './fingerprint.js';
import {
  type FingerprintsOf,
  type KeysOf,
  LEDGER_VERSIONS,
  type LedgerHeader,
  type LedgerRecord,
} from './format.js';
import { countKeys, isIdList, isKeyList } from './keys.js';

const WRITES: ReadonlySet<unknown> = new Set(OPERATIONS);
const FATES: ReadonlySet<unknown> = new Set(['committed', 'aborted', 'unknown']);
const XID = /^\d+$/;

type Fields = Readonly<Record<string, unknown>>;

/** Checks that a parsed line is the header of a worker's file. An unknown version is let through: its reader refuses it. */
export function isHeader(value: unknown): value is LedgerHeader {
  if (!isFields(value) || !('ledger' in value)) return false;
  const { ledger, worker, connection, started, server } = value;
  if (!LEDGER_VERSIONS.includes(ledger)) return true;
  return isCount(worker) && isCount(connection) && isDate(started) && isFields(server);
}

/**
 * Makes the function that says whether a parsed line is a record about these tables: it has every member that readers
 * use, of the right type.
 */
export function isRecordOf(tables: Tables): (value: unknown) => value is LedgerRecord {
  return (value): value is LedgerRecord => isRecord(tables, value);
}

function isRecord(tables: Tables, value: unknown): boolean {
  if (!isFields(value)) return false;
  if ('ledger' in value) return isHeader(value);
  if ('leased' in value) {
    return typeof value.leased === 'string' && tables.has(value.leased) && areIds(value.keys);
  }
  if ('intent' in value) {
    const { intent, at, xid, rows, prints, hazards } = value;
    return (
      isCount(intent) &&
      isMilliseconds(at) &&
      isXid(xid) &&
      isKeysOf(tables, rows) &&
      arePrintsOf(tables, prints, rows) &&
      (hazards === undefined || isHazardRecord(tables, hazards))
    );
  }
  if ('committed' in value) {
    const { committed, at, xid, dropped = {} } = value;
    return isCount(committed) && isMilliseconds(at) && isXid(xid) && isKeysOf(tables, dropped);
  }
  if ('aborted' in value) return isCount(value.aborted);
  if ('doubt' in value) return isCount(value.doubt);
  if ('resolved' in value) {
    return isCount(value.resolved) && FATES.has(value.verdict) && isXid(value.xid);
  }
  return isFields(value.end) && isFields(value.end.rows);
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

function isMilliseconds(value: unknown): boolean {
  return typeof value === 'number';
}

function isDate(value: unknown): boolean {
  return typeof value === 'string' && !Number.isNaN(Date.parse(value));
}

function isXid(value: unknown): boolean {
  return value === null || (typeof value === 'string' && XID.test(value));
}

function areIds(value: unknown): boolean {
  return typeof value === 'string' && isIdList(value);
}

function isKeysOf(tables: Tables, value: unknown): value is KeysOf {
  return isByOperation(tables, value, isKeyListOf);
}

/** Checks that a member of a record is a list of this table's keys. */
function isKeyListOf({ keyKind }: Table, value: unknown): boolean {
  return isKeyList(value) && (keyKind === 'id' || typeof value !== 'string');
}

/** From version 2 on each key list but those of deletes has as many fingerprints. */
function arePrintsOf(tables: Tables, value: unknown, rows: KeysOf): boolean {
  if (value === undefined) return true;
  if (!isByOperation(tables, value, (_, text) => typeof text === 'string')) return false;
  const prints = value as FingerprintsOf;
  // `Object.keys`, here and below: `Object.entries` would allocate pairs for every line of a ledger.
  return Object.keys(rows).every((name) => {
    const lists = rows[name] ?? {};
    const table = tables.get(name);
    return (Object.keys(lists) as Operation[]).every((write) => {
      const text = prints[name]?.[write];
      if (write === 'delete') return text === undefined;
      return text !== undefined && areFingerprints(table, text, countKeys(lists[write]!));
    });
  });
}

/** Checks the record of what hazards did; their names may be those of a later version. */
function isHazardRecord(tables: Tables, value: unknown): boolean {
  if (!isFields(value)) return false;
  const { names, undone = {}, gid = '', rollback = true, truncated = [] } = value;
  const { ddl = [], messages = [] } = value;
  return (
    areAll(names, isText) &&
    isKeysOf(tables, undone) &&
    isText(gid) &&
    rollback === true &&
    areAll(truncated, (table) => isTable(tables, table)) &&
    areAll(ddl, (change) => isSchemaChange(tables, change)) &&
    areAll(messages, isMessage)
  );
}

function isSchemaChange(tables: Tables, value: unknown): boolean {
  if (!isFields(value)) return false;
  const { change, table, columns = {}, rewrites = true, publication = '' } = value;
  const areColumns =
    isFields(columns) && Object.values(columns).every((text) => text === null || isText(text));
  const areTexts = isText(change) && isText(publication);
  return areTexts && isTable(tables, table) && areColumns && rewrites === true;
}

function isMessage(value: unknown): boolean {
  return isFields(value) && isText(value.content) && typeof value.transactional === 'boolean';
}

function areAll(value: unknown, isItem: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(isItem);
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

function isTable(tables: Tables, value: unknown): boolean {
  return typeof value === 'string' && tables.has(value);
}

function isByOperation(
  tables: Tables,
  value: unknown,
  isItem: (table: Table, item: unknown) => boolean,
): boolean {
  if (!isFields(value)) return false;
  return Object.keys(value).every((name) => {
    const lists = value[name];
    if (!tables.has(name) || !isFields(lists)) return false;
    const table = tables.get(name);
    return Object.keys(lists).every((write) => WRITES.has(write) && isItem(table, lists[write]));
  });
}
