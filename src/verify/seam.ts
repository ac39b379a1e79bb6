// seam: this file is what room E needs of the rooms `ledger` and `sources`, until they take tables. Each part names its
// replacement.
import { Fingerprints as Sums } from '../ledger/fingerprint.js';
import { LedgerReader, type LedgerReaderListener } from '../ledger/reader.js';
import { BASIS, hashText } from '../ledger/value-hash.js';
import type { ColumnPart, Key, Row, Table } from '../schema/table.js';
import type { Tables } from '../schema/tables.js';
import type { RowColumns } from '../sources/source.js';

export type { TableName as LegacyTableName } from '../legacy/tables.js';

/** sources/source.ts */
export type Projection =
  | 'double'
  | 'trailing_zeros'
  | 'special'
  | 'interval_microseconds'
  | 'milliseconds';

/** `columns.projected(column)` */
export function projectedOf(columns: RowColumns, column: number): Projection | null {
  const own = columns as { projected?: (column: number) => Projection | null };
  return own.projected?.(column) ?? null;
}

/** ledger/fingerprint.ts */
export interface PrintedColumn {
  readonly name: string;
  readonly seed: number;
  readonly part: ColumnPart;
  readonly lossy: boolean;
}

/** ledger/fingerprint.ts */
export function printedColumns({ columns, parts }: Table): readonly PrintedColumn[] {
  return columns.map((column, place) => ({
    name: column.name,
    seed: hashText(BASIS, column.name),
    part: parts[place]!,
    lossy: isLossy(column),
  }));
}

/** ledger/fingerprint.ts */
export function isCoarse({ columns }: Table): boolean {
  return columns.some(isLossy);
}

function isLossy(column: object): boolean {
  return (column as { lossy?: boolean }).lossy === true;
}

const WORD_BYTES = 4;

/** ledger/fingerprint.ts */
export class Fingerprints {
  readonly #sums: Sums;
  readonly #coarse: DataView | null;
  readonly #words: number;

  constructor(text: string, rows: number, coarse: boolean) {
    this.#sums = new Sums(text, rows);
    const { buffer, byteOffset, length } = Buffer.from(text, 'base64');
    this.#coarse = coarse ? new DataView(buffer, byteOffset, length) : null;
    this.#words = rows === 0 ? 0 : length / rows / WORD_BYTES;
  }

  changing(index: number): number {
    return this.#coarse === null ? this.#sums.changing(index) : this.#word(index, 0);
  }

  fixed(index: number): number | null {
    if (this.#coarse === null) return this.#sums.fixed(index);
    return this.#words === 4 ? this.#word(index, 1) : null;
  }

  coarseChanging(index: number): number {
    if (this.#coarse === null) return this.changing(index);
    return this.#word(index, this.#words === 4 ? 2 : 1);
  }

  coarseFixed(index: number): number | null {
    if (this.#coarse === null) return this.fixed(index);
    return this.#words === 4 ? this.#word(index, 3) : null;
  }

  #word(index: number, word: number): number {
    return this.#coarse!.getInt32((index * this.#words + word) * WORD_BYTES, true);
  }
}

/** ledger/projection.ts */
export function projectionOf(type: string): (text: string) => string | null {
  if (type.startsWith('numeric')) {
    return (text) => (/NaN|Infinity/.test(text) ? null : String(Number(text)));
  }
  if (type === 'real' || type === 'double precision') {
    return (text) => (/NaN|Infinity/.test(text) ? null : text);
  }
  if (type.startsWith('timestamp')) {
    return (text) =>
      text.replace(/\.(\d{1,3})\d*/, (_, digits: string) => {
        const kept = digits.replace(/0+$/, '');
        return kept === '' ? '' : `.${kept}`;
      });
  }
  return (text) => text;
}

/** ledger/row-key.ts */
export function keyOf({ key, keyKind }: Table, row: Row): Key {
  const values = row.slice(0, key.length).map(String);
  if (keyKind === 'id') {
    const id = Number(row[0]);
    return Number.isSafeInteger(id) && id >= 0 ? id : values[0]!;
  }
  return values.length === 1 ? values[0]! : JSON.stringify(values);
}

/** `new LedgerReader(tables, path, listener)` */
export function readerOf(
  _tables: Tables,
  path: string,
  listener: LedgerReaderListener,
): LedgerReader {
  return new LedgerReader(path, listener);
}
