import type { Client } from 'pg';
import { OPERATIONS, type Operation } from '../schema/changes.js';
import type { TableName } from '../schema/table.js';
import type { Tables } from '../schema/tables.js';
import { nameOf, OUR_RELATIONS, OUR_TABLES, policiesFor } from './catalog.js';
import type {
  DatabaseFacts,
  IdentityFacts,
  PublicationFacts,
  PublishedFacts,
  TableFacts,
  TriggerFacts,
} from './facts.js';
import { requireSchema } from './schema.js';

/**
 * Reads the facts from the catalog, which every role may read, with no lock above ACCESS SHARE. Throws an
 * `OperatorError` if a table is missing.
 */
export async function readDatabaseFacts(client: Client, tables: Tables): Promise<DatabaseFacts> {
  const at = new Date().toISOString();
  const { rows } = await client.query<{ search_path: string; role: string }>(
    `SELECT current_setting('search_path') AS search_path, current_user::text AS role`,
  );
  const [session] = rows;
  if (session === undefined) throw new Error('a SELECT without FROM was answered without a row');
  const found = await readTables(client, tables);
  const missing = tables.names.find((name) => !found.has(name));
  if (missing !== undefined) {
    await requireSchema(client, { tables, extensions: [] });
    throw new Error(`the table ${missing} appeared while the catalogue was being read`);
  }
  const publications = (await readPublications(client, tables))
    .filter(({ everything, relations }) => everything || relations.length > 0)
    .map(({ facts }) => facts);
  return { at, ...session, tables: tables.record(({ name }) => found.get(name)!), publications };
}

/** The replica identity of a relation that stores rows: a table, or a leaf partition. */
export interface RelationIdentity extends IdentityFacts {
  readonly table: TableName;
  /** Its name in SQL, for the default search_path. */
  readonly relation: string;
  /** The index of the identity. Null: there is none, so events have nothing of the old row, unless it is `full`. */
  readonly key: string | null;
  /** The primary key includes the columns of the table's key. */
  readonly key_has_id: boolean;
}

/** Reads the replica identity of every relation that stores rows of these tables. */
export async function readIdentities(client: Client, tables: Tables): Promise<RelationIdentity[]> {
  // A deferrable key, an invalid index and an INCLUDEd column do not count for a replica identity.
  const hasKey = (index: string) => `($2::jsonb -> o.name <> '[]' AND NOT EXISTS (
              SELECT FROM jsonb_array_elements_text($2::jsonb -> o.name) AS k (name)
               WHERE k.name NOT IN (
                 SELECT a.attname FROM generate_series(0, ${index}.indnkeyatts - 1) AS p (place)
                   JOIN pg_attribute a ON a.attrelid = ${index}.indrelid
                                      AND a.attnum = ${index}.indkey[p.place])))`;
  const { rows } = await client.query<RelationIdentity>(
    `WITH ours AS (${OUR_RELATIONS})
     SELECT o.name AS table, ${nameOf('c')} AS relation,
            CASE c.relreplident WHEN 'd' THEN 'default' WHEN 'i' THEN 'index'
                                WHEN 'f' THEN 'full' ELSE 'nothing' END AS kind,
            CASE c.relreplident WHEN 'i' THEN x.relname::text END AS index,
            c.relreplident = 'f' OR (i.indexrelid IS NOT NULL AND ${hasKey('i')}) AS tells_id,
            x.relname::text AS key,
            EXISTS (SELECT FROM pg_index pk
                     WHERE pk.indrelid = c.oid AND pk.indisprimary AND pk.indimmediate
                       AND pk.indisvalid AND ${hasKey('pk')}) AS key_has_id
       FROM ours o JOIN pg_class c ON c.oid = o.oid
       LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisvalid
             AND CASE c.relreplident WHEN 'd' THEN i.indisprimary AND i.indimmediate
                                     WHEN 'i' THEN i.indisreplident ELSE false END
       LEFT JOIN pg_class x ON x.oid = i.indexrelid
      WHERE o.leaf OR NOT EXISTS (SELECT FROM ours l WHERE l.root = o.root AND l.leaf)
      ORDER BY 1, 2`,
    [tables.names, JSON.stringify(tables.record(({ key }) => key))],
  );
  return rows;
}

/** A relation of the run's tables that a publication publishes, from pg_publication_tables. */
interface PublishedRelation extends PublishedFacts {
  readonly table: TableName;
  /** It is the table itself, not a partition. */
  readonly is_root: boolean;
  /** It is a partition that was added by its own name, and its table was not. */
  readonly is_alone: boolean;
}

export interface Publication {
  readonly facts: PublicationFacts;
  /** FOR ALL TABLES. */
  readonly everything: boolean;
  readonly relations: readonly PublishedRelation[];
}

