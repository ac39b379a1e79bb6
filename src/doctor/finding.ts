import type { Client } from 'pg';
import type { SchemaState } from '../database/schema.js';
import type { Catalogue } from '../errors.js';
import type { ConnectionTarget } from '../postgres/target.js';
import type { TableName } from '../schemas/hospital/tables.js';
import type { Session } from './session.js';

/**
 * What a check found. `fail`: a consumer would not work, or lose something. `warn`: it may. `info`: to be
 * known. `not_visible`: the role may not see it, so nobody can say.
 */
export type FindingState = 'ok' | 'info' | 'warn' | 'fail' | 'not_visible';

/** The modelling that CDC needs of a database, and what a logical-decoding consumer needs of its server. */
export type DoctorProfile = 'compatible' | 'ready';

/** Every check, in the order of the report. The fix of one may need the fix of an earlier one. */
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
} as const satisfies Record<string, DoctorProfile>;
export type CheckName = keyof typeof CHECKS;

/** Text in the operator's language. */
export type Advice = (advice: Catalogue['doctor']['advice']) => string;

/** A check's result without its name. */
export interface Diagnosis {
  readonly state: FindingState;
  /** What was seen, as PostgreSQL names it. */
  readonly evidence: string;
  /** Statements or a command of ours, one a line, that this session may run and that make the check pass. */
  readonly mend: string | null;
  /** Steps that a person must decide on, or somebody else must run. */
  readonly advice?: readonly Advice[];
}

export interface Finding extends Diagnosis {
  readonly check: CheckName;
  readonly profile: DoctorProfile;
}

/** What the checks are about. Null: whatever there is, or the role that connects. */
export interface CheckContext {
  readonly client: Client;
  readonly target: ConnectionTarget;
  readonly publication: string | null;
  readonly slot: string | null;
  readonly role: string | null;
  /** The catalogue in English, the language of evidence. */
  readonly english: Catalogue;
  readonly session: Session;
  readonly schema: SchemaState;
  readonly tables: Readonly<Record<TableName, OwnTable>>;
}

/** Where the search_path leads for a table. */
export interface OwnTable {
  /** As SQL names it in anybody's session; where it is missing, the name without a schema. */
  readonly sql: string;
  readonly partitioned: boolean;
  /** Null where there is no such table. */
  readonly owner: string | null;
}

export type Check = (context: CheckContext) => Promise<Diagnosis>;

export const ok = (evidence: string): Diagnosis => ({ state: 'ok', evidence, mend: null });

/** Names of many things, the first few of them. */
export function listed(names: readonly string[], separator = ', '): string {
  const shown = names.slice(0, NAMES_LISTED).join(separator);
  return names.length > NAMES_LISTED ? `${shown}${separator}… (${names.length})` : shown;
}

const NAMES_LISTED = 8;

/** The first row of a query that has one. */
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
