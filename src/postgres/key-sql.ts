import { textsOfKey } from '../schema/key.js';
import { baseType, type Key, sqlName, type Table } from '../schema/table.js';

/**
 * SQL: the key of a row equals these values.
 *
 * @param row the name that qualifies the columns, with its dot, or nothing
 * @param value SQL of a column's value, by its position in the key, and its type
 */
export function keyEquals(
  { key, columns }: Table,
  row: string,
  value: (position: number, type: string) => string,
): string {
  return key
    .map((name, i) => `${row}${sqlName(name)} = ${value(i, baseType(columns[i]!.type))}`)
    .join(' AND ');
}

/** SQL: the key of a row is one of those in the parameters from `keyParameters`. */
export function keyIsIn(table: Table): string {
  const names = table.key.map(sqlName);
  const arrays = keyArrays(table, 1);
  if (names.length === 1) return `${names[0]} = ANY (${arrays})`;
  return `(${names.join(', ')}) IN (SELECT * FROM unnest(${arrays}))`;
}

/** `$1::bigint[], $2::text[], …`: keys as parameters, an array for each column. `first`: the number of the first one. */
export function keyArrays({ key, columns }: Table, first: number): string {
  return key.map((_, i) => `$${first + i}::${baseType(columns[i]!.type)}[]`).join(', ');
}

/** The values of the parameters of `keyArrays`: the texts of each column of the keys. */
export function keyParameters(table: Table, keys: readonly Key[]): string[][] {
  const texts = keys.map((key) => textsOfKey(table, key));
  return table.key.map((_, column) => texts.map((ofKey) => ofKey[column]!));
}
