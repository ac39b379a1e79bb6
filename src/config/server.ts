import { accessSync, constants } from 'node:fs';
import { resolve as resolvePath } from 'node:path';
import { loginName } from '../os-account.js';
import type { ConnectionTarget } from '../postgres/target.js';
import type { Problem } from './problems.js';
import type { Resolved } from './resolve.js';
import { isGiven, type Variables } from './variables.js';

/** Any of these says that the operator has a server; so does `PG_HOST` or `db.host`. */
const SERVER_VARIABLES = [
  'DATABASE_URL',
  'PGHOST',
  'PGHOSTADDR',
  'PGPORT',
  'PGUSER',
  'PGPASSWORD',
  'PGDATABASE',
  'PGSERVICE',
];

const LIBPQ_HOSTS = ['DATABASE_URL', 'PGHOST', 'PGHOSTADDR'];
const CERTIFICATES = ['db.sslrootcert', 'db.sslcert', 'db.sslkey'] as const;

export interface Server {
  /** null: nobody named a server, so the embedded one it is. */
  readonly target: ConnectionTarget | null;
  readonly problems: readonly Problem[];
}

/**
 * The server that the settings name. `variables`: the process environment and the `.env` file.
 * Paths of certificates are made absolute, from `cwd`, and must be readable.
 */
export function chooseServer(
  resolved: Resolved,
  variables: readonly Variables[],
  cwd: string,
): Server {
  const { values, given } = resolved;
  const has = (name: string) => variables.some((source) => isGiven(source, name));
  if (!given.has('db.host') && !SERVER_VARIABLES.some(has)) return { target: null, problems: [] };

  const problems: Problem[] = [];
  if (has('PGSERVICE') && !given.has('db.host') && !has('DATABASE_URL')) {
    problems.push((messages) => messages.config.noServiceFiles());
  }
  const certificate = (key: (typeof CERTIFICATES)[number]): string | null => {
    if (values[key] === '') return null;
    const path = resolvePath(cwd, values[key]);
    const reason = whyUnreadable(path);
    if (reason !== undefined) {
      const where = given.get(key)!.where;
      problems.push((messages) => messages.config.unreadable(where(messages), path, reason));
    }
    return path;
  };
  const user = userOf(resolved, has);
  if (user === null) problems.push((messages) => messages.config.noLoginName());
  const target: ConnectionTarget = {
    host: values['db.host'] || 'localhost',
    port: values['db.port'],
    user: user ?? '',
    password: values['db.password'] || null,
    database: values['db.database'],
    sslMode: values['db.sslmode'],
    sslRootCert: certificate('db.sslrootcert'),
    sslCert: certificate('db.sslcert'),
    sslKey: certificate('db.sslkey'),
    searchPath: values['db.search_path'],
    connectTimeoutSeconds: values['db.connect_timeout'],
    applicationName: values['db.application_name'],
  };
  if ((target.sslCert === null) !== (target.sslKey === null)) {
    problems.push((messages) => messages.config.certificateWithoutKey());
  }
  return { target, problems };
}

/**
 * Who to log in as. A server named by this program's own settings stands for `postgres`; where
 * libpq's variables or a URL name it, libpq's rule holds: the operating system's user. Null: that has no name.
 */
function userOf({ values, given }: Resolved, has: (name: string) => boolean): string | null {
  const named = has('PG_HOST') || (given.has('db.host') && !LIBPQ_HOSTS.some(has));
  return given.has('db.user') || named ? values['db.user'] : loginName();
}

/** The system's code for why a file cannot be read, or undefined when it can. */
export function whyUnreadable(path: string): string | undefined {
  try {
    accessSync(path, constants.R_OK);
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}
