import { type Row, TABLES, type TableName } from '../hospital/tables.js';

/** Tens of kilobytes: fewer system calls than rows, and still little to hold back. */
const BUFFER_CHARS = 64 * 1024;

/** The COPY command that takes what `csvChunks` makes. */
export function copyCommand(table: TableName): string {
  const columns = TABLES[table].columns.map(({ name }) => name).join(', ');
  return `COPY ${table} (${columns}) FROM STDIN (FORMAT csv)`;
}

/**
 * Rows as CSV, in pieces of about 64 KB. `rowAt`: the row at a position below `count`. `onRows`: told
 * how many rows each piece holds, as it is handed over.
 */
export function* csvChunks(
  count: number,
  rowAt: (index: number) => Row,
  onRows: (rows: number) => void,
): Generator<Buffer> {
  let text = '';
  let reported = 0;
  for (let index = 0; index < count; index++) {
    text += csvLine(rowAt(index));
    if (text.length >= BUFFER_CHARS) {
      yield Buffer.from(text);
      text = '';
      onRows(index + 1 - reported);
      reported = index + 1;
    }
  }
  if (text !== '') yield Buffer.from(text);
  onRows(count - reported);
}

/** NULL is an empty field; text is quoted where CSV needs it, and where it is empty. */
export function csvLine(row: Row): string {
  let line = '';
  for (let i = 0; i < row.length; i++) {
    if (i > 0) line += ',';
    const value = row[i];
    if (value === null || value === undefined) continue;
    line += typeof value === 'string' && NEEDS_QUOTES.test(value) ? quote(value) : value;
  }
  return `${line}\n`;
}

const NEEDS_QUOTES = /^$|[",\r\n]/;

function quote(value: string): string {
  return `"${value.replaceAll('"', '""')}"`;
}
