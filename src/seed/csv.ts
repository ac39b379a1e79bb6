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
    if (typeof value === 'number') line += value;
    else if (value !== null && value !== undefined)
      line += needsQuotes(value) ? quote(value) : value;
  }
  return `${line}\n`;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** Character by character: for text this short quicker than a regular expression. */
function needsQuotes(value: string): boolean {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code === COMMA || code === QUOTE || code === LINE_FEED || code === CARRIAGE_RETURN) {
      return true;
    }
  }
  return value === '';
}

function quote(value: string): string {
  return value.includes('"') ? `"${value.replaceAll('"', '""')}"` : `"${value}"`;
}
