import type { Table } from '../../schema/table.js';
import type { Tables } from '../../schema/tables.js';
import { IdTable } from './id-table.js';
import type { KeyEntry, KeyTable } from './key-table.js';
import { TextTable } from './text-table.js';

/** The keys of rows by their kind: ids, and texts. Ids cost no more for the texts beside them. */
export class KeyTables {
  readonly #ids: IdTable;
  readonly #texts: TextTable | null;

  /**
   * @param bytes of memory, about
   * @param sample share of keys to follow, 0 to 1
   * @param wordsFor the words of a key of these tables, besides its state
   */
  constructor(
    tables: Tables,
    bytes: number,
    sample: number,
    wordsFor: (tables: readonly Table[]) => number,
  ) {
    const withIds = tables.filter(({ keyKind }) => keyKind === 'id');
    const withTexts = tables.filter(({ keyKind }) => keyKind === 'columns');
    const hasTexts = withTexts.length > 0;
    const share = hasTexts ? bytes / 2 : bytes;
    this.#ids = new IdTable(tables, share, sample, wordsFor(withIds));
    this.#texts = hasTexts ? new TextTable(tables, share, sample, wordsFor(withTexts)) : null;
  }

  /** The keys of a table; null: its rows have none, so they cannot be followed. */
  of({ keyKind }: Table): KeyTable | null {
    if (keyKind === 'id') return this.#ids;
    return keyKind === 'columns' ? this.#texts : null;
  }

  /** As of `KeyTable`: the smaller share. */
  get sample(): number {
    return Math.min(this.#ids.sample, this.#texts?.sample ?? 1);
  }

  get size(): number {
    return this.#ids.size + (this.#texts?.size ?? 0);
  }

  clear(): void {
    this.#ids.clear();
    this.#texts?.clear();
  }

  /** The keys of a table, and of others of its kind. */
  *entriesOf(table: Table): Generator<KeyEntry> {
    const keys = this.of(table);
    if (keys !== null) yield* keys.entries();
  }

  *entries(): Generator<KeyEntry> {
    yield* this.#ids.entries();
    if (this.#texts !== null) yield* this.#texts.entries();
  }
}
