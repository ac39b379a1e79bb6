import { mkdirSync } from 'node:fs';
import type { TableFacts } from '../src/database/facts.js';
import { writeFacts } from '../src/ledger/facts-file.js';
import { ledgerFile, ledgerFolder } from '../src/ledger/folder.js';
import { type Change, LedgerWriter } from '../src/ledger/writer.js';
import { formatLsn } from '../src/postgres/lsn.js';
import type { TableName } from '../src/schema/table.js';
import { schemaWith } from '../src/schemas/index.js';

/* The run that simulations share: who writes when, its ledger, and Debezium's JSON of it. They differ in the rows. */

export const SCHEMA = schemaWith([]);
/** Name of the run and of its database. */
export const RUN = 'simulated';
/** Connections that take turns. */
export const WORKERS = 4;
/** Changes of a transaction. The first ones may have fewer: then there is nothing to update yet. */
export const CHANGES = 50;

/** Bytes of WAL a row, approximately: the step between LSNs. A transaction has two more, for its begin and its end. */
const LSN_STEP = 160;
const TRANSACTION_BYTES = (CHANGES + 2) * LSN_STEP;
/** From the begin of a transaction to before its first row. */
const BEGIN_BYTES = 64;
/** Microseconds from one COMMIT to the next. */
const STEP_US = 500;
const FIRST_LSN = 0x2_0000_0000;
const FIRST_XID = 1000;
const EPOCH_US = 1_760_000_000_000_000;
/** Characters in one write to the pipe. */
const CHUNK = 1 << 20;

const SERVER = { system_identifier: null, timeline: null, version: '18.4', database: RUN };

/** A table with no triggers, rules, generated columns or cascades. */
const PLAIN: TableFacts = {
  schema: 'public',
  partitions: [],
  identity: { kind: 'default', index: null, tells_id: true },
  triggers: [],
  rules: [],
  policies: null,
  generated: [],
  cascades: [],
};

/** The nth transaction as the ledger has it. */
export interface Simulated {
  readonly changes: readonly Change[];
  /** Ids that its connection leases before it; null: none. */
  readonly leased: {
    readonly table: TableName;
    readonly first: number;
    readonly count: number;
  } | null;
}

/** Writes the ledger of a run; the connections take turns. */
export function writeRun(
  runFolder: string,
  transactions: number,
  simulate: (n: number) => Simulated,
): void {
  const folder = ledgerFolder(runFolder);
  mkdirSync(folder, { recursive: true });
  const tables = SCHEMA.tables.record(() => PLAIN);
  const at = '2026-01-31T08:15:00.000Z';
  const facts = { at, search_path: 'public', role: 'postgres', tables, publications: [] };
  writeFacts(SCHEMA, folder, RUN, SERVER, facts);
  const writers = Array.from({ length: WORKERS }, (_, worker) =>
    LedgerWriter.create(SCHEMA, ledgerFile(folder, worker + 1, 1), {
      run: RUN,
      worker: worker + 1,
      connection: 1,
      rng: 42,
      server_offset_ms: 0,
      server: SERVER,
      backend: { pid: 1, startedMicros: 1 },
    }),
  );
  for (let n = 0; n < transactions; n++) {
    const writer = writers[n % WORKERS]!;
    const { changes, leased } = simulate(n);
    if (leased !== null) {
      const { table, first, count } = leased;
      writer.lease(
        table,
        Array.from({ length: count }, (_, i) => first + i),
      );
    }
    const intent = { xid: null, lsn: null, changes, subtransactions: false };
    const [number = 0] = writer.intend([intent]);
    const name = { xid: String(FIRST_XID + n), lsn: formatLsn(BigInt(endOf(n))) };
    writer.commit([{ ...name, number, dropped: [] }]);
  }
  for (const writer of writers) {
    writer.end();
    writer.close();
  }
}

function endOf(n: number): number {
  return FIRST_LSN + (n + 1) * TRANSACTION_BYTES;
}

/** When the nth transaction was committed, in microseconds since 1970. */
export function microsOf(n: number): number {
  return EPOCH_US + n * STEP_US;
}

/** An event of the nth transaction. */
export interface SimulatedEvent {
  readonly op: 'c' | 'u' | 'd';
  /** JSON. */
  readonly before: string;
  readonly after: string;
  readonly table: TableName;
}

/** Writes the same transactions to stdout as Debezium's JSON, plain envelopes, one a line. */
export async function writeStream(
  transactions: number,
  simulate: (n: number) => Iterable<SimulatedEvent>,
): Promise<void> {
  let text = '';
  for (let n = 0; n < transactions; n++) {
    let order = 0;
    for (const event of simulate(n)) text += envelope(event, n, ++order);
    if (text.length < CHUNK) continue;
    if (!process.stdout.write(text))
      await new Promise((done) => process.stdout.once('drain', done));
    text = '';
  }
  process.stdout.write(text);
}

function envelope({ op, before, after, table }: SimulatedEvent, n: number, order: number): string {
  const lsn = FIRST_LSN + n * TRANSACTION_BYTES + BEGIN_BYTES + order * LSN_STEP;
  const micros = microsOf(n);
  const ms = Math.floor(micros / 1000);
  const xid = FIRST_XID + n;
  return `{"before":${before},"after":${after},"source":{"version":"3.3.0.Final","connector":"postgresql","name":"hospital","ts_ms":${ms},"snapshot":"false","db":"simulated","sequence":"[\\"${endOf(n - 1)}\\",\\"${lsn}\\"]","ts_us":${micros},"ts_ns":${micros}000,"schema":"public","table":"${table}","txId":${xid},"lsn":${lsn},"xmin":null},"transaction":{"id":"${xid}:${lsn}","total_order":${order},"data_collection_order":${order}},"op":"${op}","ts_ms":${ms + 3},"ts_us":${micros + 3000},"ts_ns":${micros + 3000}000}\n`;
}

const moments = new Map<string, number>();

/** Microseconds since 1970 of the text of a date or timestamp. */
export function microsAt(text: string): number {
  let micros = moments.get(text);
  if (micros === undefined) {
    micros = Date.parse(`${text.replace(' ', 'T')}${text.includes(' ') ? 'Z' : ''}`) * 1000;
    moments.set(text, micros);
  }
  return micros;
}
