import * as v from 'valibot';
import type { Messages } from '../messages/index.js';
import type { Demands } from '../postgres/target.js';
import type { Given, Problem } from './source.js';
import { integer, nonEmptyText, oneOf, parsed, text, type Validator } from './validators.js';

/** The reason why a value cannot be honoured, as a clause of a sentence. */
type Reason = (reasons: Messages['settings']['cannot']) => string;

/** A connection parameter of libpq that is no option of this program. */
interface Parameter {
  /** The environment variable of the same meaning. */
  readonly env?: string;
  readonly validator: Validator<unknown>;
  /** Returns the reason why a value cannot be honoured; undefined: it can be, or demands nothing. */
  readonly refuse?: (value: string) => Reason | undefined;
  /** The value must never be shown. */
  readonly secret?: true;
}

const AUTH_METHODS = ['password', 'md5', 'gss', 'sspi', 'scram-sha-256', 'oauth', 'none'] as const;
const TLS_VERSIONS = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const;
const MAX_INTEGER = 2 ** 31 - 1;

const number = integer(-MAX_INTEGER, MAX_INTEGER);
const bit = oneOf(['0', '1']);
const only =
  (refused: readonly string[], reason: Reason) =>
  (value: string): Reason | undefined =>
    refused.includes(value.trim().toLowerCase()) ? reason : undefined;
const always =
  (reason: Reason) =>
  (value: string): Reason | undefined =>
    value === '' ? undefined : reason;

/** libpq's require_auth: `a,b`, or `!a,!b` for all others. */
const authMethods: Validator<readonly string[]> = {
  schema: parsed((given) => {
    const words = given.split(',').map((word) => word.trim().toLowerCase());
    const names = words.map((word) => word.replace(/^!/, ''));
    const known = names.every((name) => AUTH_METHODS.some((method) => method === name));
    const negated = words.filter((word) => word.startsWith('!')).length;
    if (!known || (negated > 0 && negated < words.length)) return undefined;
    return negated === 0 ? names : AUTH_METHODS.filter((method) => !names.includes(method));
  }),
  allowed: (messages) => messages.settings.allowed.listOf(AUTH_METHODS),
};

/**
 * libpq's parameters besides the options, by keyword. One without `refuse` is honoured (see
 * `demandsOf`) or has no effect on this program.
 */
const PARAMETERS = {
  channel_binding: { env: 'PGCHANNELBINDING', validator: oneOf(['disable', 'prefer', 'require']) },
  require_auth: { env: 'PGREQUIREAUTH', validator: authMethods },
  options: { env: 'PGOPTIONS', validator: text },
  passfile: { env: 'PGPASSFILE', validator: text },
  target_session_attrs: {
    env: 'PGTARGETSESSIONATTRS',
    validator: oneOf(['any', 'read-write', 'read-only', 'primary', 'standby', 'prefer-standby']),
    refuse: only(['read-only', 'standby'], (cannot) => cannot.standby()),
  },
  sslnegotiation: { env: 'PGSSLNEGOTIATION', validator: oneOf(['postgres', 'direct']) },
  ssl_min_protocol_version: { env: 'PGSSLMINPROTOCOLVERSION', validator: oneOf(TLS_VERSIONS) },
  ssl_max_protocol_version: { env: 'PGSSLMAXPROTOCOLVERSION', validator: oneOf(TLS_VERSIONS) },

  service: { env: 'PGSERVICE', validator: text, refuse: always((cannot) => cannot.service()) },
  gssencmode: {
    env: 'PGGSSENCMODE',
    validator: oneOf(['disable', 'prefer', 'require']),
    refuse: only(['require'], (cannot) => cannot.gss()),
  },
  sslcertmode: {
    env: 'PGSSLCERTMODE',
    validator: oneOf(['disable', 'allow', 'require']),
    refuse: only(['require'], (cannot) => cannot.certificateMode()),
  },
  sslcrl: { env: 'PGSSLCRL', validator: text, refuse: always((cannot) => cannot.revocation()) },
  sslcrldir: {
    env: 'PGSSLCRLDIR',
    validator: text,
    refuse: always((cannot) => cannot.revocation()),
  },
  requirepeer: { env: 'PGREQUIREPEER', validator: text, refuse: always((cannot) => cannot.peer()) },
  sslpassword: { validator: text, refuse: always((cannot) => cannot.keyPassword()), secret: true },
  replication: {
    validator: text,
    refuse: (value: string) =>
      ['', '0', 'false', 'off', 'no'].includes(value.toLowerCase())
        ? undefined
        : (cannot) => cannot.replication(),
  },
  min_protocol_version: {
    env: 'PGMINPROTOCOLVERSION',
    validator: oneOf(['3.0', '3.2', 'latest']),
    refuse: only(['3.2', 'latest'], (cannot) => cannot.protocol()),
  },
  scram_client_key: { validator: text, refuse: always((cannot) => cannot.login()), secret: true },
  scram_server_key: { validator: text, refuse: always((cannot) => cannot.login()), secret: true },
  oauth_issuer: { validator: text, refuse: always((cannot) => cannot.login()) },
  oauth_client_id: { validator: text, refuse: always((cannot) => cannot.login()) },
  oauth_client_secret: {
    validator: text,
    refuse: always((cannot) => cannot.login()),
    secret: true,
  },
  oauth_scope: { validator: text, refuse: always((cannot) => cannot.login()) },

  // Accepted, without effect: the program has one host, a keep-alive of its own, always UTF-8, and no GSSAPI.
  keepalives: { validator: bit },
  keepalives_idle: { validator: number },
  keepalives_interval: { validator: number },
  keepalives_count: { validator: number },
  tcp_user_timeout: { validator: number },
  client_encoding: { env: 'PGCLIENTENCODING', validator: text },
  fallback_application_name: { validator: text },
  krbsrvname: { env: 'PGKRBSRVNAME', validator: text },
  gsslib: { env: 'PGGSSLIB', validator: text },
  gssdelegation: { env: 'PGGSSDELEGATION', validator: bit },
  sslcompression: { env: 'PGSSLCOMPRESSION', validator: bit },
  sslsni: { env: 'PGSSLSNI', validator: bit },
  sslkeylogfile: { validator: text },
  servicefile: { env: 'PGSERVICEFILE', validator: text },
  load_balance_hosts: { env: 'PGLOADBALANCEHOSTS', validator: oneOf(['disable', 'random']) },
  max_protocol_version: {
    env: 'PGMAXPROTOCOLVERSION',
    validator: oneOf(['3.0', '3.2', 'latest']),
  },
} as const satisfies Record<string, Parameter>;

