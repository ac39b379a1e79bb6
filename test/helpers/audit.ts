import assert from 'node:assert/strict';
import type { RunSummary } from '../../src/runs/summary.js';
import { noRows, OPERATIONS, type Operation, type RowCounts } from '../../src/schema/changes.js';
import type { TableName } from '../../src/schema/table.js';
import type { TestDatabase } from './database.js';
import { hospital } from './hospital.js';

/** `application_name` of the program's sessions, whose changes are audited; tests have another one. */
export const AUDITED_APPLICATION = 'oltp-simulator';

/** A row before and after an update, as the server saw it. */
export interface AuditedUpdate {
  readonly before: Readonly<Record<string, unknown>>;
  readonly after: Readonly<Record<string, unknown>>;
}

/** The rows that a statement changed, as the trigger sees them. */
const CHANGED: Readonly<Record<Operation, string>> = {
  insert: 'NEW TABLE AS changed',
  update: 'OLD TABLE AS former NEW TABLE AS changed',
  delete: 'OLD TABLE AS changed',
};

/** Has the server itself record every row change that the program commits, with its transaction. */
export async function installAudit(db: TestDatabase): Promise<void> {
  const triggers = hospital.tables.names.flatMap((table) =>
    OPERATIONS.map(
      (operation) => `CREATE TRIGGER audit_${operation} AFTER ${operation} ON ${table}
        REFERENCING ${CHANGED[operation]} FOR EACH STATEMENT EXECUTE FUNCTION audit.note()`,
    ),
  );
  await db.query(`
    CREATE SCHEMA audit;
    CREATE TABLE audit.changes (xid xid8 DEFAULT pg_current_xact_id(),
      name text, operation text, rows bigint, before jsonb, after jsonb);
    CREATE FUNCTION audit.note() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF current_setting('application_name') <> '${AUDITED_APPLICATION}' THEN RETURN NULL; END IF;
      IF TG_OP = 'UPDATE' THEN
        INSERT INTO audit.changes (name, operation, rows, before, after)
          SELECT TG_TABLE_NAME, 'update', 1, to_jsonb(former), to_jsonb(changed)
            FROM former JOIN changed USING (id);
      ELSE
        INSERT INTO audit.changes (name, operation, rows)
          SELECT TG_TABLE_NAME, lower(TG_OP), count(*) FROM changed HAVING count(*) > 0;
      END IF;
      RETURN NULL;
    END $$;
    ${triggers.join(';\n')}`);
}

/** Forgets what was recorded. */
export async function clearAudit(db: TestDatabase): Promise<void> {
  await db.query('TRUNCATE audit.changes');
}

/** Rows that the program changed, as the server committed them. */
export async function auditedRows(db: TestDatabase): Promise<RowCounts> {
  const counts = noRows(hospital.tables);
  const changes = await db.query<{ name: TableName; operation: Operation; rows: string }>(
    'SELECT name, operation, sum(rows) AS rows FROM audit.changes GROUP BY name, operation',
  );
  for (const { name, operation, rows } of changes) counts[name]![operation] = Number(rows);
  return counts;
}

const EVENTS = 'SELECT coalesce(sum(rows), 0)::float8 AS rows FROM audit.changes';

/** All events that the program committed so far. */
export async function auditedEvents({ query }: Pick<TestDatabase, 'query'>): Promise<number> {
  const [row] = await query<{ rows: number }>(EVENTS);
  return row?.rows ?? 0;
}

/** Events of each transaction, smallest first. */
export async function auditedTransactions(db: TestDatabase): Promise<number[]> {
  const rows = await db.query<{ events: number }>(
    'SELECT sum(rows)::int AS events FROM audit.changes GROUP BY xid ORDER BY 1',
  );
  return rows.map(({ events }) => events);
}

/** Every update of a table. */
export async function auditedUpdates(db: TestDatabase, table: TableName): Promise<AuditedUpdate[]> {
  return db.query<AuditedUpdate>(
    "SELECT before, after FROM audit.changes WHERE operation = 'update' AND name = $1",
    [table],
  );
}

/** The summary says exactly what the server committed, and leaves nothing in doubt. */
export async function assertExact(db: TestDatabase, summary: RunSummary): Promise<void> {
  assert.deepEqual(summary.rows, await auditedRows(db));
  assert.equal(summary.events, await auditedEvents(db));
  assert.equal(summary.transactions.in_doubt, 0);
}

/**
 * The same for a run that ended while the server was away: COMMITs in doubt stay so, and nothing but
 * their events may be missing from the summary. `batchSize`: events of a transaction at most.
 */
export async function assertExactButDoubts(
  db: TestDatabase,
  summary: RunSummary,
  batchSize: number,
): Promise<void> {
  const missing = (await auditedEvents(db)) - summary.events;
  const doubts = summary.transactions.in_doubt * batchSize;
  assert.ok(missing >= 0 && missing <= doubts, `${missing} missing, at most ${doubts} in doubt`);
  const audited = await auditedRows(db);
  for (const [table, rows] of Object.entries(summary.rows)) {
    for (const operation of OPERATIONS) {
      const counted = rows[operation];
      assert.ok(counted <= audited[table]![operation], `${table} ${operation}: ${counted}`);
    }
  }
}
