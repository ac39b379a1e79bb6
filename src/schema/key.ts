import type { Key, Table, TableSpec } from './table.js';

/** The key of a row, from the texts of its key's columns, in their order; see `Key`. */
export function keyOfTexts(texts: readonly string[]): string {
  return texts.length === 1 ? texts[0]! : JSON.stringify(texts);
}

/** The texts of a key's columns, in their order: undoes `keyOfTexts`. Not for a table without a key. */
export function textsOfKey({ key }: Pick<Table, 'key'>, text: Key): readonly string[] {
  return key.length === 1 ? [String(text)] : (JSON.parse(String(text)) as string[]);
}

/** The one column of a table's key. Throws where the key has several, or there is none. */
export function keyColumn({ name, key }: Pick<TableSpec, 'name' | 'key'>): string {
  const [column] = key;
  if (column === undefined || key.length > 1) throw new Error(`${name} has no key of one column`);
  return column;
}

/** Tells whether an update of these columns may change the key of its table. */
export function changesKey({ key }: Pick<TableSpec, 'key'>, columns: readonly string[]): boolean {
  return key.some((name) => columns.includes(name));
}

/** The keys of rows of a table without a key, which were joined into one text: each has 16 digits. */
export function contentKeysOf(joined: string): string[] {
  return joined.match(/.{16}/g) ?? [];
}
