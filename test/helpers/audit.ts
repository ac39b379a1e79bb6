import assert from 'node:assert/strict';
import type { RunSummary } from '../../src/runs/summary.js';
import {
  noRows,
  OPERATIONS,
  type Operation,
  type RowCounts,
} from '../../src/schemas/hospital/changes.js';
import { TABLE_NAMES, type TableName } from '../../src/schemas/hospital/tables.js';
import type { TestDatabase } from './database.js';

/** What the program calls itself towards the server; tests have another name. */
const PROGRAM = 'oltp-simulator';

/** Lets the server itself count every row change that the program commits. */
export async function installAudit(db: TestDatabase): Promise<void> {
  await db.query('CREATE SCHEMA audit');
  await db.query('CREATE TABLE audit.changes (name text, operation text, rows bigint)');
  await db.query(`CREATE FUNCTION audit.note() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF current_setting('application_name') = '${PROGRAM}' THEN
        INSERT INTO audit.changes SELECT TG_TABLE_NAME, lower(TG_OP), count(*) FROM changed;
      END IF;
      RETURN NULL;
    END $$`);
  for (const table of TABLE_NAMES) {
    for (const operation of OPERATIONS) {
      const rows = operation === 'delete' ? 'OLD' : 'NEW';
      await db.query(`CREATE TRIGGER audit_${operation} AFTER ${operation} ON ${table}
        REFERENCING ${rows} TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION audit.note()`);
    }
  }
}

/** Rows that the program changed, as the server committed them. */
export async function auditedRows(db: TestDatabase): Promise<RowCounts> {
  const counts = noRows();
  const changes = await db.query<{ name: TableName; operation: Operation; rows: string }>(
    'SELECT name, operation, sum(rows) AS rows FROM audit.changes GROUP BY name, operation',
  );
  for (const { name, operation, rows } of changes) counts[name][operation] = Number(rows);
  return counts;
}

/** All events that the program committed so far. */
export async function auditedEvents(db: TestDatabase): Promise<number> {
  const [row] = await db.query<{ rows: number }>(
    'SELECT coalesce(sum(rows), 0)::float8 AS rows FROM audit.changes',
  );
  return row?.rows ?? 0;
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
  for (const table of TABLE_NAMES) {
    for (const operation of OPERATIONS) {
      const counted = summary.rows[table][operation];
      assert.ok(counted <= audited[table][operation], `${table} ${operation}: ${counted}`);
    }
  }
}
