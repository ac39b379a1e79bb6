/** Pieces of SQL that find the hospital's tables in the catalogue. `$1` is always the list of their names. */

/** FROM clause: `t.name`, and the table's row `c` of pg_class, where the session's search_path leads to it. */
export const OUR_TABLES = `FROM unnest($1::text[]) AS t (name)
       JOIN pg_class c ON c.oid = to_regclass(quote_ident(t.name))`;

/**
 * Query: every relation that belongs to a table: the table itself (`oid = root`) and its partitions at any
 * depth. `leaf`: rows are stored in it. pg_partition_tree is empty for a table outside any partitioning.
 */
export const OUR_RELATIONS = `SELECT t.name, c.oid AS root, coalesce(p.relid::oid, c.oid) AS oid,
              coalesce(p.isleaf, true) AS leaf
         ${OUR_TABLES} LEFT JOIN pg_partition_tree(c.oid) p ON true`;

/** Query: the policies of a table (`alias`: its row of pg_class) that the server applies to the current role. */
export const policiesFor = (alias: string) => `SELECT * FROM pg_policy
        WHERE polrelid = ${alias}.oid AND EXISTS (
          SELECT FROM unnest(polroles) AS r (oid)
           WHERE r.oid = 0 OR pg_has_role(r.oid, 'USAGE'))`;

/**
 * Expression: the relation whose row of pg_class is `alias`, as SQL names it in a session that has the usual
 * search_path, whichever this one has.
 */
export const nameOf = (alias: string) => `(SELECT CASE n.nspname
         WHEN 'public' THEN quote_ident(${alias}.relname)
         ELSE format('%I.%I', n.nspname, ${alias}.relname) END
         FROM pg_namespace n WHERE n.oid = ${alias}.relnamespace)`;
