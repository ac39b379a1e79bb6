import type { Operation } from '../schema/changes.js';
import type { TableName } from '../schema/table.js';

/**
 * Facts about a run's tables that decide what a CDC pipeline can deliver: their schema and partitions, the
 * server's own changes of their rows, and their publications. Stored in a run's ledger.
 */
export interface DatabaseFacts {
  /** When it was read, by this machine's clock: ISO 8601, UTC. */
  readonly at: string;
  /** As `SHOW search_path` prints it. */
  readonly search_path: string;
  /** The role that read it: policies and triggers may treat other roles differently. */
  readonly role: string;
  /** By the table's name, as SQL writes it in the run's search_path. */
  readonly tables: Readonly<Record<TableName, TableFacts>>;
  /** The publications that publish any of these tables, and all that are FOR ALL TABLES. */
  readonly publications: readonly PublicationFacts[];
}

export interface TableFacts {
  readonly schema: string;
  /** All partitions at any depth; empty if it is not partitioned. */
  readonly partitions: readonly { readonly schema: string; readonly name: string }[];
  readonly identity: IdentityFacts;
  /** Enabled triggers of the table and its partitions, without the program's own `set_updated_at`. */
  readonly triggers: readonly TriggerFacts[];
  /** Names of its enabled rewrite rules. */
  readonly rules: readonly string[];
  /** Names of the row-level security policies that apply to `role`; null if row security does not apply to it. */
  readonly policies: readonly string[] | null;
  /** GENERATED ALWAYS AS (…) columns. */
  readonly generated: readonly string[];
  /** Foreign keys that reference this table ON DELETE CASCADE, SET NULL or SET DEFAULT: `child_table.constraint_name`. */
  readonly cascades: readonly string[];
}

/** REPLICA IDENTITY: the part of the old row that an UPDATE or DELETE event has. */
export interface IdentityFacts {
  readonly kind: 'default' | 'index' | 'full' | 'nothing';
  /** Name of the index, for kind `index`; else null. */
  readonly index: string | null;
  /** It includes the columns of the key; of a table without a key: it is `full`. */
  readonly tells_id: boolean;
}

export interface TriggerFacts {
  readonly name: string;
  readonly timing: 'before' | 'after' | 'instead';
  /** The operations that it fires on, without TRUNCATE. */
  readonly operations: readonly Operation[];
  readonly level: 'row' | 'statement';
  /** DEFERRABLE, or INITIALLY DEFERRED. */
  readonly deferred: boolean;
}

export interface PublicationFacts {
  readonly name: string;
  /** The operations that it publishes, without TRUNCATE. */
  readonly operations: readonly Operation[];
  /** `publish_via_partition_root`. */
  readonly via_root: boolean;
  /** The run's tables that it publishes, as a whole or through all of their partitions. */
  readonly tables: Readonly<Partial<Record<TableName, PublishedFacts>>>;
}

export interface PublishedFacts {
  /** A column list; null for all columns. */
  readonly columns: readonly string[] | null;
  /** The row filter as PostgreSQL prints it; null without one. */
  readonly filter: string | null;
}
