import { mkdirSync } from 'node:fs';
import { writeFacts } from '../../../src/ledger/facts-file.js';
import { ledgerFile } from '../../../src/ledger/folder.js';
import { type Change, LedgerWriter } from '../../../src/ledger/writer.js';
import { formatLsn } from '../../../src/postgres/lsn.js';
import type { Operation } from '../../../src/schema/changes.js';
import type { Schema } from '../../../src/schema/schema.js';
import type { Row, TableName } from '../../../src/schema/table.js';
import { factsWithTriggers } from '../../helpers/facts-with-triggers.js';
import type { ReceivedRow } from '../../helpers/received-row.js';
import { HEADER } from '../ledger/sample-ledger.js';
import { HOSPITAL, HOSPITAL_SCHEMA } from './sample-event.js';

export const MADE_AT = '2026-11-23 20:15:30';

/** A transaction of a test. */
export interface TestTransaction {
  readonly worker?: number;
  readonly xid: number;
  /** Of its first change; the others follow, CHANGE_BYTES apart, and the ledger's LSN is after them. */
  readonly lsn?: number;
  readonly changes: readonly Change[];
}

/** Bytes of WAL of a change. */
const CHANGE_BYTES = 10;

/** A run that a test composes: its ledger as workers write it, and the events of a correct stream. */
export class SmallRun {
  readonly folder: string;
  readonly #schema: Schema;
  readonly #writers = new Map<string, LedgerWriter>();
  #place = 0;

  constructor(folder: string, schema = HOSPITAL_SCHEMA) {
    this.folder = folder;
    this.#schema = schema;
    mkdirSync(folder, { recursive: true });
    writeFacts(schema, folder, HEADER.run, HEADER.server, factsWithTriggers({}));
  }

  /** The ledger of a connection; created at the first call. */
  writer(worker = 1, connection = 1): LedgerWriter {
    const path = ledgerFile(this.folder, worker, connection);
    const writer =
      this.#writers.get(path) ??
      LedgerWriter.create(this.#schema, path, { ...HEADER, worker, connection });
    this.#writers.set(path, writer);
    return writer;
  }

  /** Records a committed transaction, and returns its events. */
  commit(transaction: TestTransaction): ReceivedRow[] {
    this.record(transaction);
    return this.events(transaction);
  }

  /** Records a committed transaction. */
  record(transaction: TestTransaction): void {
    const writer = this.writer(transaction.worker);
    const name = { xid: String(transaction.xid), lsn: formatLsn(BigInt(endOf(transaction))) };
    const [number = 0] = writer.intend([
      { ...name, changes: transaction.changes, subtransactions: false },
    ]);
    writer.commit([{ number, ...name, dropped: [] }]);
  }

  /** The events of a transaction, without recording it. */
  events(transaction: TestTransaction): ReceivedRow[] {
    const { xid, lsn = xid * 100, changes } = transaction;
    let order = 0;
    return changes.flatMap(({ table, operation, rows }) =>
      rows.map((row) => ({
        operation,
        table,
        key: Number(row[0]),
        xid,
        lsn: lsn + CHANGE_BYTES * order,
        order: ++order,
        watermark: endOf(transaction) + 1,
        values: valuesOf(table, operation, row),
        committedAt: null,
        connectorAt: null,
        receivedAt: 0,
        partition: 0,
        position: ++this.#place,
        origin: null,
        snapshot: null,
      })),
    );
  }

  /** Ends the ledger: the run is over. */
  end(): void {
    for (const writer of this.#writers.values()) writer.end();
    this.close();
  }

  /** Closes the ledger without an end, as if the run was killed. */
  close(): void {
    for (const writer of this.#writers.values()) writer.close();
    this.#writers.clear();
  }
}

export function endOf({ xid, lsn = xid * 100, changes }: TestTransaction): number {
  const rows = changes.reduce((sum, change) => sum + change.rows.length, 0);
  return lsn + CHANGE_BYTES * rows;
}

/** A change of hospital stays with these ids. */
export function stays(operation: Operation, ...ids: readonly number[]): Change {
  const rows = ids.map((id): Row => {
    if (operation === 'delete') return [id];
    if (operation === 'update') return [id, '2026-01-03 10:00:00'];
    return [id, 7, '2026-01-02 10:00:00', null, 'queda', '12'];
  });
  return { table: 'internacoes', operation, rows, columns: ['data_saida'] };
}

/** The whole row, as in an event; an update's is the insert's row with the new value. */
function valuesOf(table: TableName, operation: Operation, row: Row): ReceivedRow['values'] {
  if (operation === 'delete') return null;
  const text = (value: Row[number]) => (value === null ? null : String(value));
  const whole =
    operation === 'insert' ? row : [row[0]!, 7, '2026-01-02 10:00:00', row[1]!, 'queda', '12'];
  if (whole.length !== HOSPITAL.get(table).columns.length) throw new Error(`not a row of ${table}`);
  return [...whole.map(text), MADE_AT, MADE_AT];
}
