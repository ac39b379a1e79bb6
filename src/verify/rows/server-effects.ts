import type { DatabaseFacts, IdentityFacts, TableFacts } from '../../database/facts.js';
import type { LedgerFacts } from '../../ledger/facts-file.js';
import { TABLE_NAMES, type TableName } from '../../schemas/hospital/tables.js';

/** A table of which a delete does not tell the row, and its replica identity. */
export interface AnonymousTable extends Pick<IdentityFacts, 'index' | 'kind'> {
  readonly table: TableName;
}

/** What the server may have done to a run's rows by itself, and what its WAL tells of them. */
export class ServerEffects {
  /** Names of what may write rows that the run did not: `table.trigger`. */
  readonly adding: readonly string[];
  readonly #looks: readonly DatabaseFacts[];

  /** @param facts null: nobody looked (a ledger of version 1, without a server) */
  constructor(facts: LedgerFacts | null) {
    this.#looks = facts === null ? [] : [facts.begin, ...(facts.end === null ? [] : [facts.end])];
    this.adding = distinct(
      TABLE_NAMES.flatMap((table) =>
        this.#of(table).flatMap(({ triggers, rules, cascades }) => [
          ...triggers.map(({ name }) => `${table}.${name}`),
          ...rules.map((name) => `${table}.${name}`),
          ...cascades,
        ]),
      ),
    );
  }

  /** Names of what may change a row of the table without that the statement that wrote it returns it so. */
  hiding(table: TableName): readonly string[] {
    const looks = this.#of(table);
    const changing = looks.map(({ triggers }) =>
      triggers
        .filter(({ timing, level }) => timing === 'before' && level === 'row')
        .map(({ name }) => name),
    );
    const [first = [], last = first] = changing;
    // Those that were there all the time made the run read its rows back.
    const moved = [...first, ...last].filter(
      (name) => !first.includes(name) || !last.includes(name),
    );
    const ruled = looks.flatMap(({ rules, policies, triggers }) => [
      ...rules,
      ...(policies === null ? [] : policies.length === 0 ? ['ROW LEVEL SECURITY'] : policies),
      ...triggers.filter(({ timing }) => timing === 'instead').map(({ name }) => name),
    ]);
    return distinct([...moved, ...ruled].map((name) => `${table}.${name}`));
  }

  /** Everything by which rows may be otherwise than the run wrote them. */
  get acting(): readonly string[] {
    return distinct([...this.adding, ...TABLE_NAMES.flatMap((table) => this.hiding(table))]);
  }

  /** Tables of which a delete does not tell the row. */
  get anonymous(): readonly AnonymousTable[] {
    return TABLE_NAMES.filter((table) => !this.tellsId(table)).map((table) => {
      const found = this.#of(table).find(({ identity }) => !identity.tells_id);
      const { index = null, kind = 'default' } = found?.identity ?? {};
      return { table, index, kind };
    });
  }

  /** Whether rows of the table are changed by triggers before they are stored. */
  rewrites(table: TableName): boolean {
    return this.#of(table).some(({ triggers }) =>
      triggers.some(({ timing, level }) => timing === 'before' && level === 'row'),
    );
  }

  /** Whether an event of a delete has the row's id. */
  tellsId(table: TableName): boolean {
    return this.#of(table).every(({ identity }) => identity.tells_id);
  }

  /** Whether partitions were added to a table, or taken off, during the run. */
  repartitioned(table: TableName): boolean {
    const [first, last = first] = this.#of(table).map(({ partitions }) =>
      partitions
        .map(({ schema, name }) => `${schema}.${name}`)
        .sort()
        .join(),
    );
    return first !== last;
  }

  #of(table: TableName): TableFacts[] {
    return this.#looks.map(({ tables }) => tables[table]);
  }
}

function distinct(names: readonly string[]): string[] {
  return [...new Set(names)].sort();
}
