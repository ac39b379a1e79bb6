import type { Client } from 'pg';
import { escapeIdentifier, escapeLiteral } from '../postgres/driver.js';
import { sqlName, type Table } from '../schema/table.js';

/** How a table is in a publication. */
export interface Membership {
  readonly publication: string;
  /** Its column list, if it has one. */
  readonly columns: readonly string[] | null;
  /** Its row filter, as SQL; null: it has none. */
  readonly filter: string | null;
}

/** Begins the comment that has the way back of a table into a publication, as JSON. */
const NOTE = 'oltp-simulator: out of a publication for a while ';

/**
 * Reads how a table is in a publication; null where it is not, or only as one of all tables (of a schema). PostgreSQL 14
 * has neither column lists nor filters.
 */
export async function readMembership(
  client: Client,
  publication: string,
  { name }: Table,
): Promise<Membership | null> {
  const { rows } = await client.query<Pick<Membership, 'columns' | 'filter'>>(
    `SELECT CASE WHEN to_jsonb(r) ->> 'prattrs' IS NOT NULL THEN to_jsonb(p) -> 'attnames' END AS columns,
            to_jsonb(p) ->> 'rowfilter' AS filter
       FROM pg_publication b
       JOIN pg_publication_rel r ON r.prpubid = b.oid AND r.prrelid = to_regclass($2)
       JOIN pg_class c ON c.oid = r.prrelid JOIN pg_namespace n ON n.oid = c.relnamespace
       JOIN pg_publication_tables p ON p.pubname = b.pubname
            AND p.schemaname = n.nspname AND p.tablename = c.relname
      WHERE b.pubname = $1`,
    [publication, name],
  );
  const [found] = rows;
  return found === undefined ? null : { publication, ...found };
}

/**
 * SQL: takes a table out of its publication. The way back is kept in the comment of the table's sequence, which outlives
 * a killed run, and which belongs to this program: an operator's comments on the table stay.
 */
export function leave(table: Table, membership: Membership): string {
  const note = escapeLiteral(NOTE + JSON.stringify(membership));
  return `ALTER PUBLICATION ${escapeIdentifier(membership.publication)} DROP TABLE ${table.name};
    COMMENT ON SEQUENCE ${notedOn(table)} IS ${note}`;
}

/** SQL: brings a table back into its publication, in the way it was there. */
export function rejoin(table: Table, { publication, columns, filter }: Membership): string {
  const list = columns === null ? '' : ` (${columns.map(sqlName).join(', ')})`;
  const where = filter === null ? '' : ` WHERE (${filter})`;
  return `ALTER PUBLICATION ${escapeIdentifier(publication)} ADD TABLE ${table.name}${list}${where};
    COMMENT ON SEQUENCE ${notedOn(table)} IS NULL`;
}

/** Reads how a table was in the publication that a run took it out of; null where it is in it, or that is gone. */
export async function findLeft(client: Client, table: Table): Promise<Membership | null> {
  const { rows } = await client.query<{ note: string | null }>(
    "SELECT obj_description(to_regclass($1), 'pg_class') AS note",
    [notedOn(table)],
  );
  const note = rows[0]?.note ?? '';
  if (!note.startsWith(NOTE)) return null;
  const membership = JSON.parse(note.slice(NOTE.length)) as Membership;
  const { rowCount } = await client.query(
    `SELECT FROM pg_publication b WHERE b.pubname = $1 AND NOT EXISTS (
       SELECT FROM pg_publication_rel r WHERE r.prpubid = b.oid AND r.prrelid = to_regclass($2))`,
    [membership.publication, table.name],
  );
  return rowCount === 0 ? null : membership;
}

function notedOn({ name, sequence }: Table): string {
  if (sequence === null) throw new Error(`${name} has no sequence of its own`);
  return sequence;
}
