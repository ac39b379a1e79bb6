import { beginRow, hashRow } from '../../ledger/digest.js';
import { columnSeed, printedColumns } from '../../ledger/fingerprint.js';
import { HAZARDS_SINCE } from '../../ledger/format.js';
import { projectionOf } from '../../ledger/projection.js';
import { hashText, NULL } from '../../ledger/value-hash.js';
import { mix } from '../../random/hash.js';
import type { Table, TableName } from '../../schema/table.js';
import type { Tables } from '../../schema/tables.js';
import type { Projection, RowColumns, RowEvent } from '../../sources/source.js';
import { type AddedTexts, addedTexts, UNCHANGED } from '../hazards/added-columns.js';

/** The contents of an event, as sums of column hashes of 32 bits. Null: the event leaves out a column of the sum. */
export interface RowFingerprint {
  /**
   * The columns that updates of the run set, and the others: the two sums of `ledger/fingerprint.ts`. Null also where a
   * column of the sum is projected.
   */
  readonly changing: number | null;
  readonly fixed: number | null;
  /** Null: no column is projected. */
  readonly projected: ProjectedSums | null;
  /** With a ledger of version 1: the columns that the operation writes. */
  readonly written: number | null;
  /** Every column that the event states, except the key. */
  readonly stated: number;
  /**
   * Every column of the table except the key; the columns that the server sets are included if `server`. Of a projected
   * row: with every lossy column projected.
   */
  readonly row: number | null;
  /** The columns that no update of the run sets; the server's that keep their first value are included if `server`. */
  readonly stable: number | null;
  /** Whether the event states the columns that the server sets. */
  readonly server: boolean;
  /** Whether its timestamps have milliseconds instead of microseconds. */
  readonly coarse: boolean;
  /** Whether a column that is NOT NULL is null. */
  readonly nullInNotNull: boolean;
  /** Null: the table has no such columns, or the event lacks one for another reason. */
  readonly toasted: ToastedColumns | null;
  /** The columns that hazards add to the table; left out: they add none. */
  readonly added?: AddedTexts;
}

/**
 * The columns of an event that the ledger has a hash of each (`toasted` in `ledger/fingerprint.ts`). The event of an
 * update lacks those that are stored out of line (TOAST) and did not change. Then sums that include one are null.
 */
interface ToastedColumns {
  /** In the order of the ledger's hashes; null where the event lacks the value. */
  readonly hashes: readonly (number | null)[];
  /** The fingerprint without these columns. */
  readonly others: RowFingerprint;
}

/** The sums of a row with every lossy column projected: `coarseChanging` and `coarseFixed` of the ledger. */
export interface ProjectedSums {
  readonly changing: number | null;
  readonly fixed: number | null;
  /** The projections of its columns, each once. */
  readonly by: readonly Projection[];
}

/** How a row in a table is hashed, to compare it with an event. */
export interface HashedLike {
  /** As of `RowFingerprint`. */
  readonly server: boolean;
  readonly coarse: boolean;
  /** Whether a column of the event is projected. */
  readonly projected: boolean;
}

interface PrintedPlace {
  /** Its index in `RowColumns`. */
  readonly place: number;
  readonly seed: number;
  readonly part: 'changing' | 'fixed' | 'created' | 'updated';
  /** The hash of NULL where the column is NOT NULL. */
  readonly forbidden: number | null;
  readonly isTime: boolean;
  /** Null: no setting of a pipeline loses a part of its values. */
  readonly project: ((text: string) => string | null) | null;
  /** Whether the ledger has a hash of the column. */
  readonly toasted: boolean;
}

/** Of an event without a row. */
const EMPTY: RowFingerprint = {
  changing: null,
  fixed: null,
  projected: null,
  written: null,
  stated: 0,
  row: null,
  stable: null,
  server: false,
  coarse: false,
  nullInNotNull: false,
  toasted: null,
};

const toMilliseconds = projectionOf('timestamp without time zone');

/** Makes the fingerprints of a table's rows. */
export class RowPrinter {
  readonly #table: Table;
  readonly #version: number;
  /** The columns of `RowColumns`, without the key's and those that follow from others. */
  readonly #columns: readonly PrintedPlace[];
  /** Those with a hash of their own in the ledger, and the others. */
  readonly #toasted: readonly PrintedPlace[];
  readonly #others: readonly PrintedPlace[];
  readonly #isLossy: boolean;
  /** Whether hazards of the run may add columns to the table. */
  readonly #hasAdded: boolean;
  /** By operation: the columns in a digest of version 1, in its order. */
  readonly #digested: Readonly<Record<'insert' | 'update', readonly number[]>>;

