import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { homeFolder } from '../lib/os-account.js';
import type { ConnectionTarget } from './target.js';

/** Permissions of group and others: libpq ignores a password file that has any of them. */
const GROUP_AND_OTHERS = 0o077;

/** The result of a look-up in the password file. */
export interface PasswordFile {
  /** Null: no line matches, or the file is ignored. */
  readonly password: string | null;
  /** The path of a file that is ignored because others may read it; else null. */
  readonly exposed: string | null;
}

/**
 * Looks up a target's password in libpq's password file (`passfile`, `PGPASSFILE`, else `~/.pgpass`). As in libpq, a
 * file that others may read is ignored.
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
    if (process.platform !== 'win32' && (mode & GROUP_AND_OTHERS) !== 0) {
      return { ...none, exposed: file };
    }
    return { ...none, password: findPassword(readFileSync(file, 'utf8'), target) };
  } catch {
    return none;
  }
}

/** Four fields, each ended by a colon, in which a backslash escapes; then the rest of the line. */
const LINE = /^((?:\\.|[^:\\])*):((?:\\.|[^:\\])*):((?:\\.|[^:\\])*):((?:\\.|[^:\\])*):(.*)$/;

/** The password of the first matching line `host:port:database:user:password`; `*` matches all. */
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
    const matches = wanted.every(
      (value, i) => fields[i] === '*' || unescapeField(fields[i]) === value,
    );
    if (matches) return unescapeField(password);
  }
  return null;
}

function unescapeField(field = ''): string {
  return field.replace(/\\(.)/g, '$1');
}
