import type { AddedColumn } from './hazards.js';
import type { RowMaker } from './row-maker.js';
import type { Row } from './value.js';

export type { Row, Value } from './value.js';

/** A table as the program knows it: what its rows hold, what identifies them, and what they reference. */

/**
 * The name of a table as SQL writes it in the run's search_path: `consultas`, `faturamento."Itens da Conta"`. It is
 * also the table's name in outputs and in the ledger.
 */
export type TableName = string;

export interface Column {
  readonly name: string;
  /** As `format_type` prints it: `bigint`, `numeric(12,2)`, `text[]`. */
  readonly type: string;
  readonly notNull: boolean;
  /**
   * Some setting of a pipeline cannot carry every value: `decimal.handling.mode=double`, `interval.handling.mode=numeric`
   * and the like. The ledger then has a second fingerprint, of the part of the value that the coarsest setting leaves.
   */
  readonly lossy: boolean;
  /**
   * PostgreSQL may store the value out of line (TOAST): then the event of an update that leaves it alone lacks it. The
   * ledger has a hash of each such column, so that the others of the event can be compared. Without effect where updates
   * set the column, or it is `lossy`.
   */
  readonly toast: boolean;
}

/** A column that the server sets by a default, a trigger or a GENERATED expression. */
export interface ServerColumn {
  readonly name: string;
  readonly type: string;
  /** `insert`: keeps its first value. `update`: changes with every UPDATE. `derived`: follows from other columns. */
  readonly set: 'insert' | 'update' | 'derived';
}

export interface ForeignKey {
  readonly column: string;
  readonly references: TableName;
}

/** Describes a table whose rows others reference; its key is one `bigint`. */
export interface ParentSpec {
  /** A `timestamp` column before which nothing of a row's children may lie; null: there is none. */
  readonly since: string | null;
  /** A new row. `at`: its `since`, in milliseconds since 1970, UTC; ignored without such a column. */
  make(maker: RowMaker, id: number, at: number): Row;
  /** `since` of the seeded row of an id; `reference`: the last moment of the history. Both as `at` of `make`. */
  seededAt(maker: RowMaker, id: number, reference: number): number;
}

/** At most `limit` rows reference one row of `parent`, each together with another row of `other`. */
export interface LinkLimit {
  readonly parent: ForeignKey;
  readonly other: ForeignKey;
  readonly limit: number;
}

/** The links of a table of an assembled schema. */
export interface Links extends LinkLimit {
  /** The columns that `parent` and `other` reference. */
  readonly parentKey: string;
  readonly otherKey: string;
}

/** A table as a schema declares it. */
export interface TableSpec {
  readonly name: TableName;
  /**
   * Tells the picks of its seeded rows from those of other tables (`RNG_PURPOSE.seedPicks`). It is part of the promise of
   * `--rng`: changing it changes which rows these reference. A new table takes the next number that no other table of any
   * schema has.
   */
  readonly number: number;
  /** Null: the search_path finds it. */
  readonly schema: string | null;
  /** Its name in the catalog, without a schema. */
  readonly relation: string;
  /** The columns that the generator writes, those of the key first. */
  readonly columns: readonly Column[];
  /** The columns that the server sets. */
  readonly serverColumns: readonly ServerColumn[];
  /** Columns that hazards add while a run goes on, and drop again: a row has them for a part of the run. */
  readonly addedColumns: readonly AddedColumn[];
  /** Partitions that hazards make while a run goes on, and drop again: names in the schema of the table. */
  readonly addedPartitions: readonly string[];
  /** The primary key's columns; empty: the table has no key, and REPLICA IDENTITY FULL identifies its rows. */
  readonly key: readonly string[];
  /**
   * The PL/pgSQL of its trigger function that sets the columns of `set: 'update'`, with single spaces: the ledger counts
   * on it. Null: there is none.
   */
  readonly stampBody: string | null;
  /** Columns with a UNIQUE constraint besides the key. */
  readonly unique: readonly string[];
  readonly foreignKeys: readonly ForeignKey[];
  /** The sequence that numbers its rows, as SQL writes it; null: that of its key's one column. */
  readonly sequence: string | null;
  readonly partitioned: boolean;
  /** Null: no generated row references it. */
  readonly parent: ParentSpec | null;
  readonly links: LinkLimit | null;
  /**
   * Updates are recorded with the columns that they leave alone, too: an event that nulls or cuts these is found
   * without an earlier event of the row. Each update then returns its row, which costs the server and the wire.
   */
  readonly wholeUpdates: boolean;
  /** The setting `seed.NAME` of its volume, and the default: rows. */
  readonly volume: { readonly setting: string; readonly rows: number };
}

