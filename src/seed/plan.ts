import type { Table, TableName } from '../schema/table.js';
import type { Tables } from '../schema/tables.js';

/**
 * Rows of one COPY and its transaction, where they have the usual size: large enough that COPY's fixed costs vanish,
 * small enough that workers share a table evenly and that a crash loses little.
 */
const CHUNK_ROWS = 50_000;

/** Groups of tables that may be filled at the same time; a phase references rows of earlier ones. */
export function phasesOf(tables: Tables): readonly (readonly Table[])[] {
  const phases: Table[][] = [];
  const phaseOf = new Map<TableName, number>();
  for (const table of tables) {
    // A row may reference a row of its own table, in the same COPY.
    const others = table.foreignKeys.filter(({ references }) => references !== table.name);
    const phase = Math.max(0, ...others.map(({ references }) => 1 + phaseOf.get(references)!));
    phaseOf.set(table.name, phase);
    phases[phase] = [...(phases[phase] ?? []), table];
  }
  return phases;
}

export interface SeedVolumes {
  readonly volumes: Readonly<Record<TableName, number>>;
  readonly scale: number;
  readonly minRows: number;
}

/** Rows that each table should hold after the seed: scaled, and raised to the minimum. */
export function targetRows(
  tables: Tables,
  { volumes, scale, minRows }: SeedVolumes,
): Record<TableName, number> {
  return tables.record(({ name }) => Math.max(Math.round(volumes[name]! * scale), minRows));
}

/** Consecutive ids of one table whose rows are still to be written. `first` is the lowest. */
export interface IdBlock {
  readonly table: TableName;
  readonly first: number;
  readonly count: number;
}

/** One COPY. */
export interface SeedChunk extends IdBlock {
  /** The position of its first row among the rows of the table's block. */
  readonly rank: number;
  /** The work of one row, in rows of the usual size. */
  readonly cost: number;
}

/**
 * Cuts blocks into chunks of about the same work, those of tables with much work first, so that all workers end at
 * about the same time.
 *
 * @param costOf the work of one row of a table, in rows of the usual size
 */
export function cutChunks(
  blocks: readonly IdBlock[],
  costOf: (table: TableName) => number,
): SeedChunk[] {
  return blocks
    .map((block) => ({ ...block, cost: costOf(block.table) }))
    .sort((a, b) => b.count * b.cost - a.count * a.cost)
    .flatMap(({ table, first, count, cost }) => {
      const rows = Math.max(1, Math.floor(CHUNK_ROWS / cost));
      return Array.from({ length: Math.ceil(count / rows) }, (_, i) => {
        const rank = i * rows;
        return { table, first: first + rank, count: Math.min(rows, count - rank), rank, cost };
      });
    });
}
