import { OperatorError } from '../errors.js';
import { connectReplication } from '../postgres/connect.js';
import { type Advice, type Check, ok } from './finding.js';

/** invalid_authorization_specification: pg_hba.conf has no line for it. */
const NO_ENTRY = '28000';
/** insufficient_privilege: the role lacks REPLICATION. */
const NO_RIGHT = '42501';
/** too_many_connections: all WAL senders are taken. */
const FULL = '53300';

/** Whether pg_hba.conf and the role let a replication connection in: by making one. */
export const replicationConnection: Check = async ({ target, role }) => {
  if (role !== null && role !== target.user) {
    const advice: Advice[] = [(m) => m.onlyOwnConnection({ user: target.user, role })];
    return { state: 'not_visible', evidence: `${target.user} ≠ ${role}`, mend: null, advice };
  }
  try {
    const client = await connectReplication(target);
    try {
      const { rows } = await client.query<{ systemid: string; timeline: number }>(
        'IDENTIFY_SYSTEM',
      );
      return ok(`IDENTIFY_SYSTEM: ${rows[0]?.systemid}/${rows[0]?.timeline}`);
    } finally {
      await client.end().catch(() => undefined);
    }
  } catch (error) {
    const cause = error instanceof OperatorError ? (error.cause ?? error) : error;
    const evidence = cause instanceof Error ? cause.message : String(cause);
    const { code } = cause as { code?: string };
    const line = `host ${target.database} ${target.user} <address> scram-sha-256`;
    const advice: Advice[] = [];
    if (code === NO_ENTRY) advice.push((m) => m.hostEntry({ line }));
    if (code === NO_RIGHT) advice.push((m) => m.after({ check: 'replication_role' }));
    if (code === FULL) advice.push((m) => m.after({ check: 'wal_senders' }));
    return { state: 'fail', evidence, mend: null, advice };
  }
};