/**
 * The key of a row. One whole number from 0 to 2^53: a number. One other value: its text. Several values: the JSON
 * array of their texts. A table without a key: the text of the row's fingerprint (`ledger/fingerprint.ts`).
 * Equal keys are equal by `===`.
 */
export type Key = number | string;

/** A column's part in the fingerprint of its row. */
export type ColumnPart = 'key' | 'changing' | 'fixed';

/** A table of an assembled schema. */
export interface Table extends TableSpec {
  /** Its position among the tables of the schema. */
  readonly code: number;
  /** `id`: one `bigint`. `columns`: another key. `none`: no key. */
  readonly keyKind: 'id' | 'columns' | 'none';
  readonly links: Links | null;
  /** The columns that an UPDATE of some event type sets. */
  readonly changing: readonly string[];
  /** By column: whether it is of the key, set by updates (`changing`), or neither. */
  readonly parts: readonly ColumnPart[];
}

/** The key of a table whose `keyKind` is `id`: its first column. */
export function idOf(row: Row): number {
  return Number(row[0]);
}

/** The position of a column in the rows of its table. Throws where the table has no such column. */
export function columnIndex(
  { name, columns }: Pick<TableSpec, 'name' | 'columns'>,
  column: string,
): number {
  const index = columns.findIndex((candidate) => candidate.name === column);
  if (index < 0) throw new Error(`${name} has no column ${column}`);
  return index;
}

/** Whether an UPDATE of these columns sets every changing column of its table. */
export function setsAllChanging({ changing }: Table, columns: readonly string[]): boolean {
  return changing.every((name) => columns.includes(name));
}

/** A name as SQL writes it: quoted where it has to be. */
export function sqlName(name: string): string {
  const isPlain = /^[a-z_][a-z0-9_]*$/.test(name) && !RESERVED.has(name);
  return isPlain ? name : `"${name.replaceAll('"', '""')}"`;
}

/**
 * The words that no column may be called without quotes: `pg_get_keywords()` of PostgreSQL 14 and 18, `catcode` R
 * (reserved) or T (reserved, but for functions and types).
 */
const RESERVED: ReadonlySet<string> = new Set(
  `
  all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate
  collation column concurrently constraint create cross current_catalog current_date current_role current_schema
  current_time current_timestamp current_user default deferrable desc distinct do else end except false fetch
  for foreign freeze from full grant group having ilike in initially inner intersect into is isnull join lateral
  leading left like limit localtime localtimestamp natural not notnull null offset on only or order outer
  overlaps placing primary references returning right select session_user similar some symmetric system_user
  table tablesample then to trailing true union unique user using variadic verbose when where window with
  `
    .trim()
    .split(/\s+/),
);

/**
 * A type without its modifiers, as a cast that neither cuts nor rounds: `character varying(20)` → `character varying`,
 * `numeric(12,2)` → `numeric`, `character(4)` → `bpchar`.
 */
export function baseType(type: string): string {
  const bare = type.replace(/\(.*?\)/, '');
  // `character` alone means one character.
  return bare === 'character' ? 'bpchar' : bare;
}
