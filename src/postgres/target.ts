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
  /** Paths of PEM files; null where not given. */
  readonly sslRootCert: string | null;
  readonly sslCert: string | null;
  readonly sslKey: string | null;
  readonly searchPath: string;
  readonly connectTimeoutSeconds: number;
  readonly applicationName: string;
}
