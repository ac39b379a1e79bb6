import { TABLE_NAMES, type TableName } from '../legacy/tables.js';

/** Why a table is not the run's. */
export type Foreign = 'other_table' | 'other_schema' | 'other_database';

/**
 * Finds the run's table for an event's names: a table is (database, schema, name), and a partition counts as its root.
 * A part that the format lacks is null, and counts as the run's.
 */
export interface Scope {
  tableOf(database: string | null, schema: string | null, name: string): TableName | Foreign;
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
  readonly table: TableName;
}

/** The scope of a run whose tables are at these places. */
export function tableScope({ database, tables }: TablePlaces): Scope {
  const byName = new Map<string, Place[]>();
  const add = (name: string, place: Place) => {
    const places = byName.get(name);
    if (places === undefined) byName.set(name, [place]);
    else places.push(place);
  };
  // Tables go before partitions: a name without a schema means a table first.
  for (const table of TABLE_NAMES) add(table, { schema: tables[table].schema, table });
  for (const table of TABLE_NAMES) {
    for (const { schema, name } of tables[table].partitions) add(name, { schema, table });
  }
  return {
    tableOf(ofDatabase, schema, name) {
      if (ofDatabase !== null && database !== null && ofDatabase !== database) {
        return 'other_database';
      }
      const places = byName.get(name);
      if (places === undefined) return 'other_table';
      const found = places.find(
        (place) => schema === null || place.schema === null || place.schema === schema,
      );
      return found?.table ?? 'other_schema';
    },
  };
}

/** The scope of a run with unknown places: table names alone count. */
export function scopeOfNames(): Scope {
  const place: TablePlace = { schema: null, partitions: [] };
  return tableScope({
    database: null,
    tables: Object.fromEntries(TABLE_NAMES.map((table) => [table, place])) as Record<
      TableName,
      TablePlace
    >,
  });
}

export function isForeign(table: TableName | Foreign): table is Foreign {
  return table === 'other_table' || table === 'other_schema' || table === 'other_database';
}
