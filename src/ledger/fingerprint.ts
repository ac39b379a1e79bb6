import { mix } from '../random/hash.js';
import {
  type ColumnPart,
  type Row,
  setsAllChanging,
  type Table,
  type Value,
} from '../schema/table.js';
import { type Projection, projectionOf } from './projection.js';
import { BASIS, hashText, hashValue } from './value-hash.js';

/*
 * The fingerprint of a row is two checksums, 32 bits each: `changing` of the columns that updates set, `fixed` of the
 * others but the key. Each is the sum, modulo 2^32, of the hashes of its columns (name, and value as PostgreSQL prints
 * it), so the order of columns does not matter. Finds accidents, not forgeries. An update states `changing` alone.
 *
 * A table with a lossy column has both sums a second time, in which lossy columns count by their projection.
 */

/** A column's part in the fingerprint of its row. */
export interface PrintedColumn {
  readonly name: string;
  /** The hash of the column's name, with which the hash of a value begins. */
  readonly seed: number;
  /** The key is in neither sum: it identifies the row. */
  readonly part: ColumnPart;
  readonly lossy: boolean;
  readonly project: Projection;
}

interface Printed {
  readonly columns: readonly PrintedColumn[];
  /** Those after the key's. */
  readonly summed: readonly PrintedColumn[];
  readonly coarse: boolean;
}

/** By table: building the columns takes longer than encoding a row. */
const PRINTED = new WeakMap<Table, Printed>();

function printedOf(table: Table): Printed {
  const known = PRINTED.get(table);
  if (known !== undefined) return known;
  const columns = table.columns.map(({ name, type, lossy }, i) => ({
    name,
    seed: columnSeed(name),
    part: table.parts[i]!,
    lossy,
    project: projectionOf(type),
  }));
  const summed = columns.slice(table.key.length);
  const printed = { columns, summed, coarse: summed.some(({ lossy }) => lossy) };
  PRINTED.set(table, printed);
  return printed;
}

/** The columns of a table that the generator writes, in their order. */
export function printedColumns(table: Table): readonly PrintedColumn[] {
  return printedOf(table).columns;
}

/** Whether the rows of a table have coarse sums, too: a lossy column is in its sums. */
export function isCoarse(table: Table): boolean {
  return printedOf(table).coarse;
}

/** The hash of a column's name, with which the hash of its value begins. */
export function columnSeed(name: string): number {
  return hashText(BASIS, name);
}

/** Bytes of a row's fingerprint: both sums, or `changing` alone. Twice as many with coarse sums. */
const BOTH = 8;
const CHANGING_ONLY = 4;

let buffer = Buffer.alloc(1 << 12);

interface Sums {
  changing: number;
  fixed: number;
  /** The same with the projections of lossy columns. */
  coarseChanging: number;
  coarseFixed: number;
}

/** One for all rows: `add` is called for each, and the result is encoded before the next call. */
const sums: Sums = { changing: 0, fixed: 0, coarseChanging: 0, coarseFixed: 0 };

/** Sets `sums` to those of the values from `begin` on, one for each of the columns. */
function add(columns: readonly PrintedColumn[], row: readonly Value[], begin: number): void {
  let changing = 0;
  let fixed = 0;
  // The difference that projections make.
  let changingLoss = 0;
  let fixedLoss = 0;
  for (let k = 0; k < columns.length; k++) {
    const column = columns[k]!;
    const { seed, part } = column;
    const value = row[begin + k]!;
    const hash = mix(hashValue(seed, value));
    const isLost = column.lossy && value !== null;
    const loss = isLost ? (mix(hashValue(seed, column.project(String(value)))) - hash) | 0 : 0;
    if (part === 'changing') {
      changing = (changing + hash) | 0;
      changingLoss = (changingLoss + loss) | 0;
    } else if (part === 'fixed') {
      fixed = (fixed + hash) | 0;
      fixedLoss = (fixedLoss + loss) | 0;
    }
  }
  sums.changing = changing;
  sums.fixed = fixed;
  sums.coarseChanging = (changing + changingLoss) | 0;
  sums.coarseFixed = (fixed + fixedLoss) | 0;
}

/** The two sums of a row, which may have more values than the table has columns. */
export function sumsOf(table: Table, row: Row): Pick<Sums, 'changing' | 'fixed'> {
  add(printedOf(table).summed, row, table.key.length);
  return { changing: sums.changing, fixed: sums.fixed };
}

