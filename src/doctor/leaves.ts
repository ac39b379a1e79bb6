import { nameOf, OUR_RELATIONS } from '../database/catalog.js';
import { TABLE_NAMES, type TableName } from '../schemas/hospital/tables.js';
import type { Advice, CheckContext } from './finding.js';
import { type Fix, forOwners } from './fix.js';
import type { Session } from './session.js';

/** A relation that stores rows of ours: a table, or a leaf partition of one. */
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
  /** Its primary key has the `id`, and may serve as replica identity. */
  readonly key_has_id: boolean;
  /** It has a replica identity: published, it can be updated. */
  readonly identified: boolean;
  readonly generated: boolean;
  /** A publication has a row filter for it or for a table above it. */
  readonly filtered: boolean;
  /** The same of a column list. */
  readonly cut: boolean;
}

/** `server_version_num` from which on row filters and column lists exist. */
export const LISTS_SINCE = 150_000;
/** `server_version_num` from which on FULL demands that generated columns are published. */
export const FULL_NEEDS_GENERATED = 180_000;

/**
 * SQL: whether the relation `c` tells which row an UPDATE or DELETE was about; a partitioned one by all of its
 * leaves.
 */
export const IDENTIFIED = `NOT EXISTS (
  SELECT FROM pg_class leaf
   WHERE (leaf.oid = c.oid OR leaf.oid IN (SELECT relid FROM pg_partition_tree(c.oid) WHERE isleaf))
     AND leaf.relkind = 'r' AND leaf.relreplident <> 'f'
     AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = leaf.oid AND i.indisvalid
                        AND CASE leaf.relreplident WHEN 'd' THEN i.indisprimary AND i.indimmediate
                                                   WHEN 'i' THEN i.indisreplident ELSE false END))`;

/** Tables before those that reference them. */
export async function readLeaves({ client, session }: CheckContext): Promise<Leaf[]> {
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
                       AND EXISTS (SELECT FROM generate_series(0, i.indnkeyatts - 1) AS k (place)
                                     JOIN pg_attribute a ON a.attrelid = c.oid
                                                        AND a.attnum = i.indkey[k.place]
                                    WHERE a.attname = 'id')) AS key_has_id,
            ${IDENTIFIED} AS identified,
            EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0
                       AND NOT a.attisdropped AND a.attgenerated <> '') AS generated,
            ${entry('prqual')} AS filtered, ${entry('prattrs')} AS cut
       FROM (${OUR_RELATIONS}) AS o JOIN pg_class c ON c.oid = o.oid
      WHERE o.leaf ORDER BY array_position($1::text[], o.name), 3`,
    [TABLE_NAMES],
  );
  return rows;
}

/** Makes the primary key tell which row it was; null: UPDATE would fail then, or the key lacks the id. */
export function defaultIdentity(session: Session, leaf: Leaf): Fix | null {
  const { relation, owner, key_has_id, filtered, cut } = leaf;
  if (!key_has_id || filtered || cut) return null;
  return forOwners(session, [owner], `ALTER TABLE ${relation} REPLICA IDENTITY DEFAULT;`);
}

/** SQL: REPLICA IDENTITY FULL would include columns that the publication must not publish; UPDATE then fails. */
export function tellsTooMuch({ version }: Session, { generated }: Leaf): boolean {
  return generated && version >= FULL_NEEDS_GENERATED;
}

/** Makes all columns tell which row it was; null: a publication would make UPDATE fail then. */
export function fullIdentity(session: Session, leaf: Leaf): Fix | null {
  const { relation, owner, cut } = leaf;
  if (cut || tellsTooMuch(session, leaf)) return null;
  return forOwners(session, [owner], `ALTER TABLE ${relation} REPLICA IDENTITY FULL;`);
}

/** Why no replica identity that would help can be set now. */
export function identityAdvice({ relation, filtered, cut, generated }: Leaf): Advice {
  if (filtered || cut) return (m) => m.identityListed({ relation });
  return generated
    ? (m) => m.identityGenerated({ relation })
    : (m) => m.identityKeyless({ relation });
}

/** Makes the changes of a relation reach the WAL. */
export function loggedFix(session: Session, { relation, owner }: Leaf): Fix {
  return forOwners(session, [owner], `ALTER TABLE ${relation} SET LOGGED;`);
}
