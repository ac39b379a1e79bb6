import type { SecureVersion } from 'node:tls';

/** In the place of a root certificate's path: whom the machine trusts. */
export const SYSTEM_ROOTS = 'system';

/** How TLS is asked for; the words and meanings are libpq's. */
export const SSL_MODES = [
  'disable',
  'allow',
  'prefer',
  'require',
  'verify-ca',
  'verify-full',
] as const;
export type SslMode = (typeof SSL_MODES)[number];

/** Demands of libpq's further parameters on a connection. */
export interface Demands {
  /** Command-line options for the server process (`-c statement_timeout=5s`); null: none. */
  readonly options: string | null;
  /** The password file; null: the usual one. */
  readonly passFile: string | null;
  /** The login must be bound to its TLS connection. */
  readonly channelBinding: boolean;
  /** The ways of login that are allowed, by libpq's names; null: any. */
  readonly authMethods: readonly string[] | null;
  /** TLS begins without asking the server first (PostgreSQL 17 and newer). */
  readonly directTls: boolean;
  /** `TLSv1.2`; null: Node's own. */
  readonly minTls: SecureVersion | null;
  readonly maxTls: SecureVersion | null;
  /** The role that the server must have; null: any. */
  readonly session: 'read-write' | 'primary' | null;
}

/** The ways for an operator to name a server. */
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

/** The names of the settings where nothing is known of where a value came from. */
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
  /** null: none was given; a `.pgpass` file may still hold one. */
  readonly password: string | null;
  readonly database: string;
  readonly sslMode: SslMode;
  /** Paths of PEM files, null where not given; `SYSTEM_ROOTS`: the machine's own authorities. */
  readonly sslRootCert: string | null;
  readonly sslCert: string | null;
  readonly sslKey: string | null;
  readonly searchPath: string;
  readonly connectTimeoutSeconds: number;
  readonly applicationName: string;
  /** Left out: nothing further is asked for. */
  readonly demands?: Demands;
  /**
   * The places of the values, for the sentence on what to correct: `DATABASE_URL`, `PGHOST`,
   * `PG_HOST (config/.env:3)`. Left out: the settings' own names.
   */
  readonly origins?: Readonly<Partial<Record<TargetPart, string>>>;
}
