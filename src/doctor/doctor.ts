import { schemaState } from '../postgres/schema.js';
import * as compatibility from './compatibility.js';
import { CHECKS, type Check, type CheckName, type Finding, type Patient } from './finding.js';
import { replicationConnection } from './replication-connection.js';
import * as server from './server-checks.js';
import * as slot from './slot-checks.js';
import * as table from './table-checks.js';

const RUN: Readonly<Record<CheckName, Check>> = {
  tables: compatibility.tables,
  primary_keys: compatibility.primaryKeys,
  natural_keys: compatibility.naturalKeys,
  foreign_keys: compatibility.foreignKeys,
  timestamps: compatibility.timestamps,
  wal_level: server.walLevel,
  replication_role: server.replicationRole,
  replication_slots: server.replicationSlots,
  wal_senders: server.walSenders,
  replication_connection: replicationConnection,
  publication: table.publication,
  publication_rights: table.publicationRights,
  replica_identity: table.replicaIdentity,
  toast: table.toast,
  unlogged: table.unlogged,
  slots: slot.slots,
  slot_limits: slot.slotLimits,
  transactions: server.transactions,
  durability: server.durability,
  clock: server.clock,
  encoding: server.encoding,
};

/** Checks that have nothing to look at where there are no tables. */
const ABOUT_TABLES: readonly CheckName[] = [
  ...(['primary_keys', 'natural_keys', 'foreign_keys', 'timestamps'] as const),
  ...(['replica_identity', 'toast', 'unlogged'] as const),
];

/** insufficient_privilege, and what a managed server has taken away. */
const UNSEEN = ['42501', '42883', '42P01', '55000'];

/** Makes every check, one after the other, reading only. What the role may not see is not taken for fine. */
export async function examine(asked: Omit<Patient, 'schema'>): Promise<Finding[]> {
  const patient = { ...asked, schema: await schemaState(asked.client) };
  const findings: Finding[] = [];
  for (const check of Object.keys(CHECKS) as CheckName[]) {
    const profile = CHECKS[check];
    if (patient.schema === 'missing' && ABOUT_TABLES.includes(check)) {
      findings.push({ check, profile, state: 'not_visible', evidence: '–', mend: null });
      continue;
    }
    try {
      findings.push({ check, profile, ...(await RUN[check](patient)) });
    } catch (error) {
      const { code, message } = error as { code?: string; message: string };
      if (!UNSEEN.includes(code ?? '')) throw error;
      findings.push({ check, profile, state: 'not_visible', evidence: message, mend: null });
    }
  }
  return findings;
}
