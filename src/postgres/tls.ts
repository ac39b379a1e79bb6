import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ConnectionOptions } from 'node:tls';
import { EXIT, OperatorError } from '../errors.js';
import { homeFolder } from '../os-account.js';
import type { ConnectionTarget } from './target.js';

/** How one attempt to connect is made: in plain text, or with these options of TLS. */
export type Transport = false | ConnectionOptions;

/**
 * The attempts that a target's `sslMode` stands for, in order. The meanings are libpq's: `prefer`
 * and `allow` try both ways, `require` verifies the authority when a root certificate is there, and
 * `verify-full` the host name too. A Unix socket is never encrypted. Throws an `OperatorError` when
 * a file is missing.
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
      return [rootFile(target) === null ? unverified(target) : verified(target)];
    case 'verify-ca':
      return [verified(target)];
    case 'verify-full':
      return [{ ...clientIdentity(target), ca: rootCertificate(target), rejectUnauthorized: true }];
  }
}

function unverified(target: ConnectionTarget): Transport {
  return { ...clientIdentity(target), rejectUnauthorized: false };
}

/** The authority is verified, the host name is not. */
function verified(target: ConnectionTarget): Transport {
  return {
    ...clientIdentity(target),
    ca: rootCertificate(target),
    rejectUnauthorized: true,
    checkServerIdentity: () => undefined,
  };
}

function clientIdentity({ sslCert, sslKey }: ConnectionTarget): ConnectionOptions {
  return {
    ...(sslCert === null ? {} : { cert: readOnce(sslCert) }),
    ...(sslKey === null ? {} : { key: readOnce(sslKey) }),
  };
}

function rootFile({ sslRootCert }: ConnectionTarget): string | null {
  if (sslRootCert !== null) return sslRootCert;
  const standard = standardRootFile();
  if (standard === null) return null;
  return files.has(standard) || existsSync(standard) ? standard : null;
}

function rootCertificate(target: ConnectionTarget): string {
  const file = rootFile(target);
  if (file !== null) return readOnce(file);
  throw new OperatorError(EXIT.usage, (m) =>
    m.db.tlsRootMissing({
      mode: target.sslMode,
      file: standardRootFile() ?? '~/.postgresql/root.crt',
    }),
  );
}

/** Null: the user has no home. */
function standardRootFile(): string | null {
  const home = homeFolder();
  return home === null ? null : join(home, '.postgresql', 'root.crt');
}

/** Read once: a connection that is found again does not depend on files that may have moved. */
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
