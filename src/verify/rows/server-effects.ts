import type { DatabaseFacts, IdentityFacts, TableFacts } from '../../database/facts.js';
import type { LedgerFacts } from '../../ledger/facts-file.js';
import type { TableName } from '../../schema/table.js';
import type { Tables } from '../../schema/tables.js';
import type { Publishing } from '../ledger/publishing.js';
import type { Results } from '../verdict/accounting.js';
import type { DerivedRows } from './derived-rows.js';

/** The run's database as the ledger and the server describe it: more facts once the run is over. */
export interface RunDatabase {
  readonly effects: ServerEffects;
  readonly publishing: Publishing;
}

/** A table whose deletes have no key, and its replica identity. */
export interface AnonymousTable extends Pick<IdentityFacts, 'index' | 'kind'> {
  readonly table: TableName;
}

/** Changes that the server may have made to the run's rows by itself: triggers, rules, policies, cascading foreign keys. */
export class ServerEffects {
  /** Triggers, rules and foreign keys that may add or change rows: `table.trigger`. */
  readonly adding: readonly string[];
  readonly #tables: Tables;
  readonly #looks: readonly DatabaseFacts[];

  /** @param facts null: unknown (a ledger of version 1, without a server) */
  constructor(tables: Tables, facts: LedgerFacts | null) {
    this.#tables = tables;
    this.#looks = facts === null ? [] : [facts.begin, ...(facts.end === null ? [] : [facts.end])];
    this.adding = distinct(
      tables.names.flatMap((table) =>
        this.#of(table).flatMap(({ triggers, rules, cascades }) => [
          ...triggers.map(({ name }) => `${table}.${name}`),
          ...rules.map((name) => `${table}.${name}`),
          ...cascades,
        ]),
      ),
    );
  }

  /** Triggers, rules and policies that may change a row without RETURNING showing it: `table.trigger`. */
  hiding(table: TableName): readonly string[] {
    const looks = this.#of(table);
    const changing = looks.map(({ triggers }) =>
      triggers
        .filter(({ timing, level }) => timing === 'before' && level === 'row')
        .map(({ name }) => name),
    );
    const [first = [], last = first] = changing;
    // With a trigger that was there from the beginning, the run wrote its statements with RETURNING.
    const appearedOrVanished = [...first, ...last].filter(
      (name) => !first.includes(name) || !last.includes(name),
    );
    const ruled = looks.flatMap(({ rules, policies, triggers }) => [
      ...rules,
      ...(policies === null ? [] : policies.length === 0 ? ['ROW LEVEL SECURITY'] : policies),
      ...triggers.filter(({ timing }) => timing === 'instead').map(({ name }) => name),
    ]);
    return distinct([...appearedOrVanished, ...ruled].map((name) => `${table}.${name}`));
  }

  /** Everything that may make rows differ from the ledger. */
  get acting(): readonly string[] {
    return distinct([...this.adding, ...this.#tables.names.flatMap((table) => this.hiding(table))]);
  }

  /** Tables whose deletes have no key. */
  get anonymous(): readonly AnonymousTable[] {
    const { names } = this.#tables;
    return names
      .filter((table) => !this.hasKey(table))
      .map((table) => {
        const found = this.#of(table).find(({ identity }) => !this.#identifies(table, identity));
        const { index = null, kind = 'default' } = found?.identity ?? {};
        return { table, index, kind };
      });
  }

  /** Whether BEFORE ROW triggers may change rows of the table. */
  rewrites(table: TableName): boolean {
    return this.#of(table).some(({ triggers }) =>
      triggers.some(({ timing, level }) => timing === 'before' && level === 'row'),
    );
  }

  /** Whether the table's replica identity includes the key, so that deletes have it. */
  hasKey(table: TableName): boolean {
    return this.#of(table).every(({ identity }) => this.#identifies(table, identity));
  }

  /** Whether others attached or detached partitions during the run. */
  repartitioned(table: TableName): boolean {
    const { addedPartitions } = this.#tables.get(table);
    const [first, last = first] = this.#of(table).map(({ partitions }) =>
      partitions
        .filter(({ name }) => !addedPartitions.includes(name))
        .map(({ schema, name }) => `${schema}.${name}`)
        .sort()
        .join(),
    );
    return first !== last;
  }

  #of(table: TableName): TableFacts[] {
    return this.#looks.flatMap(({ tables }) => tables[table] ?? []);
  }

  /** Without a key, only the whole old row identifies a row. */
  #identifies(table: TableName, { kind, tells_id }: IdentityFacts): boolean {
    return this.#tables.get(table).keyKind === 'none' ? kind === 'full' : tells_id;
  }
}

function distinct(names: readonly string[]): string[] {
  return [...new Set(names)].sort();
}

/** Decides about the findings that the server itself may have caused: a violation, or a doubt. */
export function settleServerFindings(
  { findings, ofServer, accounting }: Results,
  effects: ServerEffects,
  derived: DerivedRows,
): void {
  const adds = effects.adding.length > 0;
  const hides = (table: TableName | null) => table !== null && effects.hiding(table).length > 0;
  for (const [altered, isCoarse] of [
    [ofServer.alteredExact, false],
    [ofServer.alteredCoarse, true],
  ] as const) {
    for (const cause of altered.causes) {
      const { table, events } = cause;
      // A trigger may have stored microseconds, which such an event cuts off.
      const cut = isCoarse && table !== null && effects.rewrites(table);
      if (!(hides(table) || cut)) findings.merge(cause);
      else {
        accounting.delivered -= events;
        accounting.doubt('server_changed', events);
      }
    }
  }
  for (const cause of ofServer.columnChanged.causes) {
    if (adds || hides(cause.table)) accounting.suspect('server_changed', cause.events);
    else findings.merge(cause);
  }
  for (const cause of (adds ? ofServer.evenIfAdded : ofServer.unlessAdded).causes) {
    findings.merge(cause);
  }
  if (!adds) derived.forget();
}