interface FoundPublication {
  readonly name: string;
  readonly via_root: boolean;
  readonly everything: boolean;
  readonly operations: Readonly<Record<Operation, boolean>>;
  readonly relations: readonly (PublishedRelation & {
    /** Oids of the relations that store its rows. */
    readonly leaves: readonly number[];
  })[];
}

/** Reads all publications of the database, also those without any of these tables. */
export async function readPublications(client: Client, tables: Tables): Promise<Publication[]> {
  // `to_jsonb`, because PostgreSQL 14 lacks the columns attnames and rowfilter. Without a column list, attnames has
  // all columns.
  const { rows } = await client.query<FoundPublication>(
    `WITH ours AS (${OUR_RELATIONS}),
          listed AS (
            SELECT p.pubname, o.name, o.oid, o.root, o.leaf, to_jsonb(p) AS row
              FROM pg_publication_tables p
              JOIN pg_namespace n ON n.nspname = p.schemaname
              JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = p.tablename
              JOIN ours o ON o.oid = c.oid)
     SELECT b.pubname AS name, b.pubviaroot AS via_root, b.puballtables AS everything,
            jsonb_build_object('insert', b.pubinsert, 'update', b.pubupdate, 'delete', b.pubdelete)
              AS operations,
            (SELECT coalesce(jsonb_agg(jsonb_build_object(
                      'table', l.name,
                      'is_root', l.oid = l.root,
                      'is_alone', l.oid IN (SELECT r.prrelid FROM pg_publication_rel r
                                             WHERE r.prpubid = b.oid)
                           AND l.root NOT IN (SELECT r.prrelid FROM pg_publication_rel r
                                               WHERE r.prpubid = b.oid),
                      'columns', CASE WHEN EXISTS (
                           SELECT FROM pg_attribute a
                            WHERE a.attrelid = l.oid AND a.attnum > 0 AND NOT a.attisdropped
                              AND a.attgenerated = '' AND NOT l.row -> 'attnames' ? a.attname::text)
                         THEN l.row -> 'attnames' END,
                      'filter', l.row ->> 'rowfilter',
                      'leaves', CASE WHEN l.leaf THEN to_jsonb(ARRAY[l.oid::bigint])
                         ELSE (SELECT coalesce(jsonb_agg(p.relid::oid::bigint), '[]')
                                 FROM pg_partition_tree(l.oid) p WHERE p.isleaf) END)
                      ORDER BY l.name, l.oid::regclass::text), '[]')
               FROM listed l WHERE l.pubname = b.pubname) AS relations
       FROM pg_publication b ORDER BY 1`,
    [tables.names],
  );
  const leaves = await countLeaves(client, tables);
  return rows.map(({ operations, relations, everything, name, via_root }) => {
    const listed: Record<TableName, PublishedFacts> = {};
    for (const table of tables.names) {
      const own = relations.filter((relation) => relation.table === table);
      const itself = own.filter(({ is_root }) => is_root);
      const covered = new Set(own.flatMap((relation) => relation.leaves)).size;
      if (itself.length > 0) listed[table] = merge(itself);
      else if (own.length > 0 && covered === leaves.get(table)) listed[table] = merge(own);
    }
    const published = OPERATIONS.filter((operation) => operations[operation]);
    const facts = { name, operations: published, via_root, tables: listed };
    return { facts, everything, relations };
  });
}

/** Combines the partitions through which a table is published: the columns that all of them publish, and all filters. */
function merge(relations: readonly PublishedRelation[]): PublishedFacts {
  const lists = relations.flatMap(({ columns }) => (columns === null ? [] : [columns]));
  const [first, ...others] = lists;
  const columns = first?.filter((name) => others.every((list) => list.includes(name))) ?? null;
  const filters = new Set(relations.flatMap(({ filter }) => (filter === null ? [] : [filter])));
  return { columns, filter: filters.size === 0 ? null : [...filters].join('; ') };
}

async function countLeaves(
  client: Client,
  tables: Tables,
): Promise<ReadonlyMap<TableName, number>> {
  const { rows } = await client.query<{ name: TableName; leaves: number }>(
    `SELECT name, count(*) FILTER (WHERE leaf)::int AS leaves
       FROM (${OUR_RELATIONS}) AS ours GROUP BY name`,
    [tables.names],
  );
  return new Map(rows.map(({ name, leaves }) => [name, leaves]));
}

interface FoundTable extends Omit<TableFacts, 'identity' | 'triggers'> {
  readonly name: TableName;
  readonly triggers: readonly {
    readonly name: string;
    /** pg_trigger.tgtype */
    readonly type: number;
    readonly deferred: boolean;
  }[];
}

/** Bits of pg_trigger.tgtype (catalog/pg_trigger.h). */
const ROW = 1;
const BEFORE = 2;
const INSTEAD = 64;
const FIRES_ON: Readonly<Record<Operation, number>> = { insert: 4, update: 16, delete: 8 };
const ANY_CHANGE = FIRES_ON.insert | FIRES_ON.update | FIRES_ON.delete;

