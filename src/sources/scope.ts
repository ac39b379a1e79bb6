import type { Table, TableName } from '../schema/table.js';
import type { Tables } from '../schema/tables.js';

/** Why a table is not the run's. */
export type Foreign = 'other_table' | 'other_schema' | 'other_database';

/**
 * Finds the run's table for an event's names: a table is (database, schema, name), and a partition counts as its root.
 * A part that the format lacks is null, and counts as the run's.
 */
export interface Scope {
  readonly tables: Tables;
  /** The places that it knows. */
  readonly places: TablePlaces;
  tableOf(database: string | null, schema: string | null, name: string): Table | Foreign;
}

/** The places of a run's tables. */
export interface TablePlaces {
  /** Null: unknown; every database counts as the run's. */
  readonly database: string | null;
  readonly tables: Readonly<Record<TableName, TablePlace>>;
}

export interface TablePlace {
  /** Null: unknown; the table counts in every schema. */
  readonly schema: string | null;
  /** Every partition below the table, at any depth. */
  readonly partitions: readonly { readonly schema: string; readonly name: string }[];
}

/** A table or a partition, in one of the schemas that have its name. */
interface Place {
  readonly schema: string | null;
  readonly table: Table;
}

/** The scope of a run whose tables are at these places. */
export function tableScope(tables: Tables, all: TablePlaces): Scope {
  const { database, tables: places } = all;
  const byName = new Map<string, Place[]>();
  const add = (name: string, place: Place) => {
    const known = byName.get(name);
    if (known === undefined) byName.set(name, [place]);
    else known.push(place);
  };
  // Tables go before partitions: a name without a schema means a table first.
  for (const table of tables) add(table.relation, { schema: places[table.name]!.schema, table });
  for (const table of tables) {
    const { schema: own, partitions } = places[table.name]!;
    for (const { schema, name } of partitions) add(name, { schema, table });
    for (const name of table.addedPartitions) add(name, { schema: own, table });
  }
  return {
    tables,
    places: all,
    tableOf(ofDatabase, schema, name) {
      if (ofDatabase !== null && database !== null && ofDatabase !== database) {
        return 'other_database';
      }
      const known = byName.get(name);
      if (known === undefined) return 'other_table';
      const found = known.find(
        (place) => schema === null || place.schema === null || place.schema === schema,
      );
      return found?.table ?? 'other_schema';
    },
  };
}

/** The scope of a run with unknown places: table names alone count, and schemas that the tables name themselves. */
export function scopeOfNames(tables: Tables): Scope {
  return tableScope(tables, {
    database: null,
    tables: tables.record(({ schema }) => ({ schema, partitions: [] })),
  });
}
