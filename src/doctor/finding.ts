import type { Client } from 'pg';
import type { SchemaState } from '../database/schema.js';
import type { Catalogue } from '../errors.js';
import type { ConnectionTarget } from '../postgres/target.js';
import type { Schema } from '../schema/schema.js';
import type { TableName } from '../schema/table.js';
import type { Session } from './session.js';

/**
 * Result of a check. `fail`: a consumer would not work, or lose changes. `warn`: it may. `info`: good to know.
 * `not_visible`: the role may not see it.
 */
export type FindingState = 'ok' | 'info' | 'warn' | 'fail' | 'not_visible';

/** `compatible`: the schema fits CDC. `ready`: the server fits a consumer of logical decoding. */
export type DoctorProfile = 'compatible' | 'ready';

/** All checks, in the order of the report. A fix may need the fix of an earlier check. */
export const CHECKS = {
  tables: 'compatible',
  primary_keys: 'compatible',
  natural_keys: 'compatible',
  foreign_keys: 'compatible',
  timestamps: 'compatible',
  triggers: 'compatible',
  generated_columns: 'compatible',
  row_security: 'compatible',
  recovery: 'ready',
  wal_level: 'ready',
  replication_role: 'ready',
  replication_slots: 'ready',
  wal_senders: 'ready',
  replication_connection: 'ready',
  unlogged: 'ready',
  replica_identity: 'ready',
  toast: 'ready',
  publication: 'ready',
  publication_rights: 'ready',
  slots: 'ready',
  slot_limits: 'ready',
  synchronous_standbys: 'ready',
  transactions: 'ready',
  durability: 'ready',
  clock: 'ready',
  encoding: 'ready',
  value_formats: 'ready',
} as const satisfies Record<string, DoctorProfile>;
export type CheckName = keyof typeof CHECKS;

/** Text in the operator's language. */
export type Advice = (advice: Catalogue['doctor']['advice']) => string;

/** A finding without the name of its check. */
export interface Diagnosis {
  readonly state: FindingState;
  /** Facts, in PostgreSQL's own names. */
  readonly evidence: string;
  /** The fix: statements or a command of this program, one a line, that this session may run; null without one. */
  readonly mend: string | null;
  /** Steps that a person must decide, or somebody else must run. */
  readonly advice?: readonly Advice[];
}

export interface Finding extends Diagnosis {
  readonly check: CheckName;
  readonly profile: DoctorProfile;
}

/** The input of the checks. Null: all publications, all slots, the role that connects. */
export interface CheckContext {
  readonly client: Client;
  readonly target: ConnectionTarget;
  readonly publication: string | null;
  readonly slot: string | null;
  readonly role: string | null;
  /** The message catalogue in English, the language of evidence. */
  readonly english: Catalogue;
  readonly session: Session;
  readonly schema: Schema;
  readonly state: SchemaState;
  readonly tables: Readonly<Record<TableName, OwnTable>>;
}

/** A table of the schema, as the search_path finds it. */
export interface OwnTable {
  /** Its name in SQL, qualified unless its schema is `public`; of a missing table, the bare name. */
  readonly sql: string;
  readonly partitioned: boolean;
  /** Null for a missing table. */
  readonly owner: string | null;
}

export type Check = (context: CheckContext) => Promise<Diagnosis>;

export const ok = (evidence: string): Diagnosis => ({ state: 'ok', evidence, mend: null });

/** Joins names; of many, the first few and their number. */
export function listed(names: readonly string[], separator = ', '): string {
  const shown = names.slice(0, NAMES_LISTED).join(separator);
  return names.length > NAMES_LISTED ? `${shown}${separator}… (${names.length})` : shown;
}

const NAMES_LISTED = 8;

/** The row of a query that always returns one. */
export async function single<Row extends object>(
  { client }: CheckContext,
  text: string,
  values: readonly unknown[] = [],
): Promise<Row> {
  const { rows } = await client.query<Row>(text, [...values]);
  const [row] = rows;
  if (row === undefined) throw new Error('a query of the doctor was answered without a row');
  return row;
}
