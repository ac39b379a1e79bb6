import { mix } from '../random/hash.js';
import { CHANGING_COLUMNS, setsAllChanging } from '../schemas/hospital/events/index.js';
import { TABLE_NAMES, TABLES, type TableName, type Value } from '../schemas/hospital/tables.js';
import { BASIS, hashText, hashValue } from './digest.js';

/**
 * What a row holds, in 2 × 32 bits: the columns that updates set, and its others but the key. Each is the
 * sum, modulo 2^32, of a hash of each column (its name and its text as PostgreSQL prints it), so the order of
 * columns has no say. Finds mistakes, not forgeries.
 */
export interface Fingerprint {
  readonly changing: number;
  /** Null: not known, as of a row that was there before the run and is updated. */
  readonly fixed: number | null;
}

/** How a column of a table goes into the fingerprint of its row. */
export interface PrintedColumn {
  readonly name: string;
  /** What its hash begins with. */
  readonly seed: number;
  /** The key is in neither sum: it is what a row is known by. */
  readonly part: 'key' | 'changing' | 'fixed';
}

/** The columns that the generator writes of each table, in the order of `TABLES`. */
export const PRINTED_COLUMNS = Object.fromEntries(
  TABLE_NAMES.map((table) => [table, printedColumns(table)]),
) as unknown as Readonly<Record<TableName, readonly PrintedColumn[]>>;

function printedColumns(table: TableName): PrintedColumn[] {
  const changing = CHANGING_COLUMNS[table];
  return TABLES[table].columns.map(({ name }, place) => ({
    name,
    seed: columnSeed(name),
    part: place === 0 ? 'key' : changing.includes(name) ? 'changing' : 'fixed',
  }));
}

/** What the hash of a column of this name begins with. */
export function columnSeed(name: string): number {
  return hashText(BASIS, name);
}

/** Bytes of a row: both sums, or the changing one alone. */
const BOTH = 8;
const CHANGING_ONLY = 4;

let buffer = Buffer.alloc(1 << 12);

/**
 * Fingerprints of whole rows (in the order of the table's columns), as the ledger has them: of each row
 * both sums, 4 bytes each, little-endian; base64.
 */
export function encodeWhole(table: TableName, rows: readonly (readonly Value[])[]): string {
  const columns = PRINTED_COLUMNS[table];
  reserve(rows.length * BOTH);
  let at = 0;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    let changing = 0;
    let fixed = 0;
    for (let place = 1; place < columns.length; place++) {
      const { seed, part } = columns[place]!;
      const hash = mix(hashValue(seed, row[place]!));
      if (part === 'changing') changing = (changing + hash) | 0;
      else fixed = (fixed + hash) | 0;
    }
    buffer.writeInt32LE(changing, at);
    buffer.writeInt32LE(fixed, at + 4);
    at += BOTH;
  }
  return buffer.toString('base64', 0, at);
}

/**
 * The same of updates (key, then the new values in the order of `names`): the changing sum alone. Throws
 * where the update leaves a changing column as it was: then the row as stored must be encoded.
 */
export function encodeUpdates(
  table: TableName,
  names: readonly string[],
  rows: readonly (readonly Value[])[],
): string {
  if (!setsAllChanging(table, names)) {
    throw new Error(
      `an update of ${table} that sets only ${names.join(', ')} must return its rows`,
    );
  }
  const columns = names.map((name) => PRINTED_COLUMNS[table].find((c) => c.name === name)!);
  reserve(rows.length * CHANGING_ONLY);
  let at = 0;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    let changing = 0;
    for (let k = 0; k < columns.length; k++) {
      changing = (changing + mix(hashValue(columns[k]!.seed, row[k + 1]!))) | 0;
    }
    buffer.writeInt32LE(changing, at);
    at += CHANGING_ONLY;
  }
  return buffer.toString('base64', 0, at);
}

/** Whether a text can be the fingerprints of so many rows. */
export function areFingerprints(text: string, rows: number): boolean {
  return (
    text.length === base64Length(rows * BOTH) || text.length === base64Length(rows * CHANGING_ONLY)
  );
}

function base64Length(bytes: number): number {
  return 4 * Math.ceil(bytes / 3);
}

/** Fingerprints of some rows, as a reader of the ledger has them. */
export class Fingerprints {
  readonly #sums: DataView;
  readonly #width: number;

  /** @param text `areFingerprints` of so many rows */
  constructor(text: string, rows: number) {
    const { buffer, byteOffset, length } = Buffer.from(text, 'base64');
    this.#sums = new DataView(buffer, byteOffset, length);
    this.#width = text.length === base64Length(rows * BOTH) ? BOTH : CHANGING_ONLY;
  }

  /** Of the row at this place in the list of keys. */
  changing(place: number): number {
    return this.#sums.getInt32(place * this.#width, true);
  }

  /** Null: not known. */
  fixed(place: number): number | null {
    return this.#width === BOTH ? this.#sums.getInt32(place * BOTH + 4, true) : null;
  }
}

function reserve(bytes: number): void {
  if (bytes > buffer.length) buffer = Buffer.alloc(2 * bytes);
}
