import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { homeFolder } from '../lib/os-account.js';
import type { ConnectionTarget } from './target.js';

/** Permissions of the group and of others, which libpq does not put up with on a password file. */
const OTHERS_MAY = 0o077;

/** The password file's answer. */
export interface PasswordFile {
  /** Null: none that fits, or it is ignored. */
  readonly password: string | null;
  /** The file, when it is there and ignored because others may read it. */
  readonly exposed: string | null;
}

/**
 * The password that libpq's password file (`passfile`, `PGPASSFILE`, else `~/.pgpass`) holds for a target. As
 * in libpq, a file that others could read is left aside.
 */
export function lookUpPassword(target: ConnectionTarget): PasswordFile {
  const home = homeFolder();
  const file =
    target.demands?.passFile ??
    (process.env.PGPASSFILE || (home === null ? null : join(home, '.pgpass')));
  const none: PasswordFile = { password: null, exposed: null };
  if (file === null) return none;
  try {
    const { mode } = statSync(file);
    if (process.platform !== 'win32' && (mode & OTHERS_MAY) !== 0) {
      return { ...none, exposed: file };
    }
    return { ...none, password: findPassword(readFileSync(file, 'utf8'), target) };
  } catch {
    return none;
  }
}

/** Four fields that end with a colon, in which a backslash escapes, and the rest of the line. */
const LINE = /^((?:\\.|[^:\\])*):((?:\\.|[^:\\])*):((?:\\.|[^:\\])*):((?:\\.|[^:\\])*):(.*)$/;

/** The password of the first line `host:port:database:user:password` that fits; `*` fits all. */
export function findPassword(
  content: string,
  { host, port, database, user }: Pick<ConnectionTarget, 'host' | 'port' | 'database' | 'user'>,
): string | null {
  // libpq looks a Unix socket up by the name `localhost`.
  const wanted = [host.startsWith('/') ? 'localhost' : host, String(port), database, user];
  for (const line of content.split(/\r?\n/)) {
    if (line.startsWith('#')) continue;
    const [, ...fields] = LINE.exec(line) ?? [];
    const password = fields.pop();
    if (password === undefined || password === '') continue;
    const fits = wanted.every(
      (value, i) => fields[i] === '*' || unescapeField(fields[i]) === value,
    );
    if (fits) return unescapeField(password);
  }
  return null;
}

function unescapeField(field = ''): string {
  return field.replace(/\\(.)/g, '$1');
}