  /** @param version of the ledger, from 1 */
  constructor(table: Table, version: number) {
    const names = table.columns.map(({ name }) => name);
    this.#table = table;
    this.#version = version;
    this.#columns = columnsOf(table);
    this.#toasted = this.#columns.filter(({ toasted }) => toasted);
    this.#others = this.#columns.filter(({ toasted }) => !toasted);
    this.#hasAdded = version >= HAZARDS_SINCE && table.addedColumns.length > 0;
    this.#isLossy = this.#columns.some(({ project }) => project !== null);
    this.#digested = {
      insert: [...names.keys()],
      update: [0, ...table.changing.map((name) => names.indexOf(name))],
    };
  }

  /**
   * The fingerprint of an event.
   *
   * @param row its row; null for a delete
   */
  print(event: RowEvent, row: RowColumns | null): RowFingerprint {
    const written = this.#version === 1 ? this.#writtenOf(event, row) : null;
    if (row === null) return written === null ? EMPTY : { ...EMPTY, written };
    let changing = 0;
    let fixed = 0;
    let server = 0;
    let created = 0;
    let changingKnown = true;
    let fixedKnown = true;
    let serverKnown = true;
    let nullInNotNull = false;
    const columns = this.#others;
    for (let i = 0; i < columns.length; i++) {
      const { place, seed, part, forbidden } = columns[i]!;
      const hash = row.hash(place, seed);
      if (hash !== null && hash === forbidden && row.text(place) === null) nullInNotNull = true;
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
        if (part === 'created') created = (created + own) | 0;
      }
    }
    const ofServer = serverKnown ? server : 0;
    const ofCreated = serverKnown ? created : 0;
    const whole = {
      changing: changingKnown ? changing : null,
      fixed: fixedKnown ? fixed : null,
      projected: null,
      written,
      stated: (changing + fixed + server) | 0,
      row: changingKnown && fixedKnown ? (changing + fixed + ofServer) | 0 : null,
      stable: fixedKnown ? (fixed + ofCreated) | 0 : null,
      server: serverKnown,
      coarse: row.precision === 'milliseconds',
      nullInNotNull,
      toasted: null,
    };
    const fingerprint = this.#isLossy ? this.#addProjected(whole, row, ofServer, ofCreated) : whole;
    const own = this.#toasted.length === 0 ? fingerprint : this.#addToasted(fingerprint, row);
    return this.#hasAdded ? withAdded(own, addedTexts(this.#table, row)) : own;
  }

  /**
   * `RowFingerprint.row` of a row in the table.
   *
   * @param stored whole, with its values as PostgreSQL prints them
   */
  hashOf(
    stored: Pick<RowColumns, 'text' | 'hash'>,
    { server, coarse, projected }: HashedLike,
  ): number {
    let row = 0;
    for (const { place, seed, part, isTime, project } of this.#columns) {
      if (!server && (part === 'created' || part === 'updated')) continue;
      const cut =
        projected && project !== null ? project : coarse && isTime ? toMilliseconds : null;
      const text = cut === null ? null : (stored.text(place) ?? null);
      const hash =
        cut === null || text === null
          ? stored.hash(place, seed)!
          : hashText(seed, cut(text) ?? NULL);
      row = (row + mix(hash)) | 0;
    }
    return row;
  }

  /** The fingerprint of a row from that of its other columns. */
  #addToasted(others: RowFingerprint, row: RowColumns): RowFingerprint {
    const hashes: (number | null)[] = [];
    let { stated, nullInNotNull } = others;
    let isWithheld = false;
    for (const { place, seed, forbidden } of this.#toasted) {
      const hash = row.hash(place, seed);
      if (hash === null) isWithheld ||= !row.isUnchanged(place);
      else if (hash === forbidden && row.text(place) === null) nullInNotNull = true;
      const own = mixed(hash);
      hashes.push(own);
      stated = (stated + (own ?? 0)) | 0;
    }
    const known = { ...others, stated, nullInNotNull };
    return isWithheld ? withFixed(known, null) : withToasted(known, hashes);
  }

  /**
   * The fingerprint of a row from that of its values as they are.
   *
   * @param ofServer the sum of the server's columns
   * @param ofCreated of those that keep their first value
   */
  #addProjected(
    whole: RowFingerprint,
    row: RowColumns,
    ofServer: number,
    ofCreated: number,
  ): RowFingerprint {
    const by = new Set<Projection>();
    const cut = { changing: false, fixed: false };
    for (const { place, part, project } of this.#others) {
      const projection = project === null ? null : row.projected(place);
      if (projection === null) continue;
      by.add(projection);
      if (part === 'changing' || part === 'fixed') cut[part] = true;
    }
    if (by.size === 0) return whole;
    const sums: { changing: number | null; fixed: number | null } = { changing: 0, fixed: 0 };
    for (const { place, part, seed, project } of this.#others) {
      if (part !== 'changing' && part !== 'fixed') continue;
      sums[part] = plus(sums[part], mixed(projectedHash(row, place, seed, project)));
    }
    return {
      ...whole,
      changing: cut.changing ? null : whole.changing,
      fixed: cut.fixed ? null : whole.fixed,
      projected: { ...sums, by: [...by] },
      row: plus(plus(sums.changing, sums.fixed), ofServer),
      stable: plus(sums.fixed, ofCreated),
    };
  }

  /** The hash that a row adds to a digest of version 1. */
  #writtenOf({ operation, key }: RowEvent, row: RowColumns | null): number | null {
    const { name: table } = this.#table;
    if (operation === 'delete') return hashRow(table, 'delete', [key]);
    if (operation === 'snapshot' || row === null) return null;
    let chain: number | null = beginRow(table, operation);
    const places = this.#digested[operation];
    for (let i = 0; i < places.length && chain !== null; i++) chain = row.hash(places[i]!, chain);
    return mixed(chain);
  }
}

