import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DatabaseFacts, TableFacts } from '../src/database/facts.js';
import { writeFacts } from '../src/ledger/facts-file.js';
import { ledgerFile, ledgerFolder } from '../src/ledger/folder.js';
import { type Change, LedgerWriter } from '../src/ledger/writer.js';
import { formatLsn } from '../src/postgres/lsn.js';
import { schemaWith } from '../src/schemas/index.js';

const SCHEMA = schemaWith([]);

/** Connections that take turns. */
const WORKERS = 4;
/** Rows of a transaction by operation: about the default shares of `stream`. */
const INSERTS = 42;
const UPDATES = 8;
export const ROWS = INSERTS + UPDATES;
/** Bytes of WAL a row, approximately: the step between LSNs. */
const LSN_STEP = 160;
/** Ids in a lease. */
const LEASE = 5_000;
/** Microseconds from one COMMIT to the next. */
const STEP_US = 500;
const FIRST_LSN = 0x2_0000_0000;
const FIRST_XID = 1000;
/** Characters in one write to the pipe. */
const CHUNK = 1 << 20;
const EPOCH_US = 1_760_000_000_000_000;

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
const FACTS: DatabaseFacts = {
  at: '2026-01-31T08:15:00.000Z',
  search_path: 'public',
  role: 'postgres',
  tables: SCHEMA.tables.record(() => PLAIN),
  publications: [],
};

const STATUS = ['agendada', 'realizada', 'cancelada', 'faltou'] as const;
const REASONS = ['Dor de cabeça', 'Consulta de rotina', 'Febre há três dias', 'Revisão'] as const;

/** Id of the ith row that the nth transaction inserts. A connection uses its leases one after the other. */
function idOf(n: number, i: number): number {
  const used = Math.floor(n / WORKERS) * INSERTS + i;
  const lease = Math.floor(used / LEASE) * WORKERS + (n % WORKERS);
  return lease * LEASE + (used % LEASE) + 1;
}

/** Changes of the nth transaction, as the ledger records them. */
function changesOf(n: number): Change[] {
  const inserted = Array.from({ length: INSERTS }, (_, i) => visit(idOf(n, i)));
  const updates = Array.from({ length: n < WORKERS ? 0 : UPDATES }, (_, i) => {
    const [id, , , data, , status] = visit(idOf(n - WORKERS, i));
    return [id!, status === 'agendada' ? 'realizada' : 'cancelada', data!];
  });
  return [
    ...(updates.length > 0
      ? [
          {
            table: 'consultas' as const,
            operation: 'update' as const,
            columns: ['status', 'data'],
            rows: updates,
          },
        ]
      : []),
    { table: 'consultas', operation: 'insert', rows: inserted },
  ];
}

function visit(id: number): (string | number)[] {
  const minutes = id % 60;
  const data = `2026-0${1 + (id % 9)}-1${id % 10} 08:${minutes < 10 ? '0' : ''}${minutes}:00`;
  const reason = REASONS[id % REASONS.length] ?? '';
  return [id, 1 + (id % 5000), 1 + (id % 900), data, reason, STATUS[id % STATUS.length] ?? ''];
}

/** Writes the ledger of a run; four connections take turns. */
export function writeLedger(runFolder: string, transactions: number): void {
  const folder = ledgerFolder(runFolder);
  mkdirSync(folder, { recursive: true });
  writeFacts(SCHEMA, folder, RUN, SERVER, FACTS);
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
    const last = idOf(n, INSERTS - 1);
    const first = last - ((last - 1) % LEASE);
    if (n < WORKERS || idOf(n - WORKERS, INSERTS - 1) < first) {
      writer.lease(
        'consultas',
        Array.from({ length: LEASE }, (_, i) => first + i),
      );
    }
    const intent = { xid: null, lsn: null, changes: changesOf(n), subtransactions: false };
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
  return FIRST_LSN + (n + 1) * (ROWS + 2) * LSN_STEP;
}

/** Writes the same transactions to stdout as Debezium's JSON, plain envelopes, one a line. */
async function writeStream(transactions: number): Promise<void> {
  let text = '';
  for (let n = 0; n < transactions; n++) {
    let order = 0;
    const start = FIRST_LSN + n * (ROWS + 2) * LSN_STEP + 64;
    const micros = EPOCH_US + n * STEP_US;
    for (const { operation, rows } of changesOf(n)) {
      for (const row of rows) {
        const lsn = start + ++order * LSN_STEP;
        const full = operation === 'insert' ? row : updated(row);
        const op = operation === 'insert' ? 'c' : 'u';
        const created = operation === 'insert' ? micros : micros - WORKERS * STEP_US;
        text += line(op, full, { n, lsn, micros, order, created });
      }
    }
    if (text.length < CHUNK) continue;
    if (!process.stdout.write(text))
      await new Promise((done) => process.stdout.once('drain', done));
    text = '';
  }
  process.stdout.write(text);
}

/** The whole row after an update. */
function updated([id, status, data]: readonly unknown[]): (string | number)[] {
  const row = visit(id as number);
  row[3] = data as string;
  row[5] = status as string;
  return row;
}

const TEXT_COLUMNS = new Set([4, 5]);
const names = SCHEMA.tables.get('consultas').columns.map(({ name }) => name);

function line(
  op: string,
  row: readonly unknown[],
  { n, lsn, micros, order, created }: Record<'n' | 'lsn' | 'micros' | 'order' | 'created', number>,
): string {
  const members = names.map((name, i) => {
    const value = row[i];
    if (i === 3) return `"${name}":${timestamp(value as string)}`;
    return TEXT_COLUMNS.has(i) ? `"${name}":"${value}"` : `"${name}":${value}`;
  });
  const server = `"created_at":${created},"updated_at":${micros}`;
  const ms = Math.floor(micros / 1000);
  const xid = FIRST_XID + n;
  const before = endOf(n - 1);
  return `{"before":null,"after":{${members.join(',')},${server}},"source":{"version":"3.3.0.Final","connector":"postgresql","name":"hospital","ts_ms":${ms},"snapshot":"false","db":"simulated","sequence":"[\\"${before}\\",\\"${lsn}\\"]","ts_us":${micros},"ts_ns":${micros}000,"schema":"public","table":"consultas","txId":${xid},"lsn":${lsn},"xmin":null},"transaction":{"id":"${xid}:${lsn}","total_order":${order},"data_collection_order":${order}},"op":"${op}","ts_ms":${ms + 3},"ts_us":${micros + 3000},"ts_ns":${micros + 3000}000}\n`;
}

const moments = new Map<string, number>();

/** Microseconds since 1970 of a timestamp's text. */
function timestamp(text: string): number {
  let micros = moments.get(text);
  if (micros === undefined) {
    micros = Date.parse(`${text.replace(' ', 'T')}Z`) * 1000;
    moments.set(text, micros);
  }
  return micros;
}

/** Script for a child process; its argument is the number of transactions. */
export const SIMULATION = join(dirname(fileURLToPath(import.meta.url)), 'simulated-stream.js');

if (process.argv[1] === SIMULATION) await writeStream(Number(process.argv[2]));
