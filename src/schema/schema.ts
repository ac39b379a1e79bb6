import { type EventSpec, type EventType, UNREFERENCED } from './event.js';
import { type HazardSpec, joinHazards } from './hazards.js';
import { keyColumn } from './key.js';
import type { Pools } from './row-maker.js';
import { type Rule, Rules } from './rules.js';
import { sqlName, type Table, type TableName, type TableSpec } from './table.js';
import { Tables } from './tables.js';

/** A file of `sql/` that creates a part of a schema. */
export interface Script {
  readonly file: string;
  /** SQL, one boolean: the script need not run again. Null: it may run at any time. */
  readonly done: string | null;
}

/** Tables that belong together, with their event types, rules and scripts. */
export interface SchemaSpec {
  readonly name: string;
  /** In foreign-key order. */
  readonly tables: readonly TableSpec[];
  /** In the order of `--only` and of the weights. */
  readonly events: readonly EventSpec[];
  readonly rules: readonly Rule[];
  readonly scripts: readonly Script[];
  /** Schemas of its own in the database, besides the search_path's. */
  readonly schemas: readonly string[];
  /** SQL statements that drop its other objects, like sequences and types, once the tables are gone. Not its `schemas`. */
  readonly drop: readonly string[];
  /**
   * The characters beyond ASCII that rows may hold: a database whose encoding lacks one of them cannot take the rows.
   */
  readonly characters: string;
  readonly hazards: HazardSpec;
}

/** A schema that runs by itself; others extend it. */
export interface BaseSchemaSpec extends SchemaSpec {
  /** The table that takes new rows where a batch finds too few to change or to link; it references no other. */
  readonly filler: TableName;
  /**
   * By table, the columns that updates set in the versions whose ledgers do not record them. Frozen: old ledgers are
   * read with it. In a table that is missing, updates set none.
   */
  readonly firstChanging: Readonly<Record<TableName, readonly string[]>>;
  /** Makes the lists that rows are composed of, in some 40 ms. */
  samplePools(): Promise<Pools>;
}

/** A run's schema: a base, and the extensions that the operator asked for. */
export class Schema {
  readonly extensions: readonly string[];
  readonly tables: Tables;
  readonly events: ReadonlyMap<EventType, EventSpec>;
  readonly eventTypes: readonly EventType[];
  readonly rules: Rules;
  readonly scripts: readonly Script[];
  readonly schemas: readonly string[];
  readonly drop: readonly string[];
  readonly characters: string;
  readonly filler: Table;
  readonly hazards: HazardSpec;
  /** As of `BaseSchemaSpec`. */
  readonly firstChanging: Readonly<Record<TableName, readonly string[]>>;
  readonly samplePools: () => Promise<Pools>;

  constructor(base: BaseSchemaSpec, extensions: readonly SchemaSpec[]) {
    const parts = [base, ...extensions];
    const events = parts.flatMap((part) => part.events);
    this.extensions = extensions.map(({ name }) => name);
    this.tables = new Tables(
      parts.flatMap((part) => part.tables),
      (table) => changingOf(events, table),
    );
    this.events = new Map(
      events.map((event) => {
        const { type, table, deletable } = event;
        if (deletable !== UNREFERENCED) return [type, event];
        return [type, { ...event, deletable: unreferenced(this.tables, table) }];
      }),
    );
    this.eventTypes = events.map(({ type }) => type);
    this.rules = new Rules(parts.flatMap((part) => part.rules));
    this.scripts = parts.flatMap((part) => part.scripts);
    this.schemas = parts.flatMap((part) => part.schemas);
    this.drop = parts.flatMap((part) => part.drop);
    this.characters = parts.map(({ characters }) => characters).join('');
    this.hazards = joinHazards(parts.map(({ hazards }) => hazards));
    this.filler = this.tables.get(base.filler);
    this.firstChanging = base.firstChanging;
    this.samplePools = () => base.samplePools();
  }

  /** Throws where there is no such event type. */
  event(type: EventType): EventSpec {
    const event = this.events.get(type);
    if (event === undefined) throw new Error(`no event type ${type}`);
    return event;
  }

  /** The event type whose inserts fill a table; null: parents make their rows themselves. */
  seederOf(table: TableName): EventSpec | null {
    for (const event of this.events.values()) if (event.table === table) return event;
    return null;
  }
}

/** The columns of a table that an UPDATE of some event type sets. */
function changingOf(events: readonly EventSpec[], table: TableName): readonly string[] {
  const ofTable = events.filter((event) => event.table === table);
  return [...new Set(ofTable.flatMap(({ change }) => change.columns))];
}

/** SQL: no row of any table references this one. */
function unreferenced(tables: Tables, table: TableName): string {
  return tables
    .flatMap(({ name: child, foreignKeys }) =>
      foreignKeys
        .filter(({ references }) => references === table)
        .map(({ column }) => {
          const own = `${table}.${sqlName(keyColumn(tables.get(table)))}`;
          // Within the subquery, the name of a table that references itself would be the child's.
          const [from, alias] = child === table ? [`${child} AS child`, 'child'] : [child, child];
          return `NOT EXISTS (SELECT 1 FROM ${from} WHERE ${alias}.${sqlName(column)} = ${own})`;
        }),
    )
    .join(' AND ');
}
