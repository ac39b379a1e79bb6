import type { Client } from 'pg';
import { EXIT, OperatorError } from '../errors.js';
import { connect, withConnection } from '../postgres/connect.js';
import { describeFailure } from '../postgres/failures.js';
import { SQLSTATE } from '../postgres/sqlstate.js';
import { readTableOids, type TableOids } from '../postgres/table-oids.js';
import type { ConnectionTarget } from '../postgres/target.js';
import { watcherNameOf } from '../postgres/waits.js';
import type { Tables } from '../schema/tables.js';
import { lockSeed, lockTables, requireNoStream } from './locks.js';

/*
 * COPY into a table without indexes and keys, which are then built at once, takes a fraction of the
 * time that maintaining them row by row does. The statements that restore them are noted in the database in the
 * same transaction that takes them off, and deleted in the one that puts each back: after a seed was
 * killed at any moment, `seed` or `init-db` restores exactly the indexes and keys that are missing.
 */

/** The table of the statements that restore indexes and keys. */
const NOTES_SCHEMA = 'oltp_simulator_seed';
const NOTES_TABLE = 'put_back';
const NOTES = `${NOTES_SCHEMA}.${NOTES_TABLE}`;

/** Tables that are in use for longer keep their indexes. */
const LOCK_PATIENCE = '2s';

/** SQLSTATEs after which a seed leaves the indexes on. */
const LEAVE_ON: ReadonlySet<string> = new Set([
  SQLSTATE.DEPENDENT_OBJECTS_STILL_EXIST, // another object depends on a key
  SQLSTATE.DEADLOCK_DETECTED, // a table is in use, by a session that waits for another of them
  SQLSTATE.INSUFFICIENT_PRIVILEGE,
  SQLSTATE.LOCK_NOT_AVAILABLE, // a table is in use
]);

/**
 * The order of restoring, and what goes side by side. Steps that only change the catalog go one by one, since each
 * locks two tables. Foreign keys of one table are validated one by one: VALIDATE locks it against another VALIDATE,
 * and the second connection would only wait. Partitioned tables come last: their indexes and keys find those of the
 * partitions and adopt them.
 */
const STEPS = [
  { name: 'index', sideBySide: 'all' },
  { name: 'constraint', sideBySide: 'none' },
  { name: 'foreign-key', sideBySide: 'none' },
  { name: 'validation', sideBySide: 'tables' },
  { name: 'partitioned', sideBySide: 'none' },
] as const;

/** The connections share the work already: parallel workers of the server would only compete with them. */
const ONE_CORE_EACH = 'SET max_parallel_maintenance_workers = 0';

/** Did a seed that was killed leave indexes or keys off? */
export async function areTakenOff(client: Client): Promise<boolean> {
  // Not to_regclass: that fails for a role that may not look into the schema.
  const { rowCount } = await client.query(
    `SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = $1 AND c.relname = $2`,
    [NOTES_SCHEMA, NOTES_TABLE],
  );
  return rowCount !== 0;
}

/**
 * Takes all indexes and keys off the tables, in one transaction. False, with nothing
 * changed, where that would not be safe or is not allowed: logical decoding follows the tables, other sessions work
 * in the database, or an object of the operator's depends on a key.
 */
export async function takeOff(client: Client, tables: Tables): Promise<boolean> {
  const oids = await readTableOids(client, tables);
  const relations = await readRelations(client, oids);
  const { rows: allowed } = await client.query<{ may: boolean }>(MAY_TAKE_OFF, [relations, oids]);
  if (allowed[0]?.may !== true) return false;
  // Held until the session ends: a stream that is reconnecting has no session that could be seen.
  if (!(await lockTables(client, oids))) return false;
  await client.query('BEGIN');
  try {
    // Without a search_path the catalog qualifies every name, and the notes are right with any search_path.
    await client.query(
      `SET LOCAL search_path = pg_catalog; SET LOCAL lock_timeout = '${LOCK_PATIENCE}'`,
    );
    await client.query(`CREATE SCHEMA IF NOT EXISTS ${NOTES_SCHEMA}`);
    await client.query(
      `CREATE TABLE ${NOTES} (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, step text NOT NULL,
         statement text NOT NULL, relations oid[] NOT NULL)`,
    );
    await client.query(`INSERT INTO ${NOTES} (step, statement, relations) ${DEFINITIONS}`, [
      relations,
    ]);
    const { rows } = await client.query<{ statement: string }>(REMOVALS, [relations]);
    for (const { statement } of rows) await client.query(statement);
    await client.query('COMMIT');
    return true;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    if (LEAVE_ON.has(describeFailure(error).sqlstate ?? '')) return false;
    throw error;
  }
}

