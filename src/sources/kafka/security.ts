import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { EXIT, OperatorError } from '../../errors.js';
import { SYSTEM_ROOTS } from '../../postgres/target.js';
import { systemBundle } from '../../postgres/tls.js';

/** Kafka's own names for TLS and SASL of a connection. */
export const SECURITY_PROTOCOLS = ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'] as const;
export type SecurityProtocol = (typeof SECURITY_PROTOCOLS)[number];

/** Kafka's own names of the mechanisms of a login. */
export const SASL_MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const;
export type SaslMechanism = (typeof SASL_MECHANISMS)[number];

/** The parts of the settings, for messages that name them. */
export type SecurityPart =
  | 'protocol'
  | 'mechanism'
  | 'username'
  | 'password'
  | 'ca'
  | 'certificate'
  | 'key';

/** Names of the settings, for values of unknown origin. */
export const SECURITY_SETTINGS: Readonly<Record<SecurityPart, string>> = {
  protocol: 'KAFKA_SECURITY_PROTOCOL',
  mechanism: 'KAFKA_SASL_MECHANISM',
  username: 'KAFKA_SASL_USERNAME',
  password: 'KAFKA_SASL_PASSWORD',
  ca: 'KAFKA_SSL_CA',
  certificate: 'KAFKA_SSL_CERT',
  key: 'KAFKA_SSL_KEY',
};

export interface SaslLogin {
  readonly mechanism: SaslMechanism;
  readonly username: string;
  readonly password: string;
}

/** Paths of PEM files, null where not given. */
export interface TlsFiles {
  /** `SYSTEM_ROOTS`: the machine's authorities; null: those of Node.js. */
  readonly ca: string | null;
  readonly certificate: string | null;
  readonly key: string | null;
}

/** The settings of TLS and SASL for connections to brokers. */
export interface KafkaSecurity {
  readonly protocol: SecurityProtocol;
  /** null: plaintext. */
  readonly tls: TlsFiles | null;
  /** null: no login. */
  readonly sasl: SaslLogin | null;
  /** The origin of each value, for messages: `KAFKA_SSL_CA (config/.env:3)`. */
  readonly origins: Readonly<Record<SecurityPart, string>>;
}

export const PLAINTEXT: KafkaSecurity = {
  protocol: 'PLAINTEXT',
  tls: null,
  sasl: null,
  origins: SECURITY_SETTINGS,
};

export function usesTls(protocol: SecurityProtocol): boolean {
  return protocol === 'SSL' || protocol === 'SASL_SSL';
}

export function usesSasl(protocol: SecurityProtocol): boolean {
  return protocol === 'SASL_PLAINTEXT' || protocol === 'SASL_SSL';
}

/** The protocol's name for TLS and SASL, on or off. */
export function protocolWith(tls: boolean, sasl: boolean): SecurityProtocol {
  if (sasl) return tls ? 'SASL_SSL' : 'SASL_PLAINTEXT';
  return tls ? 'SSL' : 'PLAINTEXT';
}

/** Options of TLS, the same for every broker. Throws an OperatorError where a file cannot be read. */
export function tlsOptions({ ca, certificate, key }: TlsFiles): ConnectionOptions {
  // Without such a file of the machine, those of Node.js.
  const roots = ca === SYSTEM_ROOTS ? systemBundle() : ca;
  return {
    // Explicit, since NODE_TLS_REJECT_UNAUTHORIZED could turn it off.
    rejectUnauthorized: true,
    ...(roots === null ? {} : { ca: read(roots) }),
    ...(certificate === null ? {} : { cert: read(certificate) }),
    ...(key === null ? {} : { key: read(key) }),
  };
}

/** The server name for SNI; none for an IP address, which RFC 6066 forbids. */
export function serverNameOf(host: string): { servername?: string } {
  return isIP(host) === 0 ? { servername: host } : {};
}

function read(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    throw new OperatorError(EXIT.usage, (m) => m.db.tlsFileUnreadable({ file, code }));
  }
}
