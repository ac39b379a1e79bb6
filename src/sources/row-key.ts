import { printedColumns } from '../ledger/fingerprint.js';
import { contentKey } from '../ledger/row-key.js';
import { mix } from '../random/hash.js';
import type { Key, Table } from '../schema/table.js';
import type { EventOperation, RowColumns } from './source.js';

/**
 * The key of a row of a table without a key, as `ledger/row-key.ts` makes it of a written row. Null: the event lacks a
 * value, or has cut one.
 */
export function contentKeyOf(table: Table, columns: RowColumns): Key | null {
  let changing = 0;
  let fixed = 0;
  for (const [i, { seed, part }] of printedColumns(table).entries()) {
    const hash = columns.hash(i, seed);
    if (hash === null || columns.projected(i) !== null) return null;
    if (part === 'changing') changing = (changing + mix(hash)) | 0;
    else fixed = (fixed + mix(hash)) | 0;
  }
  return contentKey(changing, fixed);
}

/** Whether an event of the operation may go without the row's key to `Sink.changeWithoutKey`. */
export function mayLackKey(operation: EventOperation, { keyKind }: Table): boolean {
  return operation === 'delete' || (operation === 'update' && keyKind === 'none');
}
