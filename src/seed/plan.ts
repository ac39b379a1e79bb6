import { TABLE_NAMES, TABLES, type TableName } from '../legacy/tables.js';

/**
 * Rows of one COPY and its transaction: large enough that COPY's fixed costs vanish, small enough
 * that workers share a table evenly and that a crash loses little.
 */
const CHUNK_ROWS = 50_000;

/** Groups of tables that may be filled at the same time; a phase references rows of earlier ones. */
export const PHASES: readonly (readonly TableName[])[] = [
  TABLE_NAMES.filter((table) => TABLES[table].foreignKeys.length === 0),
  TABLE_NAMES.filter((table) => TABLES[table].foreignKeys.length > 0),
];

export interface SeedVolumes {
  readonly volumes: Readonly<Record<TableName, number>>;
  readonly scale: number;
  readonly minRows: number;
}

/** Rows that each table should hold after the seed: scaled, and raised to the minimum. */
export function targetRows({ volumes, scale, minRows }: SeedVolumes): Record<TableName, number> {
  return Object.fromEntries(
    TABLE_NAMES.map((table) => [table, Math.max(Math.round(volumes[table] * scale), minRows)]),
  ) as Record<TableName, number>;
}

/** Consecutive ids of one table whose rows are still to be written. `first` is the lowest. */
export interface IdBlock {
  readonly table: TableName;
  readonly first: number;
  readonly count: number;
}

/** One COPY: `rank` is the position of its first row among the rows of the table's block. */
export interface SeedChunk extends IdBlock {
  readonly rank: number;
}

/** Cuts blocks into chunks, large tables first, so that all workers end at about the same time. */
export function cutChunks(blocks: readonly IdBlock[]): SeedChunk[] {
  return [...blocks]
    .sort((a, b) => b.count - a.count)
    .flatMap(({ table, first, count }) =>
      Array.from({ length: Math.ceil(count / CHUNK_ROWS) }, (_, i) => {
        const rank = i * CHUNK_ROWS;
        return { table, first: first + rank, count: Math.min(CHUNK_ROWS, count - rank), rank };
      }),
    );
}
