import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ConnectionOptions } from 'node:tls';
import { EXIT, OperatorError } from '../errors.js';
import { homeFolder } from '../lib/os-account.js';
import { type ConnectionTarget, originOf, SYSTEM_ROOTS } from './target.js';

/** The transport of one attempt to connect: plain text (false), or TLS with these options. */
export type Transport = false | ConnectionOptions;

/**
 * The transports to try for a target's `sslMode`, in order. The meanings are libpq's: `prefer` and `allow` try both,
 * `require` verifies the authority if there is a root certificate, `verify-full` also the host name. A Unix socket is
 * never encrypted. Throws an `OperatorError` if a file is missing.
 */
export function transportsOf(target: ConnectionTarget): Transport[] {
  if (target.host.startsWith('/')) return [false];
  switch (target.sslMode) {
    case 'disable':
      return [false];
    case 'allow':
      return [false, unverified(target)];
    case 'prefer':
      return [unverified(target), false];
    case 'require':
      return [hasRoots(target) ? verified(target) : unverified(target)];
    case 'verify-ca':
      return [verified(target)];
    case 'verify-full':
      return [{ ...common(target), ...authorities(target), rejectUnauthorized: true }];
  }
}

function unverified(target: ConnectionTarget): Transport {
  return { ...common(target), rejectUnauthorized: false };
}

/** Verifies the authority, but not the host name. */
function verified(target: ConnectionTarget): Transport {
  return {
    ...common(target),
    ...authorities(target),
    rejectUnauthorized: true,
    checkServerIdentity: () => undefined,
  };
}

/** Options of every TLS connection of a target: the client's certificate and the protocol versions. */
function common({ sslCert, sslKey, demands }: ConnectionTarget): ConnectionOptions {
  return {
    ...(sslCert === null ? {} : { cert: readOnce(sslCert) }),
    ...(sslKey === null ? {} : { key: readOnce(sslKey) }),
    ...(demands?.minTls == null ? {} : { minVersion: demands.minTls }),
    ...(demands?.maxTls == null ? {} : { maxVersion: demands.maxTls }),
  };
}

function hasRoots({ sslRootCert }: ConnectionTarget): boolean {
  const standard = standardRootFile();
  return (
    sslRootCert !== null || (standard !== null && (files.has(standard) || existsSync(standard)))
  );
}

/** The trusted authorities: those of the named file, of libpq's default file, or of the operating system. */
function authorities(target: ConnectionTarget): ConnectionOptions {
  const { sslRootCert, sslMode: mode } = target;
  if (sslRootCert === SYSTEM_ROOTS) {
    const bundle = systemBundle();
    // Without a file of the operating system, those of Node.js.
    return bundle === null ? {} : { ca: readOnce(bundle) };
  }
  const file = sslRootCert ?? standardRootFile();
  if (file !== null && (sslRootCert !== null || files.has(file) || existsSync(file))) {
    return { ca: readOnce(file) };
  }
  throw new OperatorError(EXIT.usage, (m) =>
    m.db.tlsRootMissing({
      mode,
      file: file ?? '~/.postgresql/root.crt',
      setting: originOf(target, 'sslRootCert'),
    }),
  );
}

function standardRootFile(): string | null {
  const home = homeFolder();
  return home === null ? null : join(home, '.postgresql', 'root.crt');
}

/** Files with the trusted authorities of Debian, Red Hat, SUSE, Alpine and macOS. */
const SYSTEM_BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

/** The file with the operating system's authorities. OpenSSL's own variable outranks it, as in libpq. */
export function systemBundle(): string | null {
  if (process.env.SSL_CERT_FILE) return process.env.SSL_CERT_FILE;
  return SYSTEM_BUNDLES.find((file) => files.has(file) || existsSync(file)) ?? null;
}

/** Contents of PEM files, read once: a reconnect must not depend on files that may have moved since. */
const files = new Map<string, string>();

function readOnce(file: string): string {
  let content = files.get(file);
  if (content === undefined) {
    try {
      content = readFileSync(file, 'utf8');
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? '';
      throw new OperatorError(EXIT.usage, (m) => m.db.tlsFileUnreadable({ file, code }));
    }
    files.set(file, content);
  }
  return content;
}
