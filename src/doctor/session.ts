import type { Client } from 'pg';
import { escapeIdentifier } from '../postgres/driver.js';

/** The session's role and rights, which decide who may run a fix. */
export interface Session {
  readonly user: string;
  readonly superuser: boolean;
  /** The server is in recovery and accepts no writes. */
  readonly standby: boolean;
  /** `server_version_num`. */
  readonly version: number;
  /** Names of the roles whose rights it has: its own, inherited ones, all for a superuser. */
  readonly roles: ReadonlySet<string>;
  /** It may create replication slots. */
  readonly replicates: boolean;
  /** It may create publications and schemas in the database. */
  readonly creates: boolean;
  readonly databaseOwner: string;
  /** Quotes an identifier if SQL needs it. */
  readonly quoted: (name: string) => string;
}

interface FoundSession extends Omit<Session, 'roles' | 'quoted'> {
  readonly roles: readonly string[];
  readonly keywords: readonly string[];
}

/** Reads it from catalogs that every role may read. */
export async function readSession(client: Client): Promise<Session> {
  const { rows } = await client.query<FoundSession>(
    `SELECT current_user::text AS user, me.rolsuper AS superuser, pg_is_in_recovery() AS standby,
            current_setting('server_version_num')::int AS version,
            ARRAY(SELECT r.rolname::text FROM pg_roles r
                   WHERE pg_has_role(current_user, r.oid, 'USAGE')) AS roles,
            me.rolsuper OR me.rolreplication AS replicates,
            has_database_privilege(current_database(), 'CREATE') AS creates,
            (SELECT pg_get_userbyid(d.datdba)::text FROM pg_database d
              WHERE d.datname = current_database()) AS "databaseOwner",
            ARRAY(SELECT word FROM pg_get_keywords() WHERE catcode <> 'U') AS keywords
       FROM pg_roles me WHERE me.rolname = current_user`,
  );
  const [found] = rows;
  if (found === undefined) throw new Error('the current role is not in pg_roles');
  const { roles, keywords, ...session } = found;
  const plain = (name: string) => /^[a-z_][a-z0-9_]*$/.test(name) && !keywords.includes(name);
  return {
    ...session,
    roles: new Set(roles),
    quoted: (name) => (plain(name) ? name : escapeIdentifier(name)),
  };
}
