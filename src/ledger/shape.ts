import { TABLE_NAMES } from '../hospital/tables.js';
import { OPERATIONS } from '../threads/tally.js';
import { LEDGER_VERSION, type LedgerRecord } from './format.js';
import { isKeys } from './keys.js';

const TABLES: ReadonlySet<unknown> = new Set(TABLE_NAMES);
const WRITES: ReadonlySet<unknown> = new Set(OPERATIONS);
const FATES: ReadonlySet<unknown> = new Set(['committed', 'aborted', 'unknown']);
const XID = /^\d+$/;

type Fields = Readonly<Record<string, unknown>>;

/** Whether what a line holds is a record: what is read of it later is there, and of its type. */
export function isRecord(value: unknown): value is LedgerRecord {
  if (!isFields(value)) return false;
  if ('ledger' in value) {
    const { ledger, worker, connection, started, server } = value;
    // Another version's header may be otherwise; the number alone is read of it.
    if (ledger !== LEDGER_VERSION) return true;
    return isCount(worker) && isCount(connection) && isDate(started) && isFields(server);
  }
  if ('leased' in value) return TABLES.has(value.leased) && isKeyList(value.keys);
  if ('intent' in value) {
    const { intent, at, xid, rows } = value;
    return isCount(intent) && isMoment(at) && isXid(xid) && isKeysOf(rows);
  }
  if ('committed' in value) {
    const { committed, at, xid, dropped = {} } = value;
    return isCount(committed) && isMoment(at) && isXid(xid) && isKeysOf(dropped);
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

/** Milliseconds. */
function isMoment(value: unknown): boolean {
  return typeof value === 'number';
}

function isDate(value: unknown): boolean {
  return typeof value === 'string' && !Number.isNaN(Date.parse(value));
}

function isXid(value: unknown): boolean {
  return value === null || (typeof value === 'string' && XID.test(value));
}

function isKeyList(value: unknown): boolean {
  return typeof value === 'string' && isKeys(value);
}

function isKeysOf(value: unknown): boolean {
  if (!isFields(value)) return false;
  return Object.entries(value).every(
    ([table, lists]) =>
      TABLES.has(table) &&
      isFields(lists) &&
      Object.entries(lists).every(([write, keys]) => WRITES.has(write) && isKeyList(keys)),
  );
}
