import { OUR_RELATIONS, OUR_TABLES } from '../../database/catalog.js';
import { EXIT, OperatorError, SourceAbsent } from '../../errors.js';
import { withConnection } from '../../postgres/connect.js';
import { type Client, escapeIdentifier, escapeLiteral } from '../../postgres/driver.js';
import { hasSqlstate, SQLSTATE } from '../../postgres/sqlstate.js';
import type { ConnectionTarget } from '../../postgres/target.js';
import type { Tables } from '../../schema/tables.js';
import { slotExists } from './slot-session.js';

/** Mark our publications, for us and for an administrator. */
const COMMENT = 'oltp-simulator --create-slot';
const COMMENT_WITH_TRUNCATES = `${COMMENT}, with TRUNCATE`;

/** The publications with tables of the run, or their partitions. Throws a SourceAbsent when there is none. */
export function findPublications(tables: Tables, target: ConnectionTarget): Promise<string[]> {
  return withConnection(target, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      `SELECT DISTINCT p.pubname::text AS name FROM pg_publication_tables p
         JOIN pg_namespace n ON n.nspname = p.schemaname
         JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = p.tablename
        WHERE c.oid IN (SELECT oid FROM (${OUR_RELATIONS}) AS ours) ORDER BY 1`,
      [tables.names],
    );
    if (rows.length > 0) return rows.map(({ name }) => name);
    const { database } = target;
    throw new SourceAbsent(EXIT.state, (m) =>
      m.sources.noPublication({ database, tables: tables.names.join(', ') }),
    );
  });
}

/**
 * Makes the publication of the run's tables for a slot of the same name. Takes over one that is exactly as made here,
 * which a killed process left. Throws an OperatorError and changes nothing when the slot exists, since its reader may
 * use that publication, or when the publication is another one.
 *
 * @param truncates publishes TRUNCATE, too
 */
export function makePublication(
  tables: Tables,
  target: ConnectionTarget,
  name: string,
  truncates = false,
): Promise<void> {
  return withConnection(target, async (client) => {
    if (await isSlot(client, name)) throw slotExists(target, name);
    await requireTables(client, tables, target);
    const publication = escapeIdentifier(name);
    const published = `(publish = 'insert, update, delete${truncates ? ', truncate' : ''}')`;
    const comment = escapeLiteral(truncates ? COMMENT_WITH_TRUNCATES : COMMENT);
    // One transaction: without its comment it would not be recognized as ours.
    const make = (statement: string) =>
      client.query(`${statement}; COMMENT ON PUBLICATION ${publication} IS ${comment}`);
    try {
      const list = tables.names.join(', ');
      await make(`CREATE PUBLICATION ${publication} FOR TABLE ${list} WITH ${published}`);
    } catch (error) {
      if (!hasSqlstate(error, SQLSTATE.DUPLICATE_OBJECT)) throw error;
      if (await isAsMade(client, tables, name)) {
        // The killed process may have published TRUNCATE, or not.
        await make(`ALTER PUBLICATION ${publication} SET ${published}`);
        return;
      }
      const { database } = target;
      throw new OperatorError(EXIT.state, (m) =>
        m.sources.publicationExists({ publication: name, database }),
      );
    }
  });
}

/**
 * Drops the publication of `makePublication`, unless it is gone or was changed.
 *
 * @param slotIsOurs the slot of the same name is the caller's; false: if it exists it is another reader's, and the
 *   publication stays
 */
export function dropPublication(
  tables: Tables,
  target: ConnectionTarget,
  name: string,
  slotIsOurs: boolean,
): Promise<void> {
  return withConnection(target, async (client) => {
    if (!slotIsOurs && (await isSlot(client, name))) return;
    if (!(await isAsMade(client, tables, name))) return;
    await client.query(`DROP PUBLICATION IF EXISTS ${escapeIdentifier(name)}`);
  });
}

async function isSlot(client: Client, name: string): Promise<boolean> {
  const { rows } = await client.query('SELECT FROM pg_replication_slots WHERE slot_name = $1', [
    name,
  ]);
  return rows.length > 0;
}

/** Whether the publication is exactly as `makePublication` made it, and may be dropped by us. */
async function isAsMade(client: Client, tables: Tables, name: string): Promise<boolean> {
  // As JSON, since newer versions have more columns: filters, lists, generated columns. pg_depend counts whole schemas
  // of a publication, too.
  const { rows } = await client.query<{ as_made: boolean }>(
    `SELECT pg_has_role(p.pubowner, 'USAGE')
            AND obj_description(p.oid, 'pg_publication')
                = CASE WHEN p.pubtruncate THEN $5 ELSE $4 END
            AND to_jsonb(p) - ARRAY['oid', 'pubname', 'pubowner', 'pubtruncate'] <@ $3::jsonb
            AND NOT EXISTS (
              SELECT FROM pg_publication_rel r WHERE r.prpubid = p.oid AND (
                coalesce(to_jsonb(r) ->> 'prqual', to_jsonb(r) ->> 'prattrs') IS NOT NULL
                OR coalesce((to_jsonb(r) ->> 'prexcept')::boolean, false)))
            AND ARRAY(SELECT r.prrelid::bigint FROM pg_publication_rel r
                       WHERE r.prpubid = p.oid ORDER BY 1)
                = ARRAY(SELECT c.oid::bigint ${OUR_TABLES} ORDER BY 1)
            AND (SELECT count(*) FROM pg_depend d
                  WHERE d.refclassid = 'pg_publication'::regclass AND d.refobjid = p.oid)
                = cardinality($1::text[])
            AS as_made
       FROM pg_publication p WHERE p.pubname = $2`,
    [tables.names, name, JSON.stringify(AS_MADE), COMMENT, COMMENT_WITH_TRUNCATES],
  );
  return rows[0]?.as_made === true;
}

/** The row of pg_publication; a version may lack columns, and one with more than these is not taken over. */
const AS_MADE = {
  puballtables: false,
  puballsequences: false,
  pubinsert: true,
  pubupdate: true,
  pubdelete: true,
  pubviaroot: false,
  pubgencols: 'n',
};

async function requireTables(
  client: Client,
  { names }: Tables,
  { database, searchPath }: ConnectionTarget,
): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    'SELECT name FROM unnest($1::text[]) AS t (name) WHERE to_regclass(name) IS NULL',
    [names],
  );
  if (rows.length === 0) return;
  const tables = rows.map(({ name }) => name).join(', ');
  throw new OperatorError(EXIT.state, (m) =>
    m.sources.tablesMissing({ database, searchPath, tables }),
  );
}
