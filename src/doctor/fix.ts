import type { Advice, CheckContext, Diagnosis, FindingState } from './finding.js';
import type { Session } from './session.js';

/** Who must run a statement that this session may not run. */
type Runner =
  | { readonly kind: 'primary' }
  | { readonly kind: 'superuser' }
  | { readonly kind: 'role'; readonly role: string };

export interface Fix {
  readonly statement: string;
  /** Null: this session may run it. */
  readonly by: Runner | null;
}

const SUPERUSER: Runner = { kind: 'superuser' };

/** A statement that needs the rights of all `owners`. */
export function forOwners(session: Session, owners: readonly string[], statement: string): Fix {
  if (session.standby) return { statement, by: { kind: 'primary' } };
  const lacking = owners.filter((owner) => !session.roles.has(owner));
  const [role] = lacking;
  if (role === undefined) return { statement, by: null };
  const one = owners.every((owner) => owner === role);
  return { statement, by: one ? { kind: 'role', role } : SUPERUSER };
}

/** A statement that needs a superuser. */
export function forSuperuser(session: Session, statement: string): Fix {
  if (session.standby) return { statement, by: { kind: 'primary' } };
  return { statement, by: session.superuser ? null : SUPERUSER };
}

/**
 * Makes a finding with fixes. If somebody else must run one of them, all become advice: the others alone would not
 * make the check pass.
 */
export function withFixes(
  state: FindingState,
  evidence: string,
  fixes: readonly Fix[],
  advice: readonly Advice[] = [],
): Diagnosis {
  if (fixes.every(({ by }) => by === null)) {
    const statements = fixes.map(({ statement }) => statement).join('\n');
    return { state, evidence, mend: statements === '' ? null : statements, advice };
  }
  const others = fixes.map(
    (fix): Advice =>
      (m) =>
        m.run(fix),
  );
  return { state, evidence, mend: null, advice: [...others, ...advice] };
}

interface Setting {
  readonly context: string;
  readonly source: string;
  readonly may_alter: boolean;
  readonly may_reload: boolean;
  readonly alterable: boolean;
}

/** Sources of a setting that outrank ALTER SYSTEM and that no statement can change. */
const OUT_OF_REACH = ['command line', 'environment variable', 'client', 'session', 'override'];

/**
 * The statements that change a setting, at its present source: server, database or role.
 *
 * @param value as SQL
 * @param known its source, where the session has a value of its own
 */
export async function settingFix(
  { client, session }: CheckContext,
  name: string,
  value: string,
  known: string | null = null,
): Promise<{ readonly fixes: readonly Fix[]; readonly advice: readonly Advice[] }> {
  const privilege =
    session.version >= PARAMETER_PRIVILEGES
      ? "has_parameter_privilege(name, 'ALTER SYSTEM')"
      : `${session.superuser}`;
  const { rows } = await client.query<Setting>(
    `SELECT context, source, ${privilege} AS may_alter,
            has_function_privilege('pg_reload_conf()', 'EXECUTE') AS may_reload,
            current_setting('allow_alter_system', true) IS DISTINCT FROM 'off' AS alterable
       FROM pg_settings WHERE name = $1`,
    [name],
  );
  const [setting] = rows;
  if (setting === undefined) throw new Error(`the server has no setting ${name}`);
  const { context, may_alter, may_reload, alterable } = setting;
  const source = known ?? setting.source;
  const assignment = `SET ${name} = ${value};`;
  const user = session.quoted(session.user);
  const database = session.quoted(client.database ?? '');
  if (source === 'database') {
    const statement = `ALTER DATABASE ${database} ${assignment}`;
    return { fixes: [forOwners(session, [session.databaseOwner], statement)], advice: [] };
  }
  if (source === 'user' || source === 'database user') {
    const where = source === 'user' ? '' : ` IN DATABASE ${database}`;
    const statement = `ALTER ROLE ${user}${where} ${assignment}`;
    return { fixes: [forOwners(session, [session.user], statement)], advice: [] };
  }
  if (OUT_OF_REACH.includes(source) || !alterable) {
    const place = alterable ? source : 'configuration file';
    return { fixes: [], advice: [(m) => m.setElsewhere({ name, value, place })] };
  }
  const fixes: Fix[] = [
    { statement: `ALTER SYSTEM ${assignment}`, by: may_alter ? null : SUPERUSER },
  ];
  if (context === 'postmaster') return { fixes, advice: [(m) => m.restart()] };
  fixes.push({ statement: 'SELECT pg_reload_conf();', by: may_reload ? null : SUPERUSER });
  return { fixes, advice: [] };
}

/** `server_version_num` since which ALTER SYSTEM can be granted for single settings. */
const PARAMETER_PRIVILEGES = 150_000;