/** The oids of tables and of their partitions at any depth. pg_partition_tree is empty for a table without partitions. */
async function readRelations(client: Client, tables: TableOids): Promise<string[]> {
  const { rows } = await client.query<{ oid: string }>(
    `SELECT coalesce(p.relid::oid, t.oid)::text AS oid
       FROM unnest($1::oid[]) AS t (oid) LEFT JOIN pg_partition_tree(t.oid) p ON true`,
    [tables],
  );
  return rows.map(({ oid }) => oid);
}

/** Throws an `OperatorError` while indexes or keys are off: rows written now could break them. */
export async function requireWhole(client: Client): Promise<void> {
  if (await areTakenOff(client)) throw new OperatorError(EXIT.state, (m) => m.seed.unfinished());
}

/**
 * Restores the indexes and keys that a killed seed left off; false if there are none. Those of tables that were dropped
 * since are gone with them. Throws an `OperatorError` when that seed is still under way.
 */
export async function restore(
  target: ConnectionTarget,
  connections: number,
  tables: Tables,
): Promise<boolean> {
  return withConnection(target, async (client) => {
    if (!(await areTakenOff(client))) return false;
    await lockSeed(client);
    await requireNoStream(client, tables);
    let restored = 0;
    await putBack(target, connections, (done) => {
      restored = done;
    });
    return restored > 0;
  });
}

/** Deletes the notes: all are carried out, or their tables are gone. */
export async function forget(client: Client): Promise<void> {
  await client.query(`DROP TABLE IF EXISTS ${NOTES}; DROP SCHEMA IF EXISTS ${NOTES_SCHEMA}`);
}

/**
 * Restores the indexes and keys of the notes, over so many connections, and deletes the notes. `onDone`: called with
 * the number of those that are restored, and of all.
 */
