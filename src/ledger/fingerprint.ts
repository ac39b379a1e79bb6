import { mix } from '../random/hash.js';
import { type ColumnPart, type Row, setsAllChanging, type Table } from '../schema/table.js';
import { type MomentType, momentTypeOf, printValue, type Value } from '../schema/value.js';
import { type Projection, projectionOf } from './projection.js';
import { BASIS, hashText, hashValue } from './value-hash.js';

/*
 * The fingerprint of a row is two checksums, 32 bits each: `changing` of the columns that updates set, `fixed` of the
 * others but the key. Each is the sum, modulo 2^32, of the hashes of its columns (name, and value as PostgreSQL prints
 * it), so the order of columns does not matter. Finds accidents, not forgeries. An update states `changing` alone.
 *
 * A table with a lossy column has both sums a second time, in which lossy columns count by their projection. A table
 * with columns that may be stored out of line (TOAST) has the hash of each of these as well: an event may lack some.
 */

/** A column's part in the fingerprint of its row. `toasted`: in the fixed sum, and by itself. */
type PrintedPart = ColumnPart | 'toasted';

export interface PrintedColumn {
  readonly name: string;
  /** The hash of the column's name, with which the hash of a value begins. */
  readonly seed: number;
  /** The key is in neither sum: it identifies the row. */
  readonly part: PrintedPart;
  readonly lossy: boolean;
  readonly project: Projection;
  readonly type: string;
  /** Numbers of the column are moments. */
  readonly moment: MomentType | null;
}

/** Bytes of a column's hash, of both sums, and of `changing` alone. */
const HASH = 4;
const BOTH = 2 * HASH;
const CHANGING_ONLY = HASH;

interface Printed {
  readonly columns: readonly PrintedColumn[];
  /** Those after the key's. */
  readonly summed: readonly PrintedColumn[];
  /** The rows have coarse sums as well, because one of the summed columns is lossy. */
  readonly coarse: boolean;
  /** Columns with a hash of their own. */
  readonly toasted: number;
  /** Bytes of the fingerprint of a whole row, and of an update. */
  readonly wholeBytes: number;
  readonly updateBytes: number;
}

/** By table: building the columns takes longer than encoding a row. */
const PRINTED = new WeakMap<Table, Printed>();

function printedOf(table: Table): Printed {
  const known = PRINTED.get(table);
  if (known !== undefined) return known;
  const columns = table.columns.map(({ name, type, lossy, toast }, i): PrintedColumn => {
    const part = table.parts[i]!;
    return {
      name,
      seed: columnSeed(name),
      part: part === 'fixed' && toast && !lossy ? 'toasted' : part,
      lossy,
      project: projectionOf(type),
      type,
      moment: momentTypeOf(type),
    };
  });
  const summed = columns.slice(table.key.length);
  const coarse = summed.some(({ lossy }) => lossy);
  const toasted = summed.filter(({ part }) => part === 'toasted').length;
  const times = coarse ? 2 : 1;
  const printed = {
    columns,
    summed,
    coarse,
    toasted,
    wholeBytes: times * BOTH + toasted * HASH,
    updateBytes: times * CHANGING_ONLY,
  };
  PRINTED.set(table, printed);
  return printed;
}

/** The columns of a table that the generator writes, in their order. */
export function printedColumns(table: Table): readonly PrintedColumn[] {
  return printedOf(table).columns;
}

/** The hash of a column's name, with which the hash of its value begins. */
export function columnSeed(name: string): number {
  return hashText(BASIS, name);
}

let buffer = Buffer.allocUnsafeSlow(1 << 12);
let view = new DataView(buffer.buffer);

interface Sums {
  changing: number;
  fixed: number;
  /** The same with the projections of lossy columns. */
  coarseChanging: number;
  coarseFixed: number;
}

/** One for all rows: `add` is called for each, and the result is encoded before the next call. */
const sums: Sums = { changing: 0, fixed: 0, coarseChanging: 0, coarseFixed: 0 };
/** The same: the hashes of the toasted columns, in their order. */
const hashes: number[] = [];

/** Sets `sums` and `hashes` to those of the values from `begin` on, one for each of the columns. */
function add(columns: readonly PrintedColumn[], row: readonly Value[], begin: number): void {
  let changing = 0;
  let fixed = 0;
  // The difference that projections make.
  let changingLoss = 0;
  let fixedLoss = 0;
  let toasted = 0;
  for (let k = 0; k < columns.length; k++) {
    const column = columns[k]!;
    const { seed, part } = column;
    const value = row[begin + k]!;
    const hash = mix(hashValue(seed, value, column.moment));
    const loss = column.lossy && value !== null ? (coarseHash(column, value) - hash) | 0 : 0;
    if (part === 'changing') {
      changing = (changing + hash) | 0;
      changingLoss = (changingLoss + loss) | 0;
    } else if (part === 'fixed') {
      fixed = (fixed + hash) | 0;
      fixedLoss = (fixedLoss + loss) | 0;
    } else if (part === 'toasted') {
      fixed = (fixed + hash) | 0;
      hashes[toasted++] = hash;
    }
  }
  sums.changing = changing;
  sums.fixed = fixed;
  sums.coarseChanging = (changing + changingLoss) | 0;
  sums.coarseFixed = (fixed + fixedLoss) | 0;
}

