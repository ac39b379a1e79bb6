import { sqlName, type Table } from '../schema/table.js';
import type { Row } from '../schema/value.js';
import { BinaryWriter, hasBinaryForm } from './copy-binary.js';
import { CsvWriter } from './csv.js';
import { PIECE_BYTES, type RowWriter } from './row-writer.js';

/** The COPY command for the pieces of `copyPieces`. */
export function copyCommand({ name: table, columns }: Table): string {
  const names = columns.map(({ name }) => sqlName(name)).join(', ');
  const format = hasBinaryForm(columns) ? 'binary' : 'csv';
  return `COPY ${table} (${names}) FROM STDIN (FORMAT ${format})`;
}

/**
 * Rows of a table for COPY, in pieces of about 64 KB. `rowAt`: the row at a position below `count`. `onRows`: gets
 * the number of rows of each piece, after it was handed over.
 */
export function* copyPieces(
  { columns }: Pick<Table, 'columns'>,
  count: number,
  rowAt: (index: number) => Row,
  onRows: (rows: number) => void,
): Generator<Buffer> {
  const writer: RowWriter = hasBinaryForm(columns)
    ? new BinaryWriter(columns)
    : new CsvWriter(columns);
  let reported = 0;
  for (let index = 0; index < count; index++) {
    writer.row(rowAt(index));
    if (writer.length >= PIECE_BYTES) {
      yield writer.take();
      onRows(index + 1 - reported);
      reported = index + 1;
    }
  }
  writer.end();
  if (writer.length > 0) yield writer.take();
  onRows(count - reported);
}
