import type { DatabaseFacts, PublicationFacts } from '../../database/facts.js';
import type { LedgerFacts } from '../../ledger/facts-file.js';
import type { Operation } from '../../schema/changes.js';
import type { TableName } from '../../schema/table.js';

/** Whether changes of a table and operation were published during the run. */
export type Published =
  | 'yes'
  /** Not during the run, but today: no pipeline could have delivered them. */
  | 'later'
  /** During a part of the run. */
  | 'changed'
  | 'no'
  /** The ledger does not record it. */
  | 'unknown';

export const OMISSIONS = ['table', 'operation', 'filter', 'columns'] as const;

/** Changes that publications leave out. */
export interface Omission {
  readonly kind: (typeof OMISSIONS)[number];
  /** Names of the publications that leave it out. */
  readonly publications: readonly string[];
}

/** The publications of a database during a run: which changes they published. */
export class Publishing {
  readonly #begin: DatabaseFacts | null;
  readonly #end: DatabaseFacts | null;
  readonly #now: DatabaseFacts | null;
  readonly #names: readonly string[] | null;

  /**
   * @param now the database today; null: it was not asked
   * @param names of the publications that the source reads; null: unknown, so all of the database count
   */
  constructor(
    facts: LedgerFacts | null,
    now: DatabaseFacts | null,
    names: readonly string[] | null,
  ) {
    this.#begin = facts?.begin ?? null;
    this.#end = facts?.end ?? null;
    this.#now = now;
    this.#names = names;
  }

  of(table: TableName, operation: Operation): Published {
    if (this.#begin === null || this.#end === null) return 'unknown';
    const before = this.#publishes(this.#begin, table, operation);
    const after = this.#publishes(this.#end, table, operation);
    if (before !== after) return 'changed';
    if (before) return 'yes';
    if (this.#now === null || !this.#publishes(this.#now, table, operation)) return 'no';
    // Without any publication, somebody may have read the WAL without one.
    const known = this.#names !== null || this.#in(this.#begin).length > 0;
    return known ? 'later' : 'unknown';
  }

  /** Whether changes of a table are published while it is out of one of the publications. */
  without(publication: string, table: TableName): 'yes' | 'unpublished' | 'changed' {
    const names = this.#names;
    if (names !== null && !names.includes(publication)) return 'yes';
    const begin = this.#begin;
    const isElsewhere =
      begin !== null &&
      this.#in(begin).some(
        ({ name, tables }) => name !== publication && tables[table] !== undefined,
      );
    if (!isElsewhere) return 'unpublished';
    // The source may read one, or the other.
    return names === null ? 'changed' : 'yes';
  }

  /** The changes of a table that the publications leave out; null: no change. */
  omission(table: TableName, operation: Operation | null): Omission | null {
    const facts = this.#end ?? this.#begin;
    if (facts === null) return null;
    const own = this.#in(facts);
    // Without any publication, the source reads the WAL without one.
    if (own.length === 0) return null;
    const publications = own.map(({ name }) => name);
    const having = own.filter(({ tables }) => tables[table] !== undefined);
    if (having.length === 0) return { kind: 'table', publications };
    const names = having.map(({ name }) => name);
    if (operation !== null && having.every(({ operations }) => !operations.includes(operation))) {
      return { kind: 'operation', publications: names };
    }
    if (having.every(({ tables }) => (tables[table]?.filter ?? null) !== null)) {
      return { kind: 'filter', publications: names };
    }
    if (having.every(({ tables }) => (tables[table]?.columns ?? null) !== null)) {
      return { kind: 'columns', publications: names };
    }
    return null;
  }

  #publishes(facts: DatabaseFacts, table: TableName, operation: Operation): boolean {
    return this.#in(facts).some(
      ({ tables, operations }) => tables[table] !== undefined && operations.includes(operation),
    );
  }

  #in({ publications }: DatabaseFacts): readonly PublicationFacts[] {
    const names = this.#names;
    return names === null ? publications : publications.filter(({ name }) => names.includes(name));
  }
}
