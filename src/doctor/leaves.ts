import { nameOf, OUR_RELATIONS } from '../database/catalog.js';
import { escapeLiteral } from '../postgres/driver.js';
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
  /** The number of its table's leaves, itself included. */
  readonly siblings: number;
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
            (count(*) OVER (PARTITION BY o.root))::int AS siblings,
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

/** A change of a relation, as ALTER TABLE has it. */
type Action = 'REPLICA IDENTITY DEFAULT' | 'REPLICA IDENTITY FULL' | 'SET LOGGED';

/** Makes the primary key the replica identity; null if UPDATE would fail then, or the key does not identify a row. */
export function defaultIdentity({ key_identifies, filtered, listed }: Leaf): Action | null {
  return !key_identifies || filtered || listed ? null : 'REPLICA IDENTITY DEFAULT';
}

/** Whether REPLICA IDENTITY FULL would include generated columns that are not published: UPDATE would fail. */
export function fullBreaksUpdate({ version }: Session, { generated }: Leaf): boolean {
  return generated && version >= FULL_NEEDS_GENERATED;
}

/** Makes all columns the replica identity; null if UPDATE would fail then. */
export function fullIdentity(session: Session, leaf: Leaf): Action | null {
  return leaf.listed || fullBreaksUpdate(session, leaf) ? null : 'REPLICA IDENTITY FULL';
}

/** The statements of changes: one for the partitions of a table that change alike. Leaves without a change are left out. */
export function leafFixes(
  { session, tables }: CheckContext,
  leaves: readonly Leaf[],
  actionOf: (leaf: Leaf) => Action | null,
): Fix[] {
  const fixes: Fix[] = [];
  for (const action of new Set(leaves.map(actionOf))) {
    if (action === null) continue;
    for (const group of byTable(leaves.filter((leaf) => actionOf(leaf) === action))) {
      const [{ table }] = group;
      const owners = group.map(({ owner }) => owner);
      fixes.push(forOwners(session, owners, statementOf(group, action, tables[table]!.sql)));
    }
  }
  return fixes;
}

/** One line, that psql takes as it stands. */
function statementOf(group: Group, action: Action, root: string): string {
  const [{ relation, siblings }] = group;
  if (group.length === 1) return `ALTER TABLE ${relation} ${action};`;
  const names = group.map((leaf) => escapeLiteral(leaf.relation)).join(', ');
  const loop =
    group.length === siblings
      ? `FOR leaf IN SELECT relid FROM pg_partition_tree(${escapeLiteral(root)}) WHERE isleaf LOOP`
      : `FOREACH leaf IN ARRAY ARRAY[${names}]::regclass[] LOOP`;
  return `DO $$ DECLARE leaf regclass; BEGIN ${loop} EXECUTE format('ALTER TABLE %s ${action}', leaf); END LOOP; END $$;`;
}

/** Relations of one table. */
type Group = readonly [Leaf, ...Leaf[]];

function byTable(leaves: readonly Leaf[]): Group[] {
  const groups = new Map<TableName, [Leaf, ...Leaf[]]>();
  for (const leaf of leaves) {
    const group = groups.get(leaf.table);
    if (group === undefined) groups.set(leaf.table, [leaf]);
    else group.push(leaf);
  }
  return [...groups.values()];
}

/** The names of relations; partitions of one table by their number. */
export function namesOf(leaves: readonly Leaf[]): string[] {
  return byTable(leaves).map(nameOfGroup);
}

function nameOfGroup(group: Group): string {
  const [{ table, relation, siblings }] = group;
  return group.length === 1 ? relation : `${table} (${group.length} / ${siblings} partitions)`;
}

/** Advice for leaves that can get no better replica identity now: one for the partitions of a table. */
export function identityAdvice(leaves: readonly Leaf[]): Advice[] {
  const listed = leaves.filter((leaf) => leaf.filtered || leaf.listed);
  const others = leaves.filter((leaf) => !listed.includes(leaf));
  const generated = others.filter((leaf) => leaf.generated);
  const keyless = others.filter((leaf) => !leaf.generated);
  return [
    ...namesOf(listed).map(
      (relation): Advice =>
        (m) =>
          m.identityListed({ relation }),
    ),
    ...namesOf(generated).map(
      (relation): Advice =>
        (m) =>
          m.identityGenerated({ relation }),
    ),
    ...byTable(keyless).map(
      (group): Advice =>
        (m) =>
          m.identityKeyless({ relation: nameOfGroup(group), key: group[0].key.join(', ') }),
    ),
  ];
}
