import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Change } from '../src/ledger/writer.js';
import { mix } from '../src/random/hash.js';
import type { Column, Table } from '../src/schema/table.js';
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

/** Tables of a worker's transactions, one after the other: the default shares of `stream`. */
const TURNS = [
  ...Array<string>(8).fill('consultas'),
  ...Array<string>(5).fill('exames'),
  ...Array<string>(3).fill('pacientes'),
  ...Array<string>(2).fill('internacoes'),
  ...Array<string>(2).fill('pacientes_convenios'),
];
/** Rows of a transaction by operation: about the default shares, with more deletes. */
const UPDATES = 7;
const DELETES = 1;
export const INSERTS = CHANGES - UPDATES - DELETES;
/** Between the rows of two updates in their transactions, so that no row is updated twice in one. */
const UPDATE_STEP = 5;
/** Transactions of a table between a row's insert and its delete. */
const DELETE_AFTER = 10;
/** Ids in a lease, and ids below the first one. */
const LEASE = 1_000;
const SEEDED = 40_000;
const DAY_US = 86_400_000_000;

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

/** Writes the ledger of the run, in the default mix. */
export function writeMixLedger(runFolder: string, transactions: number): void {
  writeRun(runFolder, transactions, (n): Simulated => {
    const turn = turnOf(n);
    const last = idOf(turn, INSERTS - 1);
    const first = last - ((last - 1 - SEEDED) % LEASE);
    const isNew = turn.k === 0 || idOf(turn, 0) <= first;
    const leased = isNew ? { table: turn.table.name, first, count: LEASE } : null;
    return { changes: changesOf(turn), leased };
  });
}

function* eventsOf(n: number): Generator<SimulatedEvent> {
  const turn = turnOf(n);
  const { table } = turn;
  const { name } = table;
  const micros = microsOf(n);
  for (const { of, i } of updatesOf(turn)) {
    const after = membersOf(table, rowOf(table, idOf(of, i), n), microsOf(of.n), micros);
    yield { op: 'u', before: 'null', after, table: name };
  }
  const deleted = deleteOf(turn);
  if (deleted !== null) {
    yield { op: 'd', before: `{"id":${idOf(deleted, 0)}}`, after: 'null', table: name };
  }
  for (let i = 0; i < INSERTS; i++) {
    const after = membersOf(table, rowOf(table, idOf(turn, i)), micros, micros);
    yield { op: 'c', before: 'null', after, table: name };
  }
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

/** Script for a child process; its argument is the number of transactions. */
export const MIX = join(dirname(fileURLToPath(import.meta.url)), 'simulated-mix.js');

if (process.argv[1] === MIX) await writeStream(Number(process.argv[2]), eventsOf);
