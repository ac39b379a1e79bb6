/** Parts of queries that find a schema's tables in the catalog. `$1` is the list of their names, as SQL writes them. */

/** FROM clause: `t.name`, and the table's row `c` of pg_class, by the session's search_path. */
export const OUR_TABLES = `FROM unnest($1::text[]) AS t (name)
       JOIN pg_class c ON c.oid = to_regclass(t.name)`;

/**
 * Query: every relation that belongs to a table: the table itself (`oid = root`) and its partitions at any
 * depth. `leaf`: rows are stored in it. pg_partition_tree is empty for a table outside any partitioning.
 */
export const OUR_RELATIONS = `SELECT t.name, c.oid AS root, coalesce(p.relid::oid, c.oid) AS oid,
              coalesce(p.isleaf, true) AS leaf
         ${OUR_TABLES} LEFT JOIN pg_partition_tree(c.oid) p ON true`;

/** Query: the policies that apply to the current role on a table. `alias`: its row of pg_class. */
export const policiesFor = (alias: string) => `SELECT * FROM pg_policy
        WHERE polrelid = ${alias}.oid AND EXISTS (
          SELECT FROM unnest(polroles) AS r (oid)
           WHERE r.oid = 0 OR pg_has_role(r.oid, 'USAGE'))`;

/**
 * Expression: the name of a relation in SQL, for a session with the default search_path: qualified unless its schema
 * is `public`. `alias`: its row of pg_class.
 */
export const nameOf = (alias: string) => `(SELECT CASE n.nspname
         WHEN 'public' THEN quote_ident(${alias}.relname)
         ELSE format('%I.%I', n.nspname, ${alias}.relname) END
         FROM pg_namespace n WHERE n.oid = ${alias}.relnamespace)`;