/**
 * Encodes the fingerprints of whole rows (values in the order of the table's columns) as the ledger has them: both
 * sums of each row as little-endian 32-bit integers, in base64; the coarse ones follow where the table has them.
 */
export function encodeWhole(table: Table, rows: readonly Row[]): string {
  const { summed, coarse } = printedOf(table);
  const begin = table.key.length;
  reserve(rows.length * 2 * BOTH);
  let at = 0;
  for (let i = 0; i < rows.length; i++) {
    add(summed, rows[i]!, begin);
    at = buffer.writeInt32LE(sums.changing, at);
    at = buffer.writeInt32LE(sums.fixed, at);
    if (!coarse) continue;
    at = buffer.writeInt32LE(sums.coarseChanging, at);
    at = buffer.writeInt32LE(sums.coarseFixed, at);
  }
  return buffer.toString('base64', 0, at);
}

/**
 * The same of updates (identifying values, then the new values in the order of `names`): the changing sums alone. Throws
 * where the update leaves a changing column as it was: then the row as stored must be encoded.
 */
export function encodeUpdates(
  table: Table,
  names: readonly string[],
  rows: readonly Row[],
): string {
  if (!setsAllChanging(table, names)) {
    throw new Error(
      `an update of ${table.name} that sets only ${names.join(', ')} must return its rows`,
    );
  }
  const { columns: all, coarse } = printedOf(table);
  const columns = names.map((name) => all.find((column) => column.name === name)!);
  const begin = table.keyKind === 'none' ? all.length : table.key.length;
  reserve(rows.length * 2 * CHANGING_ONLY);
  let at = 0;
  for (let i = 0; i < rows.length; i++) {
    add(columns, rows[i]!, begin);
    at = buffer.writeInt32LE(sums.changing, at);
    if (coarse) at = buffer.writeInt32LE(sums.coarseChanging, at);
  }
  return buffer.toString('base64', 0, at);
}

/** Whether a text has the length of the fingerprints of `rows` rows. `coarse`: `isCoarse` of their table. */
export function areFingerprints(text: string, rows: number, coarse: boolean): boolean {
  const times = coarse ? 2 * rows : rows;
  return (
    text.length === base64Length(times * BOTH) ||
    text.length === base64Length(times * CHANGING_ONLY)
  );
}

function base64Length(bytes: number): number {
  return 4 * Math.ceil(bytes / 3);
}

/** Decoded fingerprints of the rows of a key list. */
export class Fingerprints {
  readonly #sums: DataView;
  /** Bytes from one row to the next. */
  readonly #width: number;
  readonly #whole: boolean;
  readonly #coarse: boolean;

  /**
   * @param text for which `areFingerprints(text, rows, coarse)` holds
   * @param coarse `isCoarse` of the rows' table
   */
  constructor(text: string, rows: number, coarse: boolean) {
    const { buffer, byteOffset, length } = Buffer.from(text, 'base64');
    const times = coarse ? 2 : 1;
    this.#sums = new DataView(buffer, byteOffset, length);
    this.#whole = text.length === base64Length(rows * times * BOTH);
    this.#width = times * (this.#whole ? BOTH : CHANGING_ONLY);
    this.#coarse = coarse;
  }

  /** @param index the row's index in the key list */
  changing(index: number): number {
    return this.#sums.getInt32(index * this.#width, true);
  }

  /** Null if unknown. */
  fixed(index: number): number | null {
    return this.#whole ? this.#sums.getInt32(index * this.#width + 4, true) : null;
  }

  /** As `changing`, with the projections of lossy columns. */
  coarseChanging(index: number): number {
    if (!this.#coarse) return this.changing(index);
    return this.#sums.getInt32(index * this.#width + (this.#whole ? BOTH : CHANGING_ONLY), true);
  }

  /** As `fixed`, with the projections of lossy columns. Null if unknown. */
  coarseFixed(index: number): number | null {
    if (!this.#coarse || !this.#whole) return this.fixed(index);
    return this.#sums.getInt32(index * this.#width + BOTH + 4, true);
  }
}

function reserve(bytes: number): void {
  if (bytes > buffer.length) buffer = Buffer.alloc(2 * bytes);
}
