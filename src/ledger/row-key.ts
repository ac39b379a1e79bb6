import { keyOfTexts } from '../schema/key.js';
import type { Key, Row, Table } from '../schema/table.js';
import { printValue } from '../schema/value.js';
import { sumsOf } from './fingerprint.js';
import { idOfText } from './keys.js';

/**
 * The key of a row.
 *
 * @param row begins with the values of the key's columns, or of all columns where the table has no key
 */
export function keyOf(table: Table, row: Row): Key {
  const { keyKind, key, columns } = table;
  if (keyKind === 'id') {
    const id = row[0];
    return typeof id === 'number' ? id : idOfText(String(id));
  }
  if (keyKind === 'none') {
    const { changing, fixed } = sumsOf(table, row);
    return contentKey(changing, fixed);
  }
  return keyOfTexts(key.map((_, i) => String(printValue(columns[i]!.type, row[i]!))));
}

/** The key of a row of a table without a key, from its two fingerprints: equal rows have equal ones. */
export function contentKey(changing: number, fixed: number): string {
  return hexOf(changing) + hexOf(fixed);
}

/** The `fixed` sum of a content key: its last eight digits. */
export function fixedOfContentKey(key: string): number {
  return Number.parseInt(key.slice(-8), 16) | 0;
}

function hexOf(sum: number): string {
  return (sum >>> 0).toString(16).padStart(8, '0');
}