export type LibpqParameter = keyof typeof PARAMETERS;

export const LIBPQ_PARAMETERS = Object.keys(PARAMETERS) as LibpqParameter[];

/** Variables of libpq that are no connection parameters, without effect here. */
export const OTHER_LIBPQ_VARIABLES = [
  'PGSYSCONFDIR',
  'PGLOCALEDIR',
  'PGDATESTYLE',
  'PGTZ',
  'PGGEQO',
] as const;

/** The environment variable of a parameter; undefined: it has none. */
export function variableOf(parameter: LibpqParameter): string | undefined {
  const { env }: Parameter = PARAMETERS[parameter];
  return env;
}

/** Must a parameter's value never be shown? */
export function isSecretParameter(parameter: LibpqParameter): boolean {
  const { secret }: Parameter = PARAMETERS[parameter];
  return secret === true;
}

export function isLibpqParameter(name: string): name is LibpqParameter {
  return Object.hasOwn(PARAMETERS, name);
}

/** The demands of the parameters on a connection, and the problems with them. */
export function demandsOf(given: ReadonlyMap<LibpqParameter, Given>): {
  readonly demands: Demands;
  readonly problems: readonly Problem[];
} {
  const problems: Problem[] = [];
  for (const [name, { text: value, where }] of given) {
    const { validator, refuse, secret }: Parameter = PARAMETERS[name];
    const shown = secret ? '***' : value;
    if (!v.is(validator.schema, value)) {
      problems.push((m) => m.settings.invalid(where(m), shown, validator.allowed(m)));
    } else {
      const reason = refuse?.(value);
      if (reason === undefined) continue;
      problems.push((m) =>
        m.settings.cannotDemand(where(m), name, shown, reason(m.settings.cannot)),
      );
    }
  }
  const read = <T>(name: LibpqParameter, validator: Validator<T>): T | null => {
    const found = given.get(name);
    const result = found === undefined ? null : v.safeParse(validator.schema, found.text);
    return result?.success ? result.output : null;
  };
  const session = read('target_session_attrs', oneOf(['read-write', 'primary']));
  const demands: Demands = {
    options: read('options', nonEmptyText),
    passFile: read('passfile', nonEmptyText),
    channelBinding: read('channel_binding', text)?.toLowerCase() === 'require',
    authMethods: read('require_auth', authMethods),
    directTls: read('sslnegotiation', text)?.toLowerCase() === 'direct',
    minTls: read('ssl_min_protocol_version', oneOf(TLS_VERSIONS)),
    maxTls: read('ssl_max_protocol_version', oneOf(TLS_VERSIONS)),
    session,
  };
  return { demands, problems };
}

/** `-c name=value`, `-cname=value` or `--name=value`. */
const ASSIGNMENT = /^(?:-c|--)([\w.-]+)=(.*)$/s;

/** The value that the server's command-line options give to `name`, the last one; null: they give none. */
export function settingInOptions(options: string | null, name: string): string | null {
  // A backslash keeps a blank inside its word.
  const words = (options ?? '').match(/(?:\\.|[^\\\s])+/gs) ?? [];
  const plain = words.map((word) => word.replace(/\\(.)/gs, '$1'));
  let found: string | null = null;
  for (const [i, word] of plain.entries()) {
    const [, key = '', value = ''] =
      ASSIGNMENT.exec(plain[i - 1] === '-c' ? `-c${word}` : word) ?? [];
    if (key.replaceAll('-', '_').toLowerCase() === name) found = value;
  }
  return found;
}
