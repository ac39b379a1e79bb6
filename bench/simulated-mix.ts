import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TableFacts } from '../src/database/facts.js';
import { writeFacts } from '../src/ledger/facts-file.js';
import { ledgerFile, ledgerFolder } from '../src/ledger/folder.js';
import { type Change, LedgerWriter } from '../src/ledger/writer.js';
import { formatLsn } from '../src/postgres/lsn.js';
import { mix } from '../src/random/hash.js';
import type { Column, Table } from '../src/schema/table.js';
import { schemaWith } from '../src/schemas/index.js';

const SCHEMA = schemaWith([]);

/** Connections that take turns. */
const WORKERS = 4;
/** Tables of a worker's transactions, one after the other: the default shares of `stream`. */
const TURNS = [
  ...Array<string>(8).fill('consultas'),
  ...Array<string>(5).fill('exames'),
  ...Array<string>(3).fill('pacientes'),
  ...Array<string>(2).fill('internacoes'),
  ...Array<string>(2).fill('pacientes_convenios'),
];
/** Rows of a transaction by operation: about the default shares, with more deletes. */
export const INSERTS = 42;
const UPDATES = 7;
/** With one delete. */
const CHANGES = INSERTS + UPDATES + 1;
/** Between the rows of two updates in their transactions, so that no row is updated twice in one. */
const UPDATE_STEP = 5;
/** Transactions of a table between a row's insert and its delete. */
const DELETE_AFTER = 10;
/** Ids in a lease, and ids below the first one. */
const LEASE = 1_000;
const SEEDED = 40_000;
/** Bytes of WAL a row, approximately: the step between LSNs. */
const LSN_STEP = 160;
/** Microseconds from one COMMIT to the next. */
const STEP_US = 500;
const FIRST_LSN = 0x2_0000_0000;
const FIRST_XID = 1000;
/** Characters in one write to the pipe. */
const CHUNK = 1 << 20;
const EPOCH_US = 1_760_000_000_000_000;
const DAY_US = 86_400_000_000;

const RUN = 'simulated';
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

type Value = string | number;

/** A transaction: the kth one of its worker on its table. */
interface Turn {
  readonly n: number;
  readonly worker: number;
  readonly table: Table;
  readonly k: number;
}

/** By table, the places of its turns. */
const PLACES = new Map<string, number[]>();
for (const [place, table] of TURNS.entries()) {
  PLACES.set(table, [...(PLACES.get(table) ?? []), place]);
}

function turnOf(n: number): Turn {
  const round = Math.floor(n / WORKERS);
  const place = round % TURNS.length;
  const table = TURNS[place]!;
  const places = PLACES.get(table)!;
  const k = Math.floor(round / TURNS.length) * places.length + places.indexOf(place);
  return { n, worker: n % WORKERS, table: SCHEMA.tables.get(table), k };
}

/** The transaction of the same worker and table with another k. */
function turnAt({ worker, table }: Turn, k: number): Turn {
  const places = PLACES.get(table.name)!;
  const round = Math.floor(k / places.length) * TURNS.length + places[k % places.length]!;
  return { n: round * WORKERS + worker, worker, table, k };
}

/** Id of the ith row that a transaction inserts. A connection uses its leases one after the other. */
function idOf({ worker, k }: Turn, i: number): number {
  const used = k * INSERTS + i;
  const lease = Math.floor(used / LEASE) * WORKERS + worker;
  return SEEDED + lease * LEASE + (used % LEASE) + 1;
}

/** The rows that a transaction updates: their transactions, and their places there. The first place is never among them. */
function updatesOf(turn: Turn): { readonly of: Turn; readonly i: number }[] {
  if (turn.k === 0) return [];
  return Array.from({ length: UPDATES }, (_, u) => {
    const k = (mix(turn.n * UPDATES + u) >>> 0) % turn.k;
    return { of: turnAt(turn, k), i: 1 + u * UPDATE_STEP };
  });
}

/** The transaction whose first row a transaction deletes; null: none. */
function deleteOf(turn: Turn): Turn | null {
  return turn.k < DELETE_AFTER ? null : turnAt(turn, turn.k - DELETE_AFTER);
}

/** The value of a column, which depends on a number: the id, or the transaction of an update. */
function columnValue({ name, type }: Column, from: number): Value {
  const day = 10 + (from % 10);
  if (type === 'date') return `2026-0${1 + (from % 9)}-${day}`;
  if (type.startsWith('timestamp')) return `2026-0${1 + (from % 9)}-${day} 08:${day + 20}:00`;
  return type === 'bigint' ? 1 + (from % 5000) : `${name} ${from % 977}`;
}

/** A row. `update`: the number of the transaction that updated it; null: it is as inserted. */
function rowOf(table: Table, id: number, update: number | null = null): Value[] {
  return table.columns.map((column, i) => {
    if (i === 0) return id;
    const changes = update !== null && table.changing.includes(column.name);
    return columnValue(column, changes ? id + update : id);
  });
}

