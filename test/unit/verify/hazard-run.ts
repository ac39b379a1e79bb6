import { mkdirSync } from 'node:fs';
import type { DatabaseFacts } from '../../../src/database/facts.js';
import { writeFacts } from '../../../src/ledger/facts-file.js';
import { ledgerFile } from '../../../src/ledger/folder.js';
import type { SharedRows } from '../../../src/ledger/recorded-schema.js';
import { keyOf } from '../../../src/ledger/row-key.js';
import { type Change, type HazardOutcome, LedgerWriter } from '../../../src/ledger/writer.js';
import { formatLsn } from '../../../src/postgres/lsn.js';
import type { TableName } from '../../../src/schema/table.js';
import type { MessageEvent, TruncateEvent } from '../../../src/sources/source.js';
import type { VerificationDocument } from '../../../src/verify/verdict/document.js';
import { factsWithTriggers } from '../../helpers/facts-with-triggers.js';
import type { ReceivedRow } from '../../helpers/received-row.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import {
  type AnyScript,
  type ScriptOptions,
  scriptDocument,
  verifyScript,
} from '../../helpers/verify-script.js';
import { HEADER } from '../ledger/sample-ledger.js';
import { HARD_SCHEMA } from './hard-run.js';

/** A transaction of a test; its LSNs follow from its xid. */
export interface HazardTransaction {
  readonly worker?: number;
  readonly xid: number;
  readonly changes: readonly Change[];
  readonly hazards?: HazardOutcome | null;
  /** Values of the added columns in its inserts and updates; left out: their events have none. */
  readonly added?: readonly (string | null | undefined)[];
  /** Of the ledger; null: it has none. Left out: after the last change. */
  readonly lsn?: number | null;
}

export type AnyEvent = Exclude<AnyScript[number], string>;

/** Bytes of WAL of a change. */
const CHANGE_BYTES = 10;

/** The LSN of a transaction after its changes. */
export const endOf = (xid: number) => xid * 1_000 + 900;

const { tables } = HARD_SCHEMA;
/** The writer sets the version. */
const { ledger: _, ...HEADER_OF_RUN } = HEADER;

/** A run with hazards that a test composes: its ledger, and the events of a correct stream. */
export class HazardRun {
  readonly folder: string;
  readonly #writers = new Map<string, LedgerWriter>();
  #position = 0;

