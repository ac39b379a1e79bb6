import type { Client } from 'pg';
import { EXIT, OperatorError } from '../errors.js';
import { type Hazards, QUIET_SCHEMA } from '../hazards/hazards.js';
import {
  type HazardFacts,
  MIN_HOT_ROWS,
  PRIVILEGES,
  type PublicationRights,
  type TableRights,
  TIMEOUTS,
  tablesOfHazards,
  unmetRequirements,
} from '../hazards/requirements.js';
import type { Schema } from '../schema/schema.js';
import type { Table, TableName } from '../schema/table.js';
import { OUR_TABLES } from './catalog.js';
import { findLeft } from './membership.js';
import { runSql } from './scripts.js';

type Part = Pick<Schema, 'hazards' | 'events' | 'tables'>;

/**
 * Throws an `OperatorError` that names everything that the hazards need and that this server, role or database lacks.
 * `workers`: of the run. The tables must exist.
 */
export async function requireHazards(
  client: Client,
  schema: Part,
  hazards: Hazards,
  workers: number,
): Promise<void> {
  if (Object.keys(hazards).length === 0) return;
  const facts = await readHazardFacts(client, schema);
  const unmet = unmetRequirements(hazards, schema, facts, workers);
  if (unmet.length === 0) return;
  const { role, database } = facts;
  throw new OperatorError(EXIT.state, (m) => m.settings.hazardsRefused(unmet, { role, database }));
}

async function readHazardFacts(client: Client, schema: Part): Promise<HazardFacts> {
  const { hot, unpublish } = schema.hazards;
  const session = await client.query<Omit<HazardFacts, 'tables' | 'publications' | 'hotRows'>>(
    `SELECT current_user::text AS role, current_database()::text AS database,
            current_setting('max_prepared_transactions')::int AS "maxPreparedTransactions",
            has_database_privilege(current_database(), 'CREATE') AS "createsSchemas",
            (SELECT coalesce(jsonb_object_agg(name, setting::bigint), '{}') FROM pg_settings
              WHERE name = ANY ($1::text[]) AND setting <> '0') AS timeouts`,
    [TIMEOUTS],
  );
  const tables = await client.query<TableRights & { name: TableName }>(
    `SELECT t.name, pg_has_role(c.relowner, 'USAGE') AS owned, n.nspname::text AS schema,
            ARRAY(SELECT p FROM unnest($2::text[]) AS p WHERE has_table_privilege(c.oid, p)) AS privileges,
            has_schema_privilege(n.oid, 'CREATE') AS creates,
            row_security_active(c.oid) AS secured
       ${OUR_TABLES} JOIN pg_namespace n ON n.oid = c.relnamespace`,
    [tablesOfHazards(schema), PRIVILEGES],
  );
  return {
    ...session.rows[0]!,
    tables: Object.fromEntries(tables.rows.map(({ name, ...rights }) => [name, rights])),
    hotRows: hot === null ? 0 : await countUpTo(client, hot.table, MIN_HOT_ROWS),
    publications:
      unpublish === null ? [] : await readPublicationRights(client, schema.tables.get(unpublish)),
  };
}

/** Counts the rows of a table that the role may read, up to a limit. */
async function countUpTo(client: Client, table: TableName, limit: number): Promise<number> {
  const { rows } = await client.query<{ rows: number }>(
    `SELECT count(*)::int AS rows FROM (SELECT 1 FROM ${table} LIMIT ${limit}) AS found`,
  );
  return rows[0]!.rows;
}

/** The first major version with FOR TABLES IN SCHEMA, in units of `server_version_num`. */
const SCHEMAS_SINCE = 150_000;

/** Reads all publications of the database, and how a table is in each. */
async function readPublicationRights(client: Client, table: Table): Promise<PublicationRights[]> {
  // A run that was killed took it out; the next one brings it back.
  const left = await findLeft(client, table);
  const { rows: versions } = await client.query<{ version: number }>(
    "SELECT current_setting('server_version_num')::int AS version",
  );
  const wholeSchema =
    versions[0]!.version < SCHEMAS_SINCE
      ? 'false'
      : `EXISTS (SELECT FROM pg_publication_namespace s
                  WHERE s.pnpubid = b.oid AND s.pnnspid = c.relnamespace)`;
  const { rows } = await client.query<PublicationRights>(
    `SELECT b.pubname::text AS name, pg_has_role(b.pubowner, 'USAGE') AS owned,
            b.puballtables AS everything, ${wholeSchema} AS "wholeSchema",
            r.oid IS NOT NULL OR b.pubname = $2 AS listed
       FROM pg_publication b
       JOIN pg_class c ON c.oid = to_regclass($1)
       LEFT JOIN pg_publication_rel r ON r.prpubid = b.oid AND r.prrelid = c.oid
      ORDER BY 1`,
    [table.name, left?.publication ?? null],
  );
  return rows;
}

/** Whether the table of the hazard `quiet` was left by a killed run, and is this role's to drop. */
export async function isQuietLeft(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ owned: boolean }>(
    "SELECT pg_has_role(nspowner, 'USAGE') AS owned FROM pg_namespace WHERE nspname = $1",
    [QUIET_SCHEMA],
  );
  return rows[0]?.owned === true;
}

/** Drops the table of the hazard `quiet`. No run may be under way: it drops it itself. */
export async function dropQuiet(client: Client): Promise<void> {
  await runSql(client, `DROP SCHEMA IF EXISTS ${QUIET_SCHEMA} CASCADE`);
}
