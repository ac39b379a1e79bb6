import type { Key, Row, Table } from '../schema/table.js';

/** The key of a row. */ // seam: room A has the whole of it
export function keyOf({ keyKind, key, columns }: Table, row: Row): Key {
  if (keyKind === 'id') return Number(row[0]);
  const length = keyKind === 'none' ? columns.length : key.length;
  return length === 1 ? String(row[0]) : JSON.stringify(row.slice(0, length).map(String));
}