/**
 * The fingerprint of an event with the columns that it lacks as unchanged; as it is where one of them is unknown.
 *
 * @param knownAt the hash of a column by its place in `ToastedColumns`; null: unknown
 */
export function completed(
  fingerprint: RowFingerprint,
  knownAt: (place: number) => number | null,
): RowFingerprint {
  const { toasted } = fingerprint;
  if (toasted === null || !toasted.hashes.includes(null)) return fingerprint;
  const hashes = toasted.hashes.map((hash, place) => hash ?? knownAt(place));
  return hashes.includes(null) ? fingerprint : withToasted(toasted.others, hashes);
}

function withToasted(others: RowFingerprint, hashes: readonly (number | null)[]): RowFingerprint {
  return { ...withFixed(others, hashes.reduce(plus, 0)), toasted: { hashes, others } };
}

/** The added columns are a part of what an event states, and of nothing else: most events of a table lack them. */
function withAdded(of: RowFingerprint, added: AddedTexts): RowFingerprint {
  let { stated } = of;
  for (const [i, text] of added.entries()) {
    if (text !== UNCHANGED && text !== undefined) {
      stated = (stated + mix(hashText(i + 1, text ?? NULL))) | 0;
    }
  }
  const own = { stated, added };
  const { toasted } = of;
  if (toasted === null) return { ...of, ...own };
  return { ...of, ...own, toasted: { ...toasted, others: { ...toasted.others, ...own } } };
}

/** Adds the hashes of fixed columns. Null: one of them is unknown. */
function withFixed(others: RowFingerprint, hashes: number | null): RowFingerprint {
  const { fixed, projected, row, stable } = others;
  return {
    ...others,
    fixed: plus(fixed, hashes),
    projected: projected && { ...projected, fixed: plus(projected.fixed, hashes) },
    row: plus(row, hashes),
    stable: plus(stable, hashes),
  };
}

/** A printer for each table. `version`: of the ledger, from 1. */
export function printersOf(tables: Tables, version: number): ReadonlyMap<TableName, RowPrinter> {
  return new Map(tables.map((table) => [table.name, new RowPrinter(table, version)]));
}

/** Prints events of all tables. One after the other, they are of the same table: its printer is kept. */
export class EventPrinter {
  readonly #tables: Tables;
  readonly #printers: ReadonlyMap<TableName, RowPrinter>;
  #table: Table;
  #printer: RowPrinter;

  /** @param version of the ledger, from 1 */
  constructor(tables: Tables, version: number) {
    this.#tables = tables;
    this.#printers = printersOf(tables, version);
    this.#table = tables.at(0);
    this.#printer = this.#printers.get(this.#table.name)!;
  }

  /** The table of the last event. */
  get table(): Table {
    return this.#table;
  }

  print(event: RowEvent, columns: RowColumns | null): RowFingerprint {
    if (event.table !== this.#table.name) {
      this.#table = this.#tables.get(event.table);
      this.#printer = this.#printers.get(event.table)!;
    }
    return this.#printer.print(event, columns);
  }
}

/** All literals have their members in one order: `print` reads them for every value. */
function columnsOf(table: Table): PrintedPlace[] {
  const own = printedColumns(table).flatMap(
    ({ seed, part, lossy, project }, place): PrintedPlace[] => {
      if (part === 'key') return [];
      const { type, notNull } = table.columns[place]!;
      const forbidden = notNull ? hashText(seed, NULL) : null;
      const isTime = isTimestamp(type);
      const toasted = part === 'toasted';
      const sum = toasted ? 'fixed' : part;
      const projection = lossy ? project : null;
      return [{ place, seed, part: sum, forbidden, isTime, project: projection, toasted }];
    },
  );
  const server = table.serverColumns.flatMap(({ name, type, set }, i): PrintedPlace[] => {
    if (set === 'derived') return [];
    const place = table.columns.length + i;
    const part = set === 'insert' ? 'created' : 'updated';
    const isTime = isTimestamp(type);
    const seed = columnSeed(name);
    return [{ place, seed, part, forbidden: null, isTime, project: null, toasted: false }];
  });
  return [...own, ...server];
}

function isTimestamp(type: string): boolean {
  return type.startsWith('timestamp');
}

/** The hash of a column's value in its projection; null: the event leaves it out. */
function projectedHash(
  row: RowColumns,
  place: number,
  seed: number,
  project: PrintedPlace['project'],
): number | null {
  if (project === null || row.projected(place) !== null) return row.hash(place, seed);
  const text = row.text(place);
  if (text === undefined) return null;
  return hashText(seed, (text === null ? null : project(text)) ?? NULL);
}

/** A sum modulo 2^32; null: a part of it is unknown. */
function plus(sum: number | null, part: number | null): number | null {
  return sum === null || part === null ? null : (sum + part) | 0;
}

function mixed(hash: number | null): number | null {
  return hash === null ? null : mix(hash);
}
