import type { Client } from 'pg';
import { send } from '../src/postgres/packet.js';
import { missingIds, parseNumbers } from '../src/postgres/statements.js';
import { columnIndex, idOf, type Table, type TableName, type Value } from '../src/schema/table.js';
import type { Tables } from '../src/schema/tables.js';
import type { Write } from './writes.js';

/** Ids by table, of the tables that others reference. */
export type ParentIds = ReadonlyMap<TableName, ReadonlySet<number>>;

/** The rows that these inserts reference, that do not exist and that the writes do not make themselves. */
export async function findMissing(
  client: Client,
  tables: Tables,
  writes: readonly Write[],
): Promise<ParentIds> {
  const missing = new Map<TableName, Set<number>>();
  for (const parent of tables.parents) {
    const made = new Set(
      writes.flatMap(({ table, rows }) => (table === parent ? rows.map(idOf) : [])),
    );
    const ids = [...referencedIds(writes, parent.name)].filter((id) => !made.has(id));
    if (ids.length === 0) continue;
    const [answer] = await send(client, [missingIds(parent, ids)]);
    const gone = parseNumbers(answer?.fields[0] ?? null);
    if (gone.length > 0) missing.set(parent.name, new Set(gone));
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
    const { table, operation } = write;
    if (operation !== 'insert') return write;
    const links = [...missing].flatMap(([parent, ids]) =>
      columnsTo(parent, table).map((index) => ({ index, ids })),
    );
    const own = columnsTo(table.name, table);
    /** The keys of removed rows, which later rows of the same statement may reference. */
    const without = new Set<Value>();
    const rows = write.rows.filter((row) => {
      const isOrphan =
        links.some(({ index, ids }) => ids.has(Number(row[index]))) ||
        own.some((index) => without.has(row[index]!));
      if (isOrphan) without.add(row[0]!);
      return !isOrphan;
    });
    removed += write.rows.length - rows.length;
    return { ...write, rows };
  });
  return { kept: kept.filter(({ rows }) => rows.length > 0), removed };
}

function referencedIds(writes: readonly Write[], parent: TableName): Set<number> {
  const ids = new Set<number>();
  for (const { table, operation, rows } of writes) {
    if (operation !== 'insert') continue;
    for (const index of columnsTo(parent, table)) {
      for (const row of rows) if (row[index] !== null) ids.add(Number(row[index]));
    }
  }
  return ids;
}

/** Positions of the columns that reference a table. */
function columnsTo(parent: TableName, table: Table): number[] {
  return table.foreignKeys
    .filter(({ references }) => references === parent)
    .map(({ column }) => columnIndex(table, column));
}