export async function putBack(
  target: ConnectionTarget,
  connections: number,
  onDone: (done: number, of: number) => void = () => undefined,
): Promise<void> {
  const clients: Client[] = [];
  try {
    for (let i = 0; i < connections; i++) clients.push(await connect(target));
    if (connections > 1) await Promise.all(clients.map((client) => client.query(ONE_CORE_EACH)));
    const [first] = clients;
    if (first === undefined || !(await areTakenOff(first))) return;
    await first.query(DROP_NOTES_OF_DROPPED);
    const { rows: noted } = await first.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM ${NOTES}`,
    );
    const of = noted[0]?.count ?? 0;
    let done = 0;
    onDone(done, of);
    for (const { name, sideBySide } of STEPS) {
      const { rows } = await first.query<Note>(NOTES_OF_STEP, [name]);
      const jobs = sideBySide === 'tables' ? byTable(rows) : rows.map((note) => [note]);
      const workers = sideBySide === 'none' ? [first] : clients;
      await Promise.all(workers.map((client) => carryOut(client, jobs, () => onDone(++done, of))));
    }
    await forget(first);
  } finally {
    await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
  }
}

/**
 * SQL: deletes the notes of tables and partitions that are gone. One that was created again since has another oid, and
 * its own indexes and keys. Notes of earlier versions do not say whose they are, and stay.
 */
const DROP_NOTES_OF_DROPPED = `
  DELETE FROM ${NOTES} n
   WHERE EXISTS (SELECT FROM jsonb_array_elements_text(to_jsonb(n) -> 'relations') AS r (oid)
                  WHERE NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = r.oid::oid))`;

/**
 * SQL: the notes of a step. Those of the partitioned come in their own order; of the others, statements that read the
 * most come first, so that all connections end at about the same time.
 */
const NOTES_OF_STEP = `
  SELECT id, statement, relations[1]::text AS table FROM (
    SELECT id, step, statement, ARRAY(SELECT jsonb_array_elements_text(to_jsonb(n) -> 'relations')) AS relations
      FROM ${NOTES} n) AS n
   WHERE step = $1
   ORDER BY CASE WHEN step <> 'partitioned' THEN
                (SELECT sum(pg_relation_size(r.oid::oid)) FROM unnest(relations) AS r (oid)) END DESC NULLS LAST, id`;

interface Note {
  readonly id: number;
  readonly statement: string;
  /** The oid of the table that it changes; null in the notes of earlier versions. */
  readonly table: string | null;
}

/** Notes by the table that they change, in the order of their first ones. */
function byTable(notes: readonly Note[]): (readonly Note[])[] {
  const tables = new Map<string | null, Note[]>();
  for (const note of notes) tables.set(note.table, [...(tables.get(note.table) ?? []), note]);
  return [...tables.values()];
}

/** Runs the statements of notes, each in one transaction with the deletion of its note. Empties the list. */
async function carryOut(
  client: Client,
  jobs: (readonly Note[])[],
  onDone: () => void,
): Promise<void> {
  for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) {
    for (const { id, statement } of job) {
      await client.query('BEGIN');
      // First: a session of a killed seed may still run this statement, and may yet succeed.
      const { rowCount } = await client.query(`DELETE FROM ${NOTES} WHERE id = $1`, [id]);
      if (rowCount === 1) await client.query(statement);
      await client.query('COMMIT');
      onDone();
    }
  }
}

/** The tables and their partitions. */
const OWN_TABLES = 'SELECT unnest($1::oid[])';

/** The bit of INSERT in pg_trigger.tgtype. */
const TRIGGER_ON_INSERT = 4;

/** SQL: REPLICA IDENTITY DEFAULT, or FULL where there is no primary key. `c`: the table's row of pg_class. */
const HAS_USUAL_IDENTITY = `(c.relreplident = 'd' OR (c.relreplident = 'f' AND NOT EXISTS (
        SELECT 1 FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'p')))`;

/**
 * May indexes and keys be taken off? There must be no publication and no logical slot (a consumer would see rows of
 * tables without a key); no other session in the database but the command's own watch for waits (a role may not see
 * the kind of other roles' sessions); ownership of all tables, and the right to create indexes; no trigger on INSERT,
 * which would see the rows in another order; foreign keys that are enabled, and none between these and other tables;
 * no foreign key that refers to a partitioned table; and no index or key with properties that its definition lacks.
 * `$2`: the tables without their partitions.
 */
const MAY_TAKE_OFF = `
  SELECT NOT EXISTS (SELECT 1 FROM pg_publication_tables p
                       JOIN pg_namespace n ON n.nspname = p.schemaname
                       JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = p.tablename
                      WHERE c.oid IN (${OWN_TABLES}))
     AND NOT EXISTS (SELECT 1 FROM pg_replication_slots s WHERE s.database = current_database())
     AND NOT EXISTS (SELECT 1 FROM pg_stat_activity a
                      WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()
                        AND a.usesysid IS NOT NULL
                        AND a.application_name IS DISTINCT FROM
                            ${watcherNameOf("current_setting('application_name')")}
                        AND coalesce(a.backend_type, 'client backend') = 'client backend')
     AND NOT EXISTS (SELECT 1 FROM pg_class c WHERE c.oid IN (${OWN_TABLES})
                      AND (c.relkind NOT IN ('r', 'p') OR (c.relkind = 'r' AND c.relhassubclass)
                           OR (c.relispartition AND c.oid = ANY ($2::oid[]))
                           OR NOT ${HAS_USUAL_IDENTITY}
                           OR NOT pg_has_role(c.relowner, 'USAGE')
                           OR NOT has_schema_privilege(c.relnamespace, 'CREATE')))
     AND NOT EXISTS (SELECT 1 FROM pg_trigger t
                      WHERE t.tgrelid IN (${OWN_TABLES})
                        AND CASE WHEN t.tgisinternal THEN t.tgenabled <> 'O'
                                 ELSE t.tgtype & ${TRIGGER_ON_INSERT} <> 0 END)
     AND NOT EXISTS (SELECT 1 FROM pg_constraint f
                      WHERE f.contype = 'f'
                        AND (f.confrelid IN (${OWN_TABLES})) <> (f.conrelid IN (${OWN_TABLES})))
     AND NOT EXISTS (SELECT 1 FROM pg_constraint f
                       JOIN pg_class c ON c.oid = f.conrelid JOIN pg_class r ON r.oid = f.confrelid
                      WHERE f.contype = 'f' AND f.conrelid IN (${OWN_TABLES})
                        AND (r.relkind = 'p' OR r.relispartition OR (c.relkind = 'p' AND NOT f.convalidated)))
     AND NOT EXISTS (SELECT 1 FROM pg_constraint x
                      WHERE x.conrelid IN (${OWN_TABLES}) AND x.contype IN ('p', 'u', 'f')
                        AND obj_description(x.oid, 'pg_constraint') IS NOT NULL)
     AND NOT EXISTS (SELECT 1 FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
                      WHERE i.indrelid IN (${OWN_TABLES})
                        AND (NOT i.indisvalid OR i.indisclustered OR i.indisreplident OR i.indisexclusion
                             OR c.reltablespace <> 0
                             OR obj_description(i.indexrelid, 'pg_class') IS NOT NULL)) AS may`;

/** SQL: it belongs to a key. `i`: the index's row of pg_index. */
const IS_CONSTRAINT = `EXISTS (
        SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u'))`;

/** SQL: an index's definition, for a partitioned table and its partitions, too. `i`: its row of pg_index. */
const INDEX_WITH_PARTITIONS = `regexp_replace(pg_get_indexdef(i.indexrelid),
        '^(CREATE (UNIQUE )?INDEX ("([^"]|"")*"|[^" ]+)) ON ONLY ', '\\1 ON ')`;

/**
 * SQL: the statements that restore every index and key, by step, from the catalog's definitions and names; and the
 * tables that each statement needs.
 */
const DEFINITIONS = `
  WITH own AS (SELECT oid, relkind, (SELECT count(*) FROM pg_partition_ancestors(oid)) AS depth
                 FROM pg_class WHERE oid IN (${OWN_TABLES}))
  SELECT step, statement, relations FROM (
    SELECT 'index' AS step, pg_get_indexdef(i.indexrelid) AS statement, ARRAY[i.indrelid] AS relations,
           0 AS depth, 0 AS turn
      FROM pg_index i JOIN own o ON o.oid = i.indrelid WHERE o.relkind = 'r'
     UNION ALL
    SELECT 'constraint',
           format('ALTER TABLE %s ADD CONSTRAINT %I %s USING INDEX %I%s', k.conrelid::regclass, k.conname,
                  CASE k.contype WHEN 'p' THEN 'PRIMARY KEY' ELSE 'UNIQUE' END, c.relname,
                  CASE WHEN k.condeferred THEN ' DEFERRABLE INITIALLY DEFERRED'
                       WHEN k.condeferrable THEN ' DEFERRABLE' ELSE '' END),
           ARRAY[k.conrelid], 0, 0
      FROM pg_constraint k JOIN pg_class c ON c.oid = k.conindid JOIN own o ON o.oid = k.conrelid
     WHERE o.relkind = 'r' AND k.contype IN ('p', 'u')
     UNION ALL
    SELECT 'foreign-key',
           format('ALTER TABLE %s ADD CONSTRAINT %I %s NOT VALID', f.conrelid::regclass, f.conname,
                  regexp_replace(pg_get_constraintdef(f.oid), ' NOT VALID$', '')),
           ARRAY[f.conrelid, f.confrelid], 0, 0
      FROM pg_constraint f JOIN own o ON o.oid = f.conrelid
     WHERE o.relkind = 'r' AND f.contype = 'f'
     UNION ALL
    SELECT 'validation',
           format('ALTER TABLE %s VALIDATE CONSTRAINT %I', f.conrelid::regclass, f.conname),
           ARRAY[f.conrelid, f.confrelid], 0, 0
      FROM pg_constraint f JOIN own o ON o.oid = f.conrelid
     WHERE o.relkind = 'r' AND f.contype = 'f' AND f.convalidated
     UNION ALL
    SELECT 'partitioned',
           format('ALTER TABLE %s ADD CONSTRAINT %I %s', k.conrelid::regclass, k.conname,
                  pg_get_constraintdef(k.oid)),
           array_remove(ARRAY[k.conrelid, k.confrelid], 0), o.depth, CASE k.contype WHEN 'f' THEN 3 ELSE 1 END
      FROM pg_constraint k JOIN own o ON o.oid = k.conrelid
     WHERE o.relkind = 'p' AND k.contype IN ('p', 'u', 'f')
     UNION ALL
    SELECT 'partitioned', ${INDEX_WITH_PARTITIONS}, ARRAY[i.indrelid], o.depth, 2
      FROM pg_index i JOIN own o ON o.oid = i.indrelid
     WHERE o.relkind = 'p' AND NOT ${IS_CONSTRAINT}
  ) AS definitions ORDER BY depth DESC, turn`;

/**
 * SQL: the statements that take them off: foreign keys first, then the keys they refer to, then other indexes. Those
 * that a partition has from its parent go with the parent's.
 */
const REMOVALS = `
  SELECT statement FROM (
    SELECT CASE contype WHEN 'f' THEN 1 ELSE 2 END AS turn,
           format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) AS statement
      FROM pg_constraint
     WHERE conrelid IN (${OWN_TABLES}) AND contype IN ('p', 'u', 'f') AND conparentid = 0
     UNION ALL
    SELECT 3, format('DROP INDEX %s', i.indexrelid::regclass)
      FROM pg_index i
     WHERE i.indrelid IN (${OWN_TABLES}) AND NOT ${IS_CONSTRAINT}
       AND NOT EXISTS (SELECT 1 FROM pg_inherits h WHERE h.inhrelid = i.indexrelid)
  ) AS removals ORDER BY turn`;