/** The hash of a value by its projection. */
function coarseHash({ seed, type, project }: PrintedColumn, value: Value): number {
  return mix(hashValue(seed, project(printValue(type, value)!)));
}

/** The two sums of a row, which may have more values than the table has columns. */
export function sumsOf(table: Table, row: Row): Pick<Sums, 'changing' | 'fixed'> {
  add(printedOf(table).summed, row, table.key.length);
  return { changing: sums.changing, fixed: sums.fixed };
}

/**
 * Encodes the fingerprints of whole rows (values in the order of the table's columns) as the ledger has them: both
 * sums of each row as little-endian 32-bit integers, in base64; the coarse ones, and the hashes of the toasted columns,
 * follow where the table has them.
 */
export function encodeWhole(table: Table, rows: readonly Row[]): string {
  const { summed, coarse, toasted, wholeBytes } = printedOf(table);
  const begin = table.key.length;
  reserve(rows.length * wholeBytes);
  let at = 0;
  for (let i = 0; i < rows.length; i++) {
    add(summed, rows[i]!, begin);
    at = put(sums.changing, at);
    at = put(sums.fixed, at);
    if (coarse) {
      at = put(sums.coarseChanging, at);
      at = put(sums.coarseFixed, at);
    }
    for (let k = 0; k < toasted; k++) at = put(hashes[k]!, at);
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
  const { columns: all, coarse, updateBytes } = printedOf(table);
  const columns = names.map((name) => all.find((column) => column.name === name)!);
  const begin = table.keyKind === 'none' ? all.length : table.key.length;
  reserve(rows.length * updateBytes);
  let at = 0;
  for (let i = 0; i < rows.length; i++) {
    add(columns, rows[i]!, begin);
    at = put(sums.changing, at);
    if (coarse) at = put(sums.coarseChanging, at);
  }
  return buffer.toString('base64', 0, at);
}

/** Encoded fingerprints of so many rows. */
export interface EncodedRows {
  readonly prints: string;
  readonly count: number;
}

/**
 * Joins the fingerprints of rows of one table and operation. Where some of them are of whole rows and others are not, all
 * have the changing sum alone.
 *
 * @param order the place of each row among those of all parts; null: it stays
 */
export function joinPrints(
  table: Table,
  parts: readonly EncodedRows[],
  order: readonly number[] | null,
): string {
  const { wholeBytes, updateBytes } = printedOf(table);
  const isWhole = ({ prints, count }: EncodedRows) =>
    prints.length === base64Length(count * wholeBytes);
  const whole = parts.every(isWhole);
  const all = Buffer.concat(
    parts.map((part) => {
      const bytes = Buffer.from(part.prints, 'base64');
      return whole || !isWhole(part) ? bytes : changingOnly(table, bytes);
    }),
  );
  if (order === null) return all.toString('base64');
  const width = whole ? wholeBytes : updateBytes;
  const ordered = Buffer.alloc(all.length);
  for (const [to, from] of order.entries()) {
    all.copy(ordered, to * width, from * width, (from + 1) * width);
  }
  return ordered.toString('base64');
}

/** The fingerprints of whole rows as those of updates. */
function changingOnly(table: Table, bytes: Buffer): Buffer {
  const { coarse, wholeBytes, updateBytes } = printedOf(table);
  const rows = bytes.length / wholeBytes;
  const changing = Buffer.alloc(rows * updateBytes);
  for (let i = 0; i < rows; i++) {
    const from = i * wholeBytes;
    const to = i * updateBytes;
    bytes.copy(changing, to, from, from + CHANGING_ONLY);
    if (coarse) bytes.copy(changing, to + CHANGING_ONLY, from + BOTH, from + BOTH + CHANGING_ONLY);
  }
  return changing;
}

/** Checks that a text is as long as the fingerprints of `rows` rows of a table. */
export function areFingerprints(table: Table, text: string, rows: number): boolean {
  const { wholeBytes, updateBytes } = printedOf(table);
  return (
    text.length === base64Length(rows * wholeBytes) ||
    text.length === base64Length(rows * updateBytes)
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

  /** @param text for which `areFingerprints(table, text, rows)` holds */
  constructor(table: Table, text: string, rows: number) {
    const { buffer, byteOffset, length } = Buffer.from(text, 'base64');
    const { coarse, wholeBytes, updateBytes } = printedOf(table);
    this.#sums = new DataView(buffer, byteOffset, length);
    this.#whole = text.length === base64Length(rows * wholeBytes);
    this.#width = this.#whole ? wholeBytes : updateBytes;
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

  /**
   * The hash of a toasted column. Null if unknown.
   *
   * @param place among the toasted columns of the table
   */
  toasted(index: number, place: number): number | null {
    if (!this.#whole) return null;
    const first = this.#coarse ? 2 * BOTH : BOTH;
    return this.#sums.getInt32(index * this.#width + first + place * HASH, true);
  }
}

function reserve(bytes: number): void {
  if (bytes <= buffer.length) return;
  buffer = Buffer.allocUnsafeSlow(2 * bytes);
  view = new DataView(buffer.buffer);
}

/** Writes a sum and returns the offset of its end. */
function put(sum: number, at: number): number {
  view.setInt32(at, sum, true);
  return at + HASH;
}
