import { OPERATIONS, type Operation } from '../legacy/changes.js';
import { TABLE_NAMES, type TableName } from '../legacy/tables.js';
import { areFingerprints } from './fingerprint.js';
import { type FingerprintsOf, type KeysOf, LEDGER_VERSIONS, type LedgerRecord } from './format.js';
import { countKeys, isIdList, isKeyList } from './keys.js';

const TABLES: ReadonlySet<unknown> = new Set(TABLE_NAMES);
const WRITES: ReadonlySet<unknown> = new Set(OPERATIONS);
const FATES: ReadonlySet<unknown> = new Set(['committed', 'aborted', 'unknown']);
const XID = /^\d+$/;

type Fields = Readonly<Record<string, unknown>>;

/** Whether a parsed line is a record: it has every member that readers use, of the right type. */
export function isRecord(value: unknown): value is LedgerRecord {
  if (!isFields(value)) return false;
  if ('ledger' in value) {
    const { ledger, worker, connection, started, server } = value;
    // Of another version's header only the number is read, to refuse it.
    if (!LEDGER_VERSIONS.includes(ledger)) return true;
    return isCount(worker) && isCount(connection) && isDate(started) && isFields(server);
  }
  if ('leased' in value) return TABLES.has(value.leased) && areIds(value.keys);
  if ('intent' in value) {
    const { intent, at, xid, rows, prints } = value;
    return (
      isCount(intent) &&
      isMilliseconds(at) &&
      isXid(xid) &&
      isKeysOf(rows) &&
      arePrintsOf(prints, rows)
    );
  }
  if ('committed' in value) {
    const { committed, at, xid, dropped = {} } = value;
    return isCount(committed) && isMilliseconds(at) && isXid(xid) && isKeysOf(dropped);
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

function isKeysOf(value: unknown): value is KeysOf {
  return isByOperation(value, isKeyList);
}

/** Version 2: each key list but those of deletes has as many fingerprints. */
function arePrintsOf(value: unknown, rows: KeysOf): boolean {
  if (value === undefined) return true;
  if (!isByOperation(value, (text) => typeof text === 'string')) return false;
  const prints = value as FingerprintsOf;
  // `Object.keys`, here and below: `Object.entries` would allocate pairs for every line of a ledger.
  return (Object.keys(rows) as TableName[]).every((table) => {
    const lists = rows[table] ?? {};
    return (Object.keys(lists) as Operation[]).every((write) => {
      const text = prints[table]?.[write];
      if (write === 'delete') return text === undefined;
      return text !== undefined && areFingerprints(text, countKeys(lists[write]!));
    });
  });
}

function isByOperation(value: unknown, isItem: (item: unknown) => boolean): boolean {
  if (!isFields(value)) return false;
  return Object.keys(value).every((table) => {
    const lists = value[table];
    return (
      TABLES.has(table) &&
      isFields(lists) &&
      Object.keys(lists).every((write) => WRITES.has(write) && isItem(lists[write]))
    );
  });
}
