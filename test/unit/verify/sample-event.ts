import { ledgerVersion } from '../../../src/ledger/format.js';
import { schemaWith } from '../../../src/schemas/index.js';
import { printersOf, type RowFingerprint } from '../../../src/verify/rows/fingerprint.js';
import { columnsOf, type ReceivedRow } from '../../helpers/received-row.js';

export const HOSPITAL_SCHEMA = schemaWith([]);
export const HOSPITAL = HOSPITAL_SCHEMA.tables;
const PRINTERS = printersOf(HOSPITAL, ledgerVersion(HOSPITAL_SCHEMA));

/** The fingerprint of an event of the hospital. */
export function fingerprintOf(change: ReceivedRow): RowFingerprint {
  return PRINTERS.get(change.table)!.print(change, columnsOf(change));
}

/** A change of one row; `more` has the fields that a test is about. */
export function event(key: number, more: Partial<ReceivedRow> = {}): ReceivedRow {
  return {
    operation: 'insert',
    table: 'exames',
    key,
    xid: 700,
    lsn: 1_000 + key,
    order: 1,
    watermark: null,
    values: [String(key), '7', 'sangue', '2026-01-02 10:00:00', null, MADE_AT, MADE_AT],
    committedAt: null,
    connectorAt: null,
    receivedAt: 0,
    partition: 0,
    position: 1,
    origin: null,
    snapshot: null,
    ...more,
  };
}

const MADE_AT = '2026-01-02 10:00:00';