function changesOf(turn: Turn): Change[] {
  const { n, table } = turn;
  const { name, changing, columns } = table;
  const places = changing.map((wanted) => columns.findIndex((column) => column.name === wanted));
  const updated = updatesOf(turn).map(({ of, i }) => {
    const row = rowOf(table, idOf(of, i), n);
    return [row[0]!, ...places.map((place) => row[place]!)];
  });
  const deleted = deleteOf(turn);
  const inserted = Array.from({ length: INSERTS }, (_, i) => rowOf(table, idOf(turn, i)));
  return [
    ...(updated.length === 0
      ? []
      : [{ table: name, operation: 'update', columns: changing, rows: updated } as const]),
    ...(deleted === null
      ? []
      : [{ table: name, operation: 'delete', rows: [[idOf(deleted, 0)]] } as const]),
    { table: name, operation: 'insert', rows: inserted },
  ];
}

/** Writes the ledger of a run in the default mix; four connections take turns. */
export function writeMixLedger(runFolder: string, transactions: number): void {
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
    const turn = turnOf(n);
    const writer = writers[turn.worker]!;
    const last = idOf(turn, INSERTS - 1);
    const first = last - ((last - 1 - SEEDED) % LEASE);
    if (turn.k === 0 || idOf(turn, 0) <= first) {
      const ids = Array.from({ length: LEASE }, (_, i) => first + i);
      writer.lease(turn.table.name, ids);
    }
    const intent = { xid: null, lsn: null, changes: changesOf(turn), subtransactions: false };
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
  return FIRST_LSN + (n + 1) * (CHANGES + 2) * LSN_STEP;
}

function microsOf(n: number): number {
  return EPOCH_US + n * STEP_US;
}

/** Writes the same transactions to stdout as Debezium's JSON, plain envelopes, one a line. */
async function writeStream(transactions: number): Promise<void> {
  let text = '';
  for (let n = 0; n < transactions; n++) {
    const turn = turnOf(n);
    const { table } = turn;
    let order = 0;
    const line = (op: string, before: string, after: string) => {
      text += envelope(op, before, after, { n, order: ++order, table: table.name });
    };
    for (const { of, i } of updatesOf(turn)) {
      line(
        'u',
        'null',
        membersOf(table, rowOf(table, idOf(of, i), n), microsOf(of.n), microsOf(n)),
      );
    }
    const deleted = deleteOf(turn);
    if (deleted !== null) line('d', `{"id":${idOf(deleted, 0)}}`, 'null');
    for (let i = 0; i < INSERTS; i++) {
      line('c', 'null', membersOf(table, rowOf(table, idOf(turn, i)), microsOf(n), microsOf(n)));
    }
    if (text.length < CHUNK) continue;
    if (!process.stdout.write(text))
      await new Promise((done) => process.stdout.once('drain', done));
    text = '';
  }
  process.stdout.write(text);
}

function membersOf(
  { columns }: Table,
  row: readonly Value[],
  created: number,
  updated: number,
): string {
  const members = columns.map(({ name, type }, i) => {
    const value = row[i]!;
    if (typeof value === 'number') return `"${name}":${value}`;
    if (type === 'date') return `"${name}":${microsAt(value) / DAY_US}`;
    return `"${name}":${type.startsWith('timestamp') ? microsAt(value) : `"${value}"`}`;
  });
  return `{${members.join(',')},"created_at":${created},"updated_at":${updated}}`;
}

function envelope(
  op: string,
  before: string,
  after: string,
  { n, order, table }: { n: number; order: number; table: string },
): string {
  const lsn = FIRST_LSN + n * (CHANGES + 2) * LSN_STEP + 64 + order * LSN_STEP;
  const micros = microsOf(n);
  const ms = Math.floor(micros / 1000);
  const xid = FIRST_XID + n;
  return `{"before":${before},"after":${after},"source":{"version":"3.3.0.Final","connector":"postgresql","name":"hospital","ts_ms":${ms},"snapshot":"false","db":"simulated","sequence":"[\\"${endOf(n - 1)}\\",\\"${lsn}\\"]","ts_us":${micros},"ts_ns":${micros}000,"schema":"public","table":"${table}","txId":${xid},"lsn":${lsn},"xmin":null},"transaction":{"id":"${xid}:${lsn}","total_order":${order},"data_collection_order":${order}},"op":"${op}","ts_ms":${ms + 3},"ts_us":${micros + 3000},"ts_ns":${micros + 3000}000}\n`;
}

const moments = new Map<string, number>();

/** Microseconds since 1970 of the text of a date or timestamp. */
function microsAt(text: string): number {
  let micros = moments.get(text);
  if (micros === undefined) {
    micros = Date.parse(`${text.replace(' ', 'T')}${text.includes(' ') ? 'Z' : ''}`) * 1000;
    moments.set(text, micros);
  }
  return micros;
}

/** Script for a child process; its argument is the number of transactions. */
export const MIX = join(dirname(fileURLToPath(import.meta.url)), 'simulated-mix.js');

if (process.argv[1] === MIX) await writeStream(Number(process.argv[2]));
