import { noRows, type Operation, type RowCounts } from '../../../src/schemas/hospital/changes.js';
import { TABLE_NAMES, type TableName } from '../../../src/schemas/hospital/tables.js';
import type { TestDatabase } from '../../helpers/database.js';

/** A row before and after a change, as the server saw it. */
export interface AuditedChange {
  readonly before: Readonly<Record<string, unknown>>;
  readonly after: Readonly<Record<string, unknown>>;
}

/**
 * Has the server itself note every change to a row: more than `helpers/audit.ts` does, the row before
 * and after and the transaction that the change came in.
 */
export async function installAudit(db: TestDatabase): Promise<void> {
  const triggers = TABLE_NAMES.map(
    (table) => `CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON ${table}
      FOR EACH ROW EXECUTE FUNCTION audit.note()`,
  );
  await db.query(`
    CREATE SCHEMA audit;
    CREATE TABLE audit.changes (
      xid xid8 DEFAULT pg_current_xact_id(), tab text, op text, before jsonb, after jsonb);
    CREATE FUNCTION audit.note() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO audit.changes (tab, op, before, after)
        VALUES (TG_TABLE_NAME, lower(TG_OP), to_jsonb(OLD), to_jsonb(NEW));
      RETURN NULL;
    END $$;
    ${triggers.join(';\n')}`);
}

/** Forgets what was noted. */
export async function clearAudit(db: TestDatabase): Promise<void> {
  await db.query('TRUNCATE audit.changes');
}

/** Changes by table and operation. */
export async function auditedRows(db: TestDatabase): Promise<RowCounts> {
  const counts = noRows();
  const rows = await db.query<{ tab: TableName; op: Operation; changes: number }>(
    'SELECT tab, op, count(*)::int AS changes FROM audit.changes GROUP BY 1, 2',
  );
  for (const { tab, op, changes } of rows) counts[tab][op] = changes;
  return counts;
}

/** Changes of each transaction, smallest first. */
export async function auditedTransactions(db: TestDatabase): Promise<number[]> {
  const rows = await db.query<{ changes: number }>(
    'SELECT count(*)::int AS changes FROM audit.changes GROUP BY xid ORDER BY 1',
  );
  return rows.map(({ changes }) => changes);
}

/** Every update of a table. */
export async function auditedUpdates(db: TestDatabase, table: TableName): Promise<AuditedChange[]> {
  return db.query<AuditedChange>(
    "SELECT before, after FROM audit.changes WHERE op = 'update' AND tab = $1",
    [table],
  );
}
