import { columnSeed } from '../ledger/fingerprint.js';
import { mix } from '../random/hash.js';
import type { Key, Table } from '../schema/table.js';
import type { RowColumns } from './source.js';

// seam: printedColumns(table) of ledger/fingerprint.ts, contentKey of ledger/row-key.ts
const seedsOf = new WeakMap<Table, readonly number[]>();
function seeds(table: Table): readonly number[] {
  let found = seedsOf.get(table);
  if (found === undefined) {
    found = table.columns.map(({ name }) => columnSeed(name));
    seedsOf.set(table, found);
  }
  return found;
}
const half = (sum: number) => (sum >>> 0).toString(16).padStart(8, '0');

/** The key of a row of a table without a key: its contents. Null: the event lacks a value, or has cut one. */
export function contentKeyOf(table: Table, columns: RowColumns): Key | null {
  let changing = 0;
  let fixed = 0;
  for (const [i, seed] of seeds(table).entries()) {
    const hash = columns.hash(i, seed);
    if (hash === null || columns.projected(i) !== null) return null;
    if (table.parts[i] === 'changing') changing = (changing + mix(hash)) | 0;
    else fixed = (fixed + mix(hash)) | 0;
  }
  return half(changing) + half(fixed);
}
