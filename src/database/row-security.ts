import type { Client } from 'pg';
import { EXIT, OperatorError } from '../errors.js';
import { TABLE_NAMES, type TableName } from '../schemas/hospital/tables.js';
import { OUR_TABLES, policiesFor } from './catalog.js';

/** A table of which row-level security may hide rows from the role that asks. */
export interface HiddenTable {
  readonly table: TableName;
  /** Names of the policies that decide what it sees; with none it sees nothing. */
  readonly policies: readonly string[];
}

export interface HiddenRows {
  readonly role: string;
  readonly tables: readonly HiddenTable[];
  /** Whether row-level security holds for the owner of one of them, too. */
  readonly forced: boolean;
}

/** Tables that the role of this session may see a part of; null: it sees all rows of every table. */
export async function findHiddenRows(client: Client): Promise<HiddenRows | null> {
  // A permissive USING (true) shows everything, unless a restrictive policy takes some of it away.
  const { rows } = await client.query<HiddenTable & { role: string; forced: boolean }>(
    `SELECT t.name AS table, current_user::text AS role, c.relforcerowsecurity AS forced,
            ARRAY(SELECT polname::text FROM (${policiesFor('c')}) AS p
                   WHERE polcmd IN ('r', '*') ORDER BY 1) AS policies
       ${OUR_TABLES}
      WHERE row_security_active(c.oid)
        AND NOT coalesce((SELECT bool_or(p.polpermissive AND p.shows_all)
                                 AND bool_and(p.polpermissive OR p.shows_all)
                            FROM (SELECT *, pg_get_expr(polqual, polrelid) = 'true' AS shows_all
                                    FROM (${policiesFor('c')}) AS applied) AS p
                           WHERE p.polcmd IN ('r', '*') AND p.polqual IS NOT NULL), false)
      ORDER BY array_position($1::text[], t.name)`,
    [TABLE_NAMES],
  );
  const [first] = rows;
  if (first === undefined) return null;
  const tables = rows.map(({ table, policies }) => ({ table, policies }));
  return { role: first.role, tables, forced: rows.some(({ forced }) => forced) };
}

/**
 * Throws an `OperatorError` when row-level security may hide rows: a hidden row cannot be told from a missing
 * one, so nothing that is judged by what is there would be true.
 */
export async function requireAllVisible(client: Client): Promise<void> {
  const hidden = await findHiddenRows(client);
  if (hidden !== null) throw new OperatorError(EXIT.state, (m) => m.db.rowsHidden(hidden));
}
