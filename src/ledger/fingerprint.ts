import { CHANGING_COLUMNS, setsAllChanging } from '../legacy/events/index.js';
import { TABLE_NAMES, TABLES, type TableName, type Value } from '../legacy/tables.js';
import { mix } from '../random/hash.js';
import { BASIS, hashText, hashValue } from './value-hash.js';

/*
 * The fingerprint of a row is two checksums, 32 bits each: `changing` of the columns that updates set, `fixed` of the
 * others but the key. Each is the sum, modulo 2^32, of the hashes of its columns (name, and value as PostgreSQL prints
 * it), so the order of columns does not matter. Finds accidents, not forgeries. An update states `changing` alone.
 */

/** A column's part in the fingerprint of its row. */
export interface PrintedColumn {
  readonly name: string;
  /** The hash of the column's name, with which the hash of a value begins. */
  readonly seed: number;
  /** The key is in neither sum: it identifies the row. */
  readonly part: 'key' | 'changing' | 'fixed';
}

/** The columns of each table that the generator writes, in the order of `TABLES`. */
export const PRINTED_COLUMNS = Object.fromEntries(
  TABLE_NAMES.map((table) => [table, printedColumns(table)]),
) as unknown as Readonly<Record<TableName, readonly PrintedColumn[]>>;

function printedColumns(table: TableName): PrintedColumn[] {
  const changing = CHANGING_COLUMNS[table];
  return TABLES[table].columns.map(({ name }, position) => ({
    name,
    seed: columnSeed(name),
    part: position === 0 ? 'key' : changing.includes(name) ? 'changing' : 'fixed',
  }));
}

/** The hash of a column's name, with which the hash of its value begins. */
export function columnSeed(name: string): number {
  return hashText(BASIS, name);
}

/** Bytes of a row's fingerprint: both sums, or `changing` alone. */
const BOTH = 8;
const CHANGING_ONLY = 4;

let buffer = Buffer.alloc(1 << 12);

/**
 * Encodes the fingerprints of whole rows (values in the order of the table's columns) as the ledger has them: both
 * sums of each row as little-endian 32-bit integers, in base64.
 */
export function encodeWhole(table: TableName, rows: readonly (readonly Value[])[]): string {
  const columns = PRINTED_COLUMNS[table];
  reserve(rows.length * BOTH);
  let at = 0;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    let changing = 0;
    let fixed = 0;
    for (let k = 1; k < columns.length; k++) {
      const { seed, part } = columns[k]!;
      const hash = mix(hashValue(seed, row[k]!));
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

/** Whether a text has the length of the fingerprints of `rows` rows. */
export function areFingerprints(text: string, rows: number): boolean {
  return (
    text.length === base64Length(rows * BOTH) || text.length === base64Length(rows * CHANGING_ONLY)
  );
}

function base64Length(bytes: number): number {
  return 4 * Math.ceil(bytes / 3);
}

/** Decoded fingerprints of the rows of a key list. */
export class Fingerprints {
  readonly #sums: DataView;
  readonly #width: number;

  /** @param text for which `areFingerprints(text, rows)` holds */
  constructor(text: string, rows: number) {
    const { buffer, byteOffset, length } = Buffer.from(text, 'base64');
    this.#sums = new DataView(buffer, byteOffset, length);
    this.#width = text.length === base64Length(rows * BOTH) ? BOTH : CHANGING_ONLY;
  }

  /** @param index the row's index in the key list */
  changing(index: number): number {
    return this.#sums.getInt32(index * this.#width, true);
  }

  /** Null if unknown. */
  fixed(index: number): number | null {
    return this.#width === BOTH ? this.#sums.getInt32(index * BOTH + 4, true) : null;
  }
}

function reserve(bytes: number): void {
  if (bytes > buffer.length) buffer = Buffer.alloc(2 * bytes);
}
