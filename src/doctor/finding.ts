import type { Client } from 'pg';
import { TABLE_NAMES, type TableName } from '../hospital/tables.js';
import { escapeIdentifier } from '../postgres/driver.js';
import type { SchemaState } from '../postgres/schema.js';
import type { ConnectionTarget } from '../postgres/target.js';

/**
 * What a check found. `fail`: a consumer would not work, or lose something. `warn`: it may. `info`: to be
 * known. `not_visible`: the role may not see it, so nobody can say.
 */
export type FindingState = 'ok' | 'info' | 'warn' | 'fail' | 'not_visible';

/** The modelling that CDC needs of a database, and what a logical-decoding consumer needs of its server. */
export type DoctorProfile = 'compatible' | 'ready';

/** Every check, in the order that they are told in. */
export const CHECKS = {
  tables: 'compatible',
  primary_keys: 'compatible',
  natural_keys: 'compatible',
  foreign_keys: 'compatible',
  timestamps: 'compatible',
  wal_level: 'ready',
  replication_role: 'ready',
  replication_slots: 'ready',
  wal_senders: 'ready',
  replication_connection: 'ready',
  publication: 'ready',
  publication_rights: 'ready',
  replica_identity: 'ready',
  toast: 'ready',
  unlogged: 'ready',
  slots: 'ready',
  slot_limits: 'ready',
  transactions: 'ready',
  durability: 'ready',
  clock: 'ready',
  encoding: 'ready',
} as const satisfies Record<string, DoctorProfile>;
export type CheckName = keyof typeof CHECKS;

/** A check's result without its name. `mend`: the statements or settings that put it right. */
export interface Diagnosis {
  readonly state: FindingState;
  /** What was seen, as PostgreSQL names it. */
  readonly evidence: string;
  readonly mend: string | null;
}

export interface Finding extends Diagnosis {
  readonly check: CheckName;
  readonly profile: DoctorProfile;
}

/** What the checks are about. Null: whatever there is, or the role that connects. */
export interface Patient {
  readonly client: Client;
  readonly target: ConnectionTarget;
  readonly publication: string | null;
  readonly slot: string | null;
  readonly role: string | null;
  readonly schema: SchemaState;
  readonly tables: Readonly<Record<TableName, OwnTable>>;
}

/** Where the search_path leads for a table. */
export interface OwnTable {
  /** As SQL names it in anybody's session; where it is missing, the name without a schema. */
  readonly sql: string;
  readonly partitioned: boolean;
}

export type Check = (patient: Patient) => Promise<Diagnosis>;

export const ok = (evidence: string): Diagnosis => ({ state: 'ok', evidence, mend: null });

/** Names of many things, the first few of them. */
export function listed(names: readonly string[]): string {
  const shown = names.slice(0, NAMES_LISTED).join(', ');
  return names.length > NAMES_LISTED ? `${shown}, … (${names.length})` : shown;
}

const NAMES_LISTED = 8;

/** The first row of a query that has one. */
export async function single<Row extends object>(
  { client }: Patient,
  text: string,
  values: readonly unknown[] = [],
): Promise<Row> {
  const { rows } = await client.query<Row>(text, [...values]);
  const [row] = rows;
  if (row === undefined) throw new Error('a query of the doctor was answered without a row');
  return row;
}

/** The names that a query about `OUR_TABLES` answers with; `more`: its parameters from `$2` on. */
export async function tablesOf<Name extends string = TableName>(
  { client }: Patient,
  text: string,
  more: readonly unknown[] = [],
): Promise<Name[]> {
  const { rows } = await client.query<{ name: Name }>(text, [TABLE_NAMES, ...more]);
  return rows.map(({ name }) => name);
}

/** An identifier as SQL takes it. */
export function quoted(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : escapeIdentifier(name);
}
