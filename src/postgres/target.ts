import type { SecureVersion } from 'node:tls';

/** Instead of a path of root certificates: those of the operating system. */
export const SYSTEM_ROOTS = 'system';

/** libpq's values of `sslmode`, with its meanings. */
export const SSL_MODES = [
  'disable',
  'allow',
  'prefer',
  'require',
  'verify-ca',
  'verify-full',
] as const;
export type SslMode = (typeof SSL_MODES)[number];

/** Further demands on a connection, from libpq's parameters. */
export interface Demands {
  /** `options`: command-line options for the server process (`-c statement_timeout=5s`); null for none. */
  readonly options: string | null;
  /** `passfile`; null for the usual one. */
  readonly passFile: string | null;
  /** `channel_binding=require`: authentication must be bound to its TLS connection. */
  readonly channelBinding: boolean;
  /** `require_auth`: the allowed methods, by libpq's names; null for any. */
  readonly authMethods: readonly string[] | null;
  /** `sslnegotiation=direct`: TLS begins without a request (PostgreSQL 17 and newer). */
  readonly directTls: boolean;
  /** `TLSv1.2`; null for the default of Node.js. */
  readonly minTls: SecureVersion | null;
  readonly maxTls: SecureVersion | null;
  /** `target_session_attrs`: the kind of server; null for any. */
  readonly session: 'read-write' | 'primary' | null;
}

/** The settings by which an operator names a server. */
export type TargetPart =
  | 'host'
  | 'port'
  | 'user'
  | 'password'
  | 'database'
  | 'sslMode'
  | 'sslRootCert'
  | 'searchPath'
  | 'connectTimeout';

/** Names of the settings, for values without a known origin. */
export const SETTING_NAMES: Readonly<Record<TargetPart, string>> = {
  host: 'PG_HOST',
  port: 'PG_PORT',
  user: 'PG_USER',
  password: 'PG_PASSWORD',
  database: 'PG_DATABASE',
  sslMode: 'PG_SSLMODE',
  sslRootCert: 'PG_SSLROOTCERT',
  searchPath: 'PG_SEARCH_PATH',
  connectTimeout: 'PG_CONNECT_TIMEOUT',
};

/** A server to connect to, as plain data: it crosses threads. */
export interface ConnectionTarget {
  /** Host name or address, or the folder of a Unix socket (begins with `/`). */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Null: none was given; the password file may have one. */
  readonly password: string | null;
  readonly database: string;
  readonly sslMode: SslMode;
  /** Paths of PEM files, null if not given; `SYSTEM_ROOTS`: the authorities of the operating system. */
  readonly sslRootCert: string | null;
  readonly sslCert: string | null;
  readonly sslKey: string | null;
  readonly searchPath: string;
  readonly connectTimeoutSeconds: number;
  readonly applicationName: string;
  /** Absent: no further demands. */
  readonly demands?: Demands;
  /**
   * Where the values come from, for messages that say what to correct: `DATABASE_URL`, `PGHOST`,
   * `PG_HOST (config/.env:3)`. Absent: the settings' own names.
   */
  readonly origins?: Readonly<Partial<Record<TargetPart, string>>>;
}

/** `host:port`; an IPv6 address in brackets. */
export function addressOf({ host, port }: Pick<ConnectionTarget, 'host' | 'port'>): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Where a target's value comes from. */
export function originOf({ origins }: ConnectionTarget, part: TargetPart): string {
  return origins?.[part] ?? SETTING_NAMES[part];
}

/** Where several values come from, without repetition: a URL may hold all of them. */
export function originsOf(target: ConnectionTarget, ...parts: TargetPart[]): string[] {
  return [...new Set(parts.map((part) => originOf(target, part)))];
}
