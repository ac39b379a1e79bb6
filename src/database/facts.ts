import type { Operation } from '../schemas/hospital/changes.js';
import type { TableName } from '../schemas/hospital/tables.js';

/**
 * What a database says of the hospital's tables that decides what a CDC pipeline can deliver of them: where
 * they are, what the server does to their rows by itself, and who publishes them. Kept in a run's ledger.
 */
export interface DatabaseFacts {
  /** When it was read, by this machine's clock: ISO 8601, UTC. */
  readonly at: string;
  /** As `SHOW search_path` prints it. */
  readonly search_path: string;
  /** The role that looked: policies and triggers may treat others otherwise. */
  readonly role: string;
  /** By the name that the program knows it by. */
  readonly tables: Readonly<Record<TableName, TableFacts>>;
  /** All of the database that publish anything of these tables, and those that could (`FOR ALL TABLES`). */
  readonly publications: readonly PublicationFacts[];
}

export interface TableFacts {
  readonly schema: string;
  /** Every partition below it, at any depth; empty where it has none. */
  readonly partitions: readonly { readonly schema: string; readonly name: string }[];
  readonly identity: IdentityFacts;
  /** Triggers that fire, without the program's own `set_updated_at`: of the table and of its partitions. */
  readonly triggers: readonly TriggerFacts[];
  /** Names of its rewrite rules. */
  readonly rules: readonly string[];
  /** Names of the row-level security policies that hold for `role`; null: row security does not hold for it. */
  readonly policies: readonly string[] | null;
  /** Columns that are GENERATED ALWAYS AS (…). */
  readonly generated: readonly string[];
  /** Foreign keys by which a change to this table changes rows of another: `child_table.constraint_name`. */
  readonly cascades: readonly string[];
}

/** What an UPDATE or DELETE event has of the old row. */
export interface IdentityFacts {
  readonly kind: 'default' | 'index' | 'full' | 'nothing';
  /** Of kind `index`, its name. */
  readonly index: string | null;
  /** Whether the old row's `id` is a part of it. */
  readonly tells_id: boolean;
}

export interface TriggerFacts {
  readonly name: string;
  readonly timing: 'before' | 'after' | 'instead';
  /** What it fires on; `truncate` is left out. */
  readonly operations: readonly Operation[];
  readonly level: 'row' | 'statement';
  /** DEFERRABLE INITIALLY DEFERRED, or it may be deferred by SET CONSTRAINTS. */
  readonly deferred: boolean;
}

export interface PublicationFacts {
  readonly name: string;
  /** What it publishes of: insert, update, delete. */
  readonly operations: readonly Operation[];
  /** `publish_via_partition_root`. */
  readonly via_root: boolean;
  /** The tables of ours that it publishes, wholly or through all of their partitions. */
  readonly tables: Readonly<Partial<Record<TableName, PublishedFacts>>>;
}

export interface PublishedFacts {
  /** Null: all of them. */
  readonly columns: readonly string[] | null;
  /** A row filter as the server prints it; null: none. */
  readonly filter: string | null;
}
