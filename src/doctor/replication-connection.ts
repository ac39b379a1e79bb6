import { OperatorError } from '../errors.js';
import { connectReplication } from '../postgres/connect.js';
import { type Check, ok } from './finding.js';

/** Whether pg_hba.conf and the role let a replication connection in: by making one. */
export const replicationConnection: Check = async ({ target, role }) => {
  if (role !== null && role !== target.user) {
    return { state: 'not_visible', evidence: `${target.user} ≠ ${role}`, mend: null };
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
    const mend = `# pg_hba.conf: host ${target.database} ${target.user} <address> scram-sha-256`;
    return { state: 'fail', evidence, mend };
  }
};
