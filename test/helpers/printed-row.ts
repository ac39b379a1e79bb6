import type { Table } from '../../src/schema/table.js';
import { printValue, type Row } from '../../src/schema/value.js';

/** A row with its moments and composed texts as PostgreSQL prints them; whole numbers stay numbers. */
export function printedRow(
  { columns }: Pick<Table, 'columns'>,
  row: Row,
): (string | number | null)[] {
  return row.map((value, i) => {
    const { type } = columns[i]!;
    const isNumber = typeof value === 'number' && (type === 'bigint' || type === 'integer');
    return isNumber ? value : printValue(type, value);
  });
}
