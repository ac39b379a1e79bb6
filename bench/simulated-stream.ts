import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Change } from '../src/ledger/writer.js';
import {
  CHANGES,
  microsAt,
  microsOf,
  SCHEMA,
  type Simulated,
  type SimulatedEvent,
  WORKERS,
  writeRun,
  writeStream,
} from './simulated-run.js';

/** Rows of a transaction by operation: about the default shares of `stream`. */
const UPDATES = 8;
const INSERTS = CHANGES - UPDATES;
/** Ids in a lease. */
const LEASE = 5_000;

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

/** Writes the ledger of the run. */
export function writeLedger(runFolder: string, transactions: number): void {
  writeRun(runFolder, transactions, (n): Simulated => {
    const last = idOf(n, INSERTS - 1);
    const first = last - ((last - 1) % LEASE);
    const isNew = n < WORKERS || idOf(n - WORKERS, INSERTS - 1) < first;
    const leased = isNew ? { table: 'consultas', first, count: LEASE } : null;
    return { changes: changesOf(n), leased };
  });
}

function* eventsOf(n: number): Generator<SimulatedEvent> {
  const micros = microsOf(n);
  for (const { operation, rows } of changesOf(n)) {
    const isInsert = operation === 'insert';
    const created = isInsert ? micros : microsOf(n - WORKERS);
    for (const row of rows) {
      const after = membersOf(isInsert ? row : updated(row), created, micros);
      yield { op: isInsert ? 'c' : 'u', before: 'null', after, table: 'consultas' };
    }
  }
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

function membersOf(row: readonly unknown[], created: number, changed: number): string {
  const members = names.map((name, i) => {
    const value = row[i];
    if (i === 3) return `"${name}":${microsAt(value as string)}`;
    return TEXT_COLUMNS.has(i) ? `"${name}":"${value}"` : `"${name}":${value}`;
  });
  return `{${members.join(',')},"created_at":${created},"updated_at":${changed}}`;
}

/** Script for a child process; its argument is the number of transactions. */
export const SIMULATION = join(dirname(fileURLToPath(import.meta.url)), 'simulated-stream.js');

if (process.argv[1] === SIMULATION) await writeStream(Number(process.argv[2]), eventsOf);