/** Reads the facts of the tables that exist. */
async function readTables(
  client: Client,
  tables: Tables,
): Promise<ReadonlyMap<TableName, TableFacts>> {
  // A row fires the row triggers of its partition; a statement fires the statement triggers of the table that it
  // names. Before PostgreSQL 15 a partition's copies of its parent's triggers are internal, like those of foreign
  // keys.
  const { rows } = await client.query<FoundTable>(
    `WITH ours AS (${OUR_RELATIONS})
     SELECT t.name, n.nspname::text AS schema,
            (SELECT coalesce(jsonb_agg(jsonb_build_object('schema', pn.nspname, 'name', p.relname)
                                       ORDER BY pn.nspname, p.relname), '[]')
               FROM ours o JOIN pg_class p ON p.oid = o.oid JOIN pg_namespace pn ON pn.oid = p.relnamespace
              WHERE o.root = c.oid AND o.oid <> c.oid) AS partitions,
            (SELECT coalesce(jsonb_agg(to_jsonb(g) ORDER BY g.name, g.type), '[]') FROM (
               SELECT DISTINCT g.tgname AS name, g.tgtype AS type,
                      g.tgdeferrable OR g.tginitdeferred AS deferred
                 FROM ours o JOIN pg_trigger g ON g.tgrelid = o.oid
                 JOIN pg_proc f ON f.oid = g.tgfoid JOIN pg_language y ON y.oid = f.prolang
                 LEFT JOIN pg_constraint k ON k.oid = g.tgconstraint
                WHERE o.root = c.oid AND g.tgenabled IN ('O', 'A')
                  AND (NOT g.tgisinternal OR (g.tgparentid <> 0 AND coalesce(k.contype, 't') = 't'))
                  AND CASE WHEN g.tgtype & ${ROW} <> 0 THEN o.leaf ELSE o.oid = o.root END
                  AND g.tgtype & ${ANY_CHANGE} <> 0
                  AND NOT (g.tgtype = ${ROW | BEFORE | FIRES_ON.update} AND y.lanname = 'plpgsql'
                           AND btrim(regexp_replace(f.prosrc, '\\s+', ' ', 'g')) = ANY ($2::text[]))) AS g) AS triggers,
            ARRAY(SELECT r.rulename::text FROM pg_rewrite r
                   WHERE r.ev_class = c.oid AND r.rulename <> '_RETURN' AND r.ev_enabled IN ('O', 'A')
                   ORDER BY 1) AS rules,
            CASE WHEN row_security_active(c.oid) THEN ARRAY(
              SELECT polname::text FROM (${policiesFor('c')}) AS p ORDER BY 1) END AS policies,
            ARRAY(SELECT a.attname::text FROM pg_attribute a
                   WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                     AND a.attgenerated <> '' ORDER BY a.attnum) AS generated,
            ARRAY(SELECT r.relname || '.' || k.conname
                    FROM pg_constraint k JOIN pg_class r ON r.oid = k.conrelid
                   WHERE k.contype = 'f' AND k.conparentid = 0 AND k.confdeltype IN ('c', 'n', 'd')
                     AND k.confrelid IN (SELECT o.oid FROM ours o WHERE o.root = c.oid)
                     AND to_jsonb(k) ->> 'conenforced' IS DISTINCT FROM 'false'
                   ORDER BY 1) AS cascades
       ${OUR_TABLES} JOIN pg_namespace n ON n.oid = c.relnamespace`,
    [tables.names, tables.flatMap(({ stampBody }) => (stampBody === null ? [] : [stampBody]))],
  );
  const identities = await readIdentities(client, tables);
  const found = new Map<TableName, TableFacts>();
  for (const { name, triggers, ...facts } of rows) {
    const own = identities.filter(({ table }) => table === name);
    found.set(name, { ...facts, identity: worstOf(own), triggers: triggers.map(triggerFacts) });
  }
  return found;
}

/** The identity with the least of the old row: an UPDATE or DELETE may be in any partition. */
function worstOf(identities: readonly RelationIdentity[]): IdentityFacts {
  const rank = ({ kind, key, tells_id }: RelationIdentity) => {
    if (kind !== 'full' && key === null) return 0;
    return tells_id ? 2 : 1;
  };
  const [worst] = [...identities].sort((a, b) => rank(a) - rank(b));
  if (worst === undefined) throw new Error('a table without a relation that stores its rows');
  const { kind, index, tells_id } = worst;
  return { kind, index, tells_id };
}

function triggerFacts({ name, type, deferred }: FoundTable['triggers'][number]): TriggerFacts {
  return {
    name,
    timing: type & INSTEAD ? 'instead' : type & BEFORE ? 'before' : 'after',
    operations: OPERATIONS.filter((operation) => type & FIRES_ON[operation]),
    level: type & ROW ? 'row' : 'statement',
    deferred,
  };
}
