import { nameOf, OUR_RELATIONS } from '../database/catalog.js';
import { type Publication, readPublications } from '../database/read-facts.js';
import type { TableName } from '../schema/table.js';
import type { CheckContext } from './finding.js';
import { FULL_NEEDS_GENERATED, IDENTIFIED, LISTS_SINCE } from './leaves.js';

/** A publication with the parts that a statement must repeat so that it takes nothing away. */
export interface Published extends Publication {
  readonly owner: string;
  /** It publishes TRUNCATE. */
  readonly truncate: boolean;
  readonly members: readonly Member[];
  /** Its FOR TABLES IN SCHEMA, quoted. */
  readonly schemas: readonly string[];
  /**
   * Tables outside the schema on which UPDATE or DELETE would fail once it publishes those: they have no replica
   * identity, or a row filter or column list that may not fit it.
   */
  readonly unfit: readonly string[];
  /** Partitions outside the schema. publish_via_partition_root would rename the table of their events. */
  readonly partitions: readonly string[];
}

/** A table that was added by its name. */
interface Member {
  readonly oid: number;
  /** As SQL names it under the usual search_path; with ONLY where it has children of its own. */
  readonly sql: string;
  readonly owner: string;
  /** The schema's table that it is or is a partition of; null for another table. */
  readonly table: TableName | null;
  readonly is_root: boolean;
  /** ` (a, b)`; empty without a column list. */
  readonly list: string;
  /** ` WHERE (…)`; empty without a row filter. */
  readonly filter: string;
}

type Extra = Omit<Published, keyof Publication> & { readonly name: string };

/** Reads all publications of the database. */
export async function readPublished({
  client,
  session,
  schema: { tables },
}: CheckContext): Promise<Published[]> {
  const listing = session.version >= LISTS_SINCE;
  const generated = session.version >= FULL_NEEDS_GENERATED ? FULL_AND_GENERATED : 'false';
  const { rows } = await client.query<Extra>(
    `WITH ours AS (${OUR_RELATIONS})
     SELECT b.pubname::text AS name, pg_get_userbyid(b.pubowner)::text AS owner,
            b.pubtruncate AS truncate,
            (SELECT coalesce(jsonb_agg(jsonb_build_object(
                      'oid', c.oid::bigint,
                      'sql', CASE WHEN c.relkind = 'r' AND c.relhassubclass THEN 'ONLY ' ELSE '' END
                             || ${nameOf('c')},
                      'owner', pg_get_userbyid(c.relowner),
                      'table', (SELECT min(o.name) FROM ours o WHERE o.oid = c.oid),
                      'is_root', EXISTS (SELECT FROM ours o WHERE o.root = c.oid),
                      'list', ${listing ? LIST : "''"},
                      'filter', ${listing ? FILTER : "''"}) ORDER BY c.oid::regclass::text), '[]')
               FROM pg_publication_rel r JOIN pg_class c ON c.oid = r.prrelid
              WHERE r.prpubid = b.oid) AS members,
            ${listing ? SCHEMAS : "'{}'::text[]"} AS schemas,
            ARRAY(SELECT ${nameOf('c')} FROM pg_publication_tables p
                    JOIN pg_namespace n ON n.nspname = p.schemaname
                    JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = p.tablename
                   WHERE p.pubname = b.pubname AND c.oid NOT IN (SELECT oid FROM ours)
                     AND (NOT ${IDENTIFIED} OR ${generated} OR EXISTS (
                       SELECT FROM pg_publication_rel r
                        WHERE r.prpubid = b.oid AND r.prrelid = c.oid
                          AND coalesce(to_jsonb(r) ->> 'prqual', to_jsonb(r) ->> 'prattrs') IS NOT NULL))
                   ORDER BY 1) AS unfit,
            ARRAY(SELECT ${nameOf('c')} FROM pg_publication_tables p
                    JOIN pg_namespace n ON n.nspname = p.schemaname
                    JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = p.tablename
                   WHERE p.pubname = b.pubname AND c.relispartition
                     AND c.oid NOT IN (SELECT oid FROM ours) ORDER BY 1) AS partitions
       FROM pg_publication b`,
    [tables.names],
  );
  const extras = new Map(rows.map((row) => [row.name, row]));
  return (await readPublications(client, tables)).flatMap((publication) => {
    const extra = extras.get(publication.facts.name);
    return extra === undefined ? [] : [{ ...publication, ...extra }];
  });
}

const LIST = `coalesce((SELECT ' (' || string_agg(quote_ident(a.attname), ', ' ORDER BY u.place) || ')'
                 FROM unnest(r.prattrs::int2[]) WITH ORDINALITY AS u (num, place)
                 JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = u.num), '')`;
const FILTER = `coalesce(' WHERE (' || pg_get_expr(r.prqual, r.prrelid) || ')', '')`;
const SCHEMAS = `ARRAY(SELECT quote_ident(n.nspname) FROM pg_publication_namespace s
                  JOIN pg_namespace n ON n.oid = s.pnnspid WHERE s.pnpubid = b.oid ORDER BY 1)`;
/** SQL: the replica identity of relation `c` is FULL and includes generated columns, which may not be published. */
const FULL_AND_GENERATED = `(c.relreplident = 'f' AND EXISTS (
  SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND NOT a.attisdropped AND a.attgenerated <> ''))`;