  constructor(folder: string, shared: SharedRows = {}, facts = factsWithTriggers({})) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
    writeFacts(HARD_SCHEMA, folder, HEADER.run, HEADER.server, facts, shared);
  }

  /** The ledger of a connection; created at the first call. */
  writer(worker = 1, connection = 1): LedgerWriter {
    const path = ledgerFile(this.folder, worker, connection);
    const writer =
      this.#writers.get(path) ??
      LedgerWriter.create(HARD_SCHEMA, path, { ...HEADER_OF_RUN, worker, connection }, true);
    this.#writers.set(path, writer);
    return writer;
  }

  /** Records a committed transaction, and returns its events. */
  commit(transaction: HazardTransaction): AnyEvent[] {
    this.settle(transaction, this.intend(transaction));
    return this.events(transaction);
  }

  /**
   * Records committed transactions of which each began to commit before any was answered: the ledger's clock shows
   * nothing of their order, and their events lack the stream's own marks.
   */
  overlap<T extends readonly HazardTransaction[]>(
    ...transactions: T
  ): { [K in keyof T]: AnyEvent[] } {
    const numbers = transactions.map((transaction) => this.intend(transaction));
    for (const [i, number] of numbers.entries()) this.settle(transactions[i]!, number);
    return transactions.map((transaction) =>
      this.events(transaction).map((event) => ({ ...event, watermark: null })),
    ) as { [K in keyof T]: AnyEvent[] };
  }

  /** Records a transaction that is rolled back, and returns the events that no pipeline may deliver. */
  rollBack(transaction: HazardTransaction): AnyEvent[] {
    this.writer(transaction.worker).abort([this.intend(transaction)]);
    return this.events(transaction);
  }

  /** Records an intent. Returns its number. */
  intend({ worker, xid, changes, hazards = null, lsn }: HazardTransaction): number {
    const intent = { xid: String(xid), lsn: lsnText(xid, lsn), changes, hazards };
    const [number = 0] = this.writer(worker).intend([{ ...intent, subtransactions: false }]);
    return number;
  }

  /** Records that a transaction is committed. `end`: its LSN; left out: after its last change. */
  settle({ worker, xid, lsn }: HazardTransaction, number: number, end = lsn): void {
    this.writer(worker).commit([{ number, xid: String(xid), lsn: lsnText(xid, end), dropped: [] }]);
  }

  /** The events of a transaction, without recording it: truncates, rows in the order of the changes, messages. */
  events({ xid, changes, hazards, added = [] }: HazardTransaction): AnyEvent[] {
    let order = 0;
    const next = () => {
      order++;
      return { ...this.#place(xid), order, lsn: xid * 1_000 + CHANGE_BYTES * order };
    };
    // The tables of one statement share its LSN.
    const truncates = (hazards?.truncated ?? []).map((table): TruncateEvent => {
      return { ...next(), lsn: xid * 1_000, table };
    });
    const rows = changes.flatMap(({ table, operation, rows: all }) =>
      all.map((row): ReceivedRow => {
        const of = tables.get(table);
        const server = of.serverColumns.map(() => '2026-11-23 20:15:30');
        const texts = row.map((value) => (value === null ? null : String(value)));
        const values = operation === 'delete' ? null : [...texts, ...server, ...added];
        return { ...next(), operation, table, key: keyOf(of, row), snapshot: null, values };
      }),
    );
    const messages = (hazards?.messages ?? []).map((message): MessageEvent => {
      const { order: _, ...place } = next();
      return { ...place, ...message, xid: message.transactional ? xid : null };
    });
    return [...truncates, ...rows, ...messages];
  }

  /** Ends the ledger: the run is over. */
  end(): void {
    for (const writer of this.#writers.values()) writer.end();
    this.kill();
  }

  /** Closes the ledger without an end. */
  kill(): void {
    for (const writer of this.#writers.values()) writer.close();
    this.#writers.clear();
  }

  #place(xid: number) {
    return {
      xid,
      watermark: endOf(xid) + 1,
      committedAt: null,
      connectorAt: null,
      receivedAt: 0,
      partition: 0,
      position: ++this.#position,
      origin: null,
    };
  }
}

function lsnText(xid: number, lsn: number | null = endOf(xid)): string | null {
  return lsn === null ? null : formatLsn(BigInt(lsn));
}

/** Rows of `notes` with these ids; an update sets `state`. */
export function notes(
  operation: Change['operation'],
  ids: readonly number[],
  state = 'open',
): Change {
  const whole = ids.map((id) => [id, 7, null, 'body', null, state]);
  if (operation === 'delete') return { table: 'notes', operation, rows: ids.map((id) => [id]) };
  if (operation === 'insert') return { table: 'notes', operation, rows: whole };
  // As stored: the event of an update has all values.
  return { table: 'notes', operation, rows: whole, columns: ['state'], stored: whole };
}

/** Rows of `audits`, which has no key. */
export function audits(...names: readonly string[]): Change {
  return { table: 'audits', operation: 'insert', rows: names.map((name) => [name, 'read', 'f']) };
}

/** A transaction that changes tables as a whole, with a row of another table as its witness. */
export function turn(
  xid: number,
  hazards: Partial<HazardOutcome>,
  more: Partial<HazardTransaction> = {},
): HazardTransaction {
  const names = hazards.truncated === undefined ? (['ddl'] as const) : (['truncate'] as const);
  return {
    worker: 9,
    xid,
    changes: [items(`w${xid}`)],
    hazards: { names, ...hazards },
    ...more,
  };
}

export function items(...codes: readonly string[]): Change {
  return { table: 'items', operation: 'insert', rows: codes.map((code) => [code, null, '1']) };
}

/** The verdict about a stream of a run. `compose` records the run, and returns what the pipeline delivers. */
export async function judge(
  compose: (run: HazardRun) => readonly (AnyEvent | 'idle')[],
  {
    shared,
    facts,
    ...options
  }: ScriptOptions & { shared?: SharedRows; facts?: DatabaseFacts } = {},
): Promise<VerificationDocument> {
  let document: VerificationDocument | null = null;
  await withTempFolder(async (folder) => {
    const run = new HazardRun(folder, shared, facts);
    const script = compose(run);
    run.end();
    document = scriptDocument(await verifyScript(folder, script, { tables, ...options }));
  });
  return document!;
}

/** Each cause of a verdict in a line: `phantom truncated notes truncate 1`. */
export function causesOf({ causes }: VerificationDocument): string[] {
  return causes.map(({ violation, detail, table, operation, events }) =>
    [violation, detail, table, operation, events].join(' '),
  );
}

/** The events of these tables. */
export function ofTable(events: readonly AnyEvent[], table: TableName): AnyEvent[] {
  return events.filter((event) => 'table' in event && event.table === table);
}
