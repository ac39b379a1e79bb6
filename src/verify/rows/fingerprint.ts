import { beginRow, hashRow } from '../../ledger/digest.js';
import { columnSeed, PRINTED_COLUMNS } from '../../ledger/fingerprint.js';
import { mix } from '../../random/hash.js';
import { TABLE_NAMES, TABLES, type TableName } from '../../schemas/hospital/tables.js';
import {
  type RowColumns,
  type RowEvent,
  type RowValues,
  SERVER_COLUMNS,
  TextColumns,
} from '../../sources/source.js';

/** What an event says of a row, as hashes of 32 bits. */
export interface RowFingerprint {
  /** As of the ledger's `Fingerprint`; null where the event leaves one of the columns out. */
  readonly changing: number | null;
  readonly fixed: number | null;
  /** For a ledger of version 1: what the generator wrote of the row; null where the event leaves some out. */
  readonly written: number | null;
  /** All that the event tells but the key. */
  readonly all: number;
  /**
   * All columns but the key, whatever the operation, with those of the server if `server`; null where the event
   * leaves one of the others out.
   */
  readonly row: number | null;
  /** The columns that no update of the generator sets, with when the row was made if `server`; null as above. */
  readonly stable: number | null;
  /** Whether the columns that the server sets are told. */
  readonly server: boolean;
  /** Its timestamps are told to the millisecond only. */
  readonly coarse: boolean;
}

interface Column {
  readonly place: number;
  readonly seed: number;
  readonly part: 'changing' | 'fixed' | 'created' | 'updated';
}

/** By table: the columns of `RowColumns` without the key. */
const COLUMNS = Object.fromEntries(
  TABLE_NAMES.map((table) => [table, columnsOf(table)]),
) as unknown as Readonly<Record<TableName, readonly Column[]>>;

function columnsOf(table: TableName): Column[] {
  const printed = PRINTED_COLUMNS[table];
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

const NOTHING: RowFingerprint = {
  changing: null,
  fixed: null,
  written: null,
  all: 0,
  row: null,
  stable: null,
  server: false,
  coarse: false,
};

/** The hashes of what an event says. `version`: of the ledger that it is held against. */
export function contentsOf(
  event: RowEvent,
  columns: RowColumns | null,
  version: number,
): RowFingerprint {
  if (columns === null) {
    return version === 1 ? { ...NOTHING, written: writtenOf(event, null) } : NOTHING;
  }
  let changing = 0;
  let fixed = 0;
  let server = 0;
  let created = 0;
  let changingTold = true;
  let fixedTold = true;
  let serverTold = true;
  const list = COLUMNS[event.table];
  for (let i = 0; i < list.length; i++) {
    const { place, seed, part } = list[i]!;
    const hash = columns.hash(place, seed);
    if (part === 'changing') {
      if (hash === null) changingTold = false;
      else changing = (changing + mix(hash)) | 0;
    } else if (part === 'fixed') {
      if (hash === null) fixedTold = false;
      else fixed = (fixed + mix(hash)) | 0;
    } else if (hash === null) serverTold = false;
    else {
      const own = mix(hash);
      server = (server + own) | 0;
      if (part === 'created') created = own;
    }
  }
  return {
    changing: changingTold ? changing : null,
    fixed: fixedTold ? fixed : null,
    written: version === 1 ? writtenOf(event, columns) : null,
    all: (changing + fixed + server) | 0,
    row: changingTold && fixedTold ? (changing + fixed + (serverTold ? server : 0)) | 0 : null,
    stable: fixedTold ? (fixed + (serverTold ? created : 0)) | 0 : null,
    server: serverTold,
    coarse: columns.precision === 'milliseconds',
  };
}

/**
 * `RowFingerprint.row` of what the tables have of a row.
 *
 * @param told how an event told of it: with the columns of the server, with times to the millisecond
 */
export function rowHash(
  table: TableName,
  values: RowValues,
  told: Pick<RowFingerprint, 'server' | 'coarse'>,
): number {
  const columns = new TextColumns(told.coarse ? toMilliseconds(table, values) : values);
  let row = 0;
  for (const { place, seed, part } of COLUMNS[table]) {
    if (!told.server && (part === 'created' || part === 'updated')) continue;
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

/** By table and operation, the columns that go into a digest of version 1, in their order. */
const DIGESTED = Object.fromEntries(
  TABLE_NAMES.map((table) => {
    const printed = PRINTED_COLUMNS[table];
    const places = printed.map((_, place) => place);
    return [table, { insert: places, update: [0, ...updatedPlaces(table)] }];
  }),
) as unknown as Readonly<Record<TableName, Readonly<Record<'insert' | 'update', number[]>>>>;

function updatedPlaces(table: TableName): number[] {
  const printed = PRINTED_COLUMNS[table];
  const updated = UPDATED_IN_VERSION_1[table] ?? [];
  return updated.map((name) => printed.findIndex((column) => column.name === name));
}

/** The hash that a digest of version 1 has of a row. */
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

/** Timestamps without what is below a millisecond, and without trailing zeros. */
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
