import type { Client } from 'pg';
import { EXIT, OperatorError } from '../errors.js';
import type { TableName } from '../schema/table.js';
import type { Tables } from '../schema/tables.js';
import { OUR_TABLES, policiesFor } from './catalog.js';

/** A table of which row-level security may hide rows from the current role. */
interface HiddenTable {
  readonly table: TableName;
  /** Names of the policies that apply; without one no row is visible. */
  readonly policies: readonly string[];
}

export interface HiddenRows {
  readonly role: string;
  readonly tables: readonly HiddenTable[];
  /** One of them has FORCE ROW LEVEL SECURITY, which applies to the owner, too. */
  readonly forced: boolean;
}

/** Finds the tables of which the current role may not see all rows; null if there are none. */
export async function findHiddenRows(client: Client, tables: Tables): Promise<HiddenRows | null> {
  // A permissive USING (true) shows all rows, unless a restrictive policy hides some.
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
    [tables.names],
  );
  const [first] = rows;
  if (first === undefined) return null;
  const hidden = rows.map(({ table, policies }) => ({ table, policies }));
  return { role: first.role, tables: hidden, forced: rows.some(({ forced }) => forced) };
}

/**
 * Throws an `OperatorError` if row-level security may hide rows: a hidden row looks like a missing one, so a check of
 * the rows would be wrong.
 */
export async function requireAllVisible(client: Client, tables: Tables): Promise<void> {
  const hidden = await findHiddenRows(client, tables);
  if (hidden !== null) throw new OperatorError(EXIT.state, (m) => m.db.rowsHidden(hidden));
}
