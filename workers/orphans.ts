import type { Client } from 'pg';
import {
  columnIndex,
  idOf,
  PARENT_TABLES,
  type ParentTable,
  type Row,
  TABLES,
} from '../src/legacy/tables.js';
import { send } from '../src/postgres/packet.js';
import { missingIds, parseNumbers } from '../src/postgres/statements.js';
import type { Write } from './writes.js';

/** Ids by table, of the tables that others reference. */
export type ParentIds = ReadonlyMap<ParentTable, ReadonlySet<number>>;

/** The rows that these inserts reference, that do not exist and that the writes do not make themselves. */
export async function findMissing(client: Client, writes: readonly Write[]): Promise<ParentIds> {
  const missing = new Map<ParentTable, Set<number>>();
  for (const parent of PARENT_TABLES) {
    const made = new Set(
      writes.flatMap(({ table, rows }) => (table === parent ? rows.map(idOf) : [])),
    );
    const ids = [...referencedIds(writes, parent)].filter((id) => !made.has(id));
    if (ids.length === 0) continue;
    const [answer] = await send(client, [missingIds(parent, ids)]);
    const gone = parseNumbers(answer?.fields[0] ?? null);
    if (gone.length > 0) missing.set(parent, new Set(gone));
  }
  return missing;
}

/** The writes without the rows that reference a missing one, and how many rows were removed. */
export function withoutOrphans(
  writes: readonly Write[],
  missing: ParentIds,
): { readonly kept: Write[]; readonly removed: number } {
  let removed = 0;
  const kept = writes.map((write) => {
    if (write.operation !== 'insert') return write;
    const links = [...missing].flatMap(([parent, ids]) =>
      columnsTo(parent, write).map((index) => ({ index, ids })),
    );
    const isOrphan = (row: Row) => links.some(({ index, ids }) => ids.has(Number(row[index])));
    const rows = write.rows.filter((row) => !isOrphan(row));
    removed += write.rows.length - rows.length;
    return { ...write, rows };
  });
  return { kept: kept.filter(({ rows }) => rows.length > 0), removed };
}

function referencedIds(writes: readonly Write[], parent: ParentTable): Set<number> {
  const ids = new Set<number>();
  for (const write of writes) {
    if (write.operation !== 'insert') continue;
    for (const index of columnsTo(parent, write)) {
      for (const row of write.rows) ids.add(Number(row[index]));
    }
  }
  return ids;
}

/** Positions of the columns that reference a table. */
function columnsTo(parent: ParentTable, { table }: Write): number[] {
  return TABLES[table].foreignKeys
    .filter(({ references }) => references === parent)
    .map(({ column }) => columnIndex(table, column));
}
