import { beginRow, hashRow } from '../../ledger/digest.js';
import { columnSeed, printedColumns } from '../../ledger/fingerprint.js';
import { LEGACY_SCHEMA } from '../../legacy/schema.js'; // seam
import { TABLE_NAMES, TABLES, type TableName } from '../../legacy/tables.js';
import { mix } from '../../random/hash.js';
import {
  type RowColumns,
  type RowEvent,
  type RowValues,
  SERVER_COLUMNS,
  TextColumns,
} from '../../sources/source.js';

/** The contents of an event, as sums of column hashes of 32 bits. Null: the event leaves out a column of the sum. */
export interface RowFingerprint {
  /** The columns that updates of the run set, and the others: the two sums of `ledger/fingerprint.ts`. */
  readonly changing: number | null;
  readonly fixed: number | null;
  /** With a ledger of version 1: the columns that the operation writes. */
  readonly written: number | null;
  /** Every column that the event states, except the key. */
  readonly stated: number;
  /** Every column of the table except the key; the columns that the server sets are included if `server`. */
  readonly row: number | null;
  /** The columns that no update of the run sets; `created_at` is included if `server`. */
  readonly stable: number | null;
  /** Whether the event states the columns that the server sets. */
  readonly server: boolean;
  /** Whether its timestamps have milliseconds instead of microseconds. */
  readonly coarse: boolean;
}

interface Column {
  readonly place: number;
  readonly seed: number;
  readonly part: 'changing' | 'fixed' | 'created' | 'updated';
}

/** By table: the columns of `RowColumns` except the key. */
const COLUMNS = Object.fromEntries(
  TABLE_NAMES.map((table) => [table, columnsOf(table)]),
) as unknown as Readonly<Record<TableName, readonly Column[]>>;

function columnsOf(table: TableName): Column[] {
  const printed = printedColumns(LEGACY_SCHEMA.tables.get(table));
  const own = printed.flatMap(({ seed, part }, place) =>
    part === 'key' ? [] : [{ place, seed, part }],
  );
  const parts = ['created', 'updated'] as const;
  const server = SERVER_COLUMNS.map((name, i) => ({
    place: printed.length + i,
    seed: columnSeed(name),
    part: parts[i]!,
  }));
  return [...own, ...server];
}

/** Of an event without a row. */
const EMPTY: RowFingerprint = {
  changing: null,
  fixed: null,
  written: null,
  stated: 0,
  row: null,
  stable: null,
  server: false,
  coarse: false,
};

/**
 * The fingerprint of an event.
 *
 * @param columns its row; null for a delete
 * @param version of the ledger: 1 or 2
 */
export function fingerprintOf(
  event: RowEvent,
  columns: RowColumns | null,
  version: number,
): RowFingerprint {
  if (columns === null) {
    return version === 1 ? { ...EMPTY, written: writtenOf(event, null) } : EMPTY;
  }
  let changing = 0;
  let fixed = 0;
  let server = 0;
  let created = 0;
  let changingKnown = true;
  let fixedKnown = true;
  let serverKnown = true;
  const list = COLUMNS[event.table];
  for (let i = 0; i < list.length; i++) {
    const { place, seed, part } = list[i]!;
    const hash = columns.hash(place, seed);
    if (part === 'changing') {
      if (hash === null) changingKnown = false;
      else changing = (changing + mix(hash)) | 0;
    } else if (part === 'fixed') {
      if (hash === null) fixedKnown = false;
      else fixed = (fixed + mix(hash)) | 0;
    } else if (hash === null) serverKnown = false;
    else {
      const own = mix(hash);
      server = (server + own) | 0;
      if (part === 'created') created = own;
    }
  }
  return {
    changing: changingKnown ? changing : null,
    fixed: fixedKnown ? fixed : null,
    written: version === 1 ? writtenOf(event, columns) : null,
    stated: (changing + fixed + server) | 0,
    row: changingKnown && fixedKnown ? (changing + fixed + (serverKnown ? server : 0)) | 0 : null,
    stable: fixedKnown ? (fixed + (serverKnown ? created : 0)) | 0 : null,
    server: serverKnown,
    coarse: columns.precision === 'milliseconds',
  };
}

/**
 * `RowFingerprint.row` of a row in the table.
 *
 * @param values as text, in the order of `RowColumns`
 * @param of the event to compare it with: whether to include the server's columns, and to cut off microseconds
 */
export function rowHash(
  table: TableName,
  values: RowValues,
  of: Pick<RowFingerprint, 'server' | 'coarse'>,
): number {
  const columns = new TextColumns(of.coarse ? toMilliseconds(table, values) : values);
  let row = 0;
  for (const { place, seed, part } of COLUMNS[table]) {
    if (!of.server && (part === 'created' || part === 'updated')) continue;
    row = (row + mix(columns.hash(place, seed) ?? 0)) | 0;
  }
  return row;
}

/** The columns that the updates of a ledger of version 1 set, in the order in which it digested them. */
const UPDATED_IN_VERSION_1: Readonly<Partial<Record<TableName, readonly string[]>>> = {
  pacientes: ['telefone', 'endereco'],
  pacientes_convenios: ['validade'],
  consultas: ['status', 'data'],
  exames: ['resultado'],
  internacoes: ['data_saida'],
};

/** By table and operation: the columns in a digest of version 1, in its order. */
const DIGESTED = Object.fromEntries(
  TABLE_NAMES.map((table) => {
    const printed = printedColumns(LEGACY_SCHEMA.tables.get(table));
    const places = printed.map((_, place) => place);
    return [table, { insert: places, update: [0, ...updatedPlaces(table)] }];
  }),
) as unknown as Readonly<Record<TableName, Readonly<Record<'insert' | 'update', number[]>>>>;

function updatedPlaces(table: TableName): number[] {
  const printed = printedColumns(LEGACY_SCHEMA.tables.get(table));
  const updated = UPDATED_IN_VERSION_1[table] ?? [];
  return updated.map((name) => printed.findIndex((column) => column.name === name));
}

/** The hash that a row adds to a digest of version 1. */
function writtenOf(event: RowEvent, columns: RowColumns | null): number | null {
  const { operation, table, key } = event;
  if (operation === 'delete') return hashRow(table, 'delete', [key]);
  if (operation === 'snapshot' || columns === null) return null;
  let chain: number | null = beginRow(table, operation);
  const places = DIGESTED[table][operation];
  for (let i = 0; i < places.length && chain !== null; i++) {
    chain = columns.hash(places[i]!, chain);
  }
  return chain === null ? null : mix(chain);
}

/** Cuts timestamps off after milliseconds, and drops trailing zeros. */
function toMilliseconds(table: TableName, values: RowValues): RowValues {
  const { columns } = TABLES[table];
  return values.map((value, place) => {
    const isTime = place >= columns.length || columns[place]!.type === 'timestamp';
    if (!isTime || typeof value !== 'string') return value;
    const [whole = '', fraction = ''] = value.split('.');
    const digits = fraction.slice(0, 3).replace(/0+$/, '');
    return digits === '' ? whole : `${whole}.${digits}`;
  });
}
