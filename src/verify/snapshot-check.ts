import type { TableName } from '../hospital/tables.js';
import { type Expected, forEachRow } from './expected.js';
import { rowCode } from './row-code.js';

/** A row that a snapshot should have, and does not. */
export interface AbsentRow {
  readonly table: TableName;
  readonly key: number;
  readonly expected: Expected;
}

/**
 * A snapshot stands for what was committed before it was taken: the rows that those transactions left must
 * be in it. Rows are asked about that are followed, of tables that the snapshot has rows of.
 */
export class SnapshotCheck {
  readonly #isKnown: (table: TableName, key: number) => boolean | null;
  readonly #tables = new Set<TableName>();
  readonly #absent = new Map<number, AbsentRow>();
  /** Of the absent rows, those that were deleted before the snapshot. */
  readonly #deleted = new Set<number>();

  /** @param isKnown whether any event told of a row; null: it is not followed */
  constructor(isKnown: (table: TableName, key: number) => boolean | null) {
    this.#isKnown = isKnown;
  }

  /** The snapshot has a row of this table. */
  covers(table: TableName): void {
    this.#tables.add(table);
  }

  /** A transaction that did not come, and was committed before the snapshot was taken. */
  excuse(expected: Expected): void {
    if (this.#tables.size === 0) return;
    forEachRow(expected, (table, operation, key) => {
      if (operation === 'update' || !this.#tables.has(table)) return;
      if (this.#isKnown(table, key) !== false) return;
      const code = rowCode(table, 'insert', key);
      if (operation === 'delete') this.#deleted.add(code);
      else this.#absent.set(code, { table, key, expected });
    });
  }

  /** Rows that are nowhere. */
  get missing(): readonly AbsentRow[] {
    return [...this.#absent].filter(([code]) => !this.#deleted.has(code)).map(([, row]) => row);
  }
}
