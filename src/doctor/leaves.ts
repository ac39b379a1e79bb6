import { nameOf, OUR_RELATIONS } from '../database/catalog.js';
import type { TableName } from '../schema/table.js';
import type { Advice, CheckContext } from './finding.js';
import { type Fix, forOwners } from './fix.js';
import type { Session } from './session.js';

/** A relation that stores rows of the schema: a table, or a leaf partition of one. */
export interface Leaf {
  readonly oid: number;
  readonly table: TableName;
  /** As SQL names it under the usual search_path. */
  readonly relation: string;
  readonly owner: string;
  readonly logged: boolean;
  readonly toasted: boolean;
  /** pg_class.relreplident */
  readonly identity: 'd' | 'i' | 'f' | 'n';
  /** The columns that identify a row of its table. */
  readonly key: readonly string[];
  /** Its primary key includes those columns and can be the replica identity. */
  readonly key_identifies: boolean;
  /** It has a replica identity: UPDATE works while it is published. */
  readonly identified: boolean;
  readonly generated: boolean;
  /** A publication has a row filter for it or for a parent. */
  readonly filtered: boolean;
  /** A publication has a column list for it or for a parent. */
  readonly listed: boolean;
}

/** `server_version_num` since which row filters and column lists exist. */
export const LISTS_SINCE = 150_000;
/** `server_version_num` since which FULL demands that generated columns are published. */
export const FULL_NEEDS_GENERATED = 180_000;

/** SQL: whether the relation `c` has a replica identity; of a partitioned table, whether all of its leaves have one. */
export const IDENTIFIED = `NOT EXISTS (
  SELECT FROM pg_class leaf
   WHERE (leaf.oid = c.oid OR leaf.oid IN (SELECT relid FROM pg_partition_tree(c.oid) WHERE isleaf))
     AND leaf.relkind = 'r' AND leaf.relreplident <> 'f'
     AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = leaf.oid AND i.indisvalid
                        AND CASE leaf.relreplident WHEN 'd' THEN i.indisprimary AND i.indimmediate
                                                   WHEN 'i' THEN i.indisreplident ELSE false END))`;

/** Reads all leaves. A referenced table comes before those that reference it. */
export async function readLeaves({ client, session, schema }: CheckContext): Promise<Leaf[]> {
  const { tables } = schema;
  const entry = (column: string) =>
    session.version < LISTS_SINCE
      ? 'false'
      : `EXISTS (SELECT FROM pg_publication_rel r WHERE r.${column} IS NOT NULL
            AND (r.prrelid = c.oid OR r.prrelid IN (SELECT relid FROM pg_partition_ancestors(c.oid))))`;
  const { rows } = await client.query<Leaf>(
    `SELECT c.oid::bigint::float8 AS oid, o.name AS table, ${nameOf('c')} AS relation,
            pg_get_userbyid(c.relowner)::text AS owner, c.relpersistence = 'p' AS logged,
            c.reltoastrelid <> 0 AS toasted, c.relreplident::text AS identity,
            EXISTS (SELECT FROM pg_index i
                     WHERE i.indrelid = c.oid AND i.indisprimary AND i.indimmediate AND i.indisvalid
                       AND jsonb_array_length($2::jsonb -> o.name) > 0
                       AND $2::jsonb -> o.name <@ (
                         SELECT jsonb_agg(a.attname) FROM generate_series(0, i.indnkeyatts - 1) AS k (place)
                           JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[k.place])
                   ) AS key_identifies,
            $2::jsonb -> o.name AS key,
            ${IDENTIFIED} AS identified,
            EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0
                       AND NOT a.attisdropped AND a.attgenerated <> '') AS generated,
            ${entry('prqual')} AS filtered, ${entry('prattrs')} AS listed
       FROM (${OUR_RELATIONS}) AS o JOIN pg_class c ON c.oid = o.oid
      WHERE o.leaf ORDER BY array_position($1::text[], o.name), 3`,
    [tables.names, JSON.stringify(tables.record(({ key }) => key))],
  );
  return rows;
}

/** Makes the primary key the replica identity; null if UPDATE would fail then, or the key does not identify a row. */
export function defaultIdentity(session: Session, leaf: Leaf): Fix | null {
  const { relation, owner, key_identifies, filtered, listed } = leaf;
  if (!key_identifies || filtered || listed) return null;
  return forOwners(session, [owner], `ALTER TABLE ${relation} REPLICA IDENTITY DEFAULT;`);
}

/** Whether REPLICA IDENTITY FULL would include generated columns that are not published: UPDATE would fail. */
export function fullBreaksUpdate({ version }: Session, { generated }: Leaf): boolean {
  return generated && version >= FULL_NEEDS_GENERATED;
}

/** Makes all columns the replica identity; null if UPDATE would fail then. */
export function fullIdentity(session: Session, leaf: Leaf): Fix | null {
  const { relation, owner, listed } = leaf;
  if (listed || fullBreaksUpdate(session, leaf)) return null;
  return forOwners(session, [owner], `ALTER TABLE ${relation} REPLICA IDENTITY FULL;`);
}

/** Advice for a leaf that can get no better replica identity now. */
export function identityAdvice({ relation, key, filtered, listed, generated }: Leaf): Advice {
  if (filtered || listed) return (m) => m.identityListed({ relation });
  return generated
    ? (m) => m.identityGenerated({ relation })
    : (m) => m.identityKeyless({ relation, key: key.join(', ') });
}

/** Makes an unlogged relation write its changes to the WAL. */
export function loggedFix(session: Session, { relation, owner }: Leaf): Fix {
  return forOwners(session, [owner], `ALTER TABLE ${relation} SET LOGGED;`);
}
