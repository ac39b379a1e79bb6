import { OperatorError } from '../errors.js';
import { connectReplication } from '../postgres/connect.js';
import { hasSqlstate, SQLSTATE } from '../postgres/sqlstate.js';
import { type Advice, type Check, ok } from './finding.js';

/** Whether pg_hba.conf and the role allow a replication connection: opens one. */
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
    const line = `host ${target.database} ${target.user} <address> scram-sha-256`;
    const advice: Advice[] = [];
    // pg_hba.conf has no line for it.
    if (hasSqlstate(cause, SQLSTATE.INVALID_AUTHORIZATION_SPECIFICATION))
      advice.push((m) => m.hostEntry({ line }));
    // The role lacks REPLICATION.
    if (hasSqlstate(cause, SQLSTATE.INSUFFICIENT_PRIVILEGE))
      advice.push((m) => m.after({ check: 'replication_role' }));
    // All WAL senders are in use.
    if (hasSqlstate(cause, SQLSTATE.TOO_MANY_CONNECTIONS))
      advice.push((m) => m.after({ check: 'wal_senders' }));
    return { state: 'fail', evidence, mend: null, advice };
  }
};
