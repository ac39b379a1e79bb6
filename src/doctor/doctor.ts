import type { Client } from 'pg';
import { nameOf, OUR_TABLES } from '../database/catalog.js';
import { schemaState } from '../database/schema.js';
import { hasSqlstate, SQLSTATE } from '../postgres/sqlstate.js';
import type { TableName } from '../schema/table.js';
import type { Tables } from '../schema/tables.js';
import * as compatibility from './compatibility.js';
import {
  CHECKS,
  type Check,
  type CheckContext,
  type CheckName,
  type Finding,
  type OwnTable,
} from './finding.js';
import { replicationConnection } from './replication-connection.js';
import * as server from './server-checks.js';
import { readSession } from './session.js';
import * as effects from './side-effect-checks.js';
import * as slot from './slot-checks.js';
import * as standby from './standby-checks.js';
import * as table from './table-checks.js';
import { valueFormats } from './value-formats.js';

const RUN: Readonly<Record<CheckName, Check>> = {
  tables: compatibility.tables,
  primary_keys: compatibility.primaryKeys,
  natural_keys: compatibility.naturalKeys,
  foreign_keys: compatibility.foreignKeys,
  timestamps: compatibility.timestamps,
  triggers: effects.triggers,
  generated_columns: effects.generatedColumns,
  row_security: effects.rowSecurity,
  recovery: standby.recovery,
  wal_level: server.walLevel,
  replication_role: server.replicationRole,
  replication_slots: server.replicationSlots,
  wal_senders: server.walSenders,
  replication_connection: replicationConnection,
  unlogged: table.unlogged,
  replica_identity: table.replicaIdentity,
  toast: table.toast,
  publication: table.publication,
  publication_rights: table.publicationRights,
  slots: slot.slots,
  slot_limits: slot.slotLimits,
  synchronous_standbys: standby.synchronousStandbys,
  transactions: server.transactions,
  durability: server.durability,
  clock: server.clock,
  encoding: server.encoding,
  value_formats: valueFormats,
};

/** Checks that cannot be made without tables. */
const ABOUT_TABLES: readonly CheckName[] = [
  ...(['primary_keys', 'natural_keys', 'foreign_keys', 'timestamps'] as const),
  ...(['triggers', 'generated_columns', 'row_security'] as const),
  ...(['replica_identity', 'toast', 'unlogged'] as const),
];

/** The role may not see it, or a managed server lacks the function, the view or the feature. */
const NOT_VISIBLE = [
  SQLSTATE.INSUFFICIENT_PRIVILEGE,
  SQLSTATE.UNDEFINED_FUNCTION,
  SQLSTATE.UNDEFINED_TABLE,
  SQLSTATE.OBJECT_NOT_IN_PREREQUISITE_STATE,
];

/**
 * Runs all checks, one after the other. Sends only SELECTs and leaves no setting on the connection, which may belong
 * to a pooler. A check that the role may not make is `not_visible`, never `ok`.
 */
export async function examine(
  asked: Omit<CheckContext, 'session' | 'state' | 'tables'>,
): Promise<Finding[]> {
  const { client, schema } = asked;
  const context = {
    ...asked,
    session: await readSession(client),
    state: await schemaState(client, schema.tables),
    tables: await findTables(client, schema.tables),
  };
  const findings: Finding[] = [];
  for (const check of Object.keys(CHECKS) as CheckName[]) {
    const profile = CHECKS[check];
    if (context.state === 'missing' && ABOUT_TABLES.includes(check)) {
      findings.push({ check, profile, state: 'not_visible', evidence: '–', mend: null });
      continue;
    }
    try {
      findings.push({ check, profile, ...(await RUN[check](context)) });
    } catch (error) {
      if (!hasSqlstate(error, ...NOT_VISIBLE)) throw error;
      const { message: evidence } = error as Error;
      findings.push({ check, profile, state: 'not_visible', evidence, mend: null });
    }
  }
  return findings;
}

async function findTables(client: Client, tables: Tables): Promise<Record<TableName, OwnTable>> {
  const { rows } = await client.query<OwnTable & { name: TableName }>(
    `SELECT t.name, ${nameOf('c')} AS sql, c.relkind = 'p' AS partitioned,
            CASE WHEN c.relkind IN ('r', 'p') THEN pg_get_userbyid(c.relowner)::text END AS owner
       ${OUR_TABLES}`,
    [tables.names],
  );
  const found = new Map(rows.map(({ name, ...table }) => [name, table]));
  return tables.record(
    ({ name }) => found.get(name) ?? { sql: name, partitioned: false, owner: null },
  );
}
