import { accessSync, constants } from 'node:fs';
import { resolve as resolvePath } from 'node:path';
import { loginName } from '../lib/os-account.js';
import {
  type ConnectionTarget,
  SETTING_NAMES,
  SYSTEM_ROOTS,
  type TargetPart,
} from '../postgres/target.js';
import { demandsOf, type LibpqParameter, settingInOptions } from './libpq.js';
import { type OptionKey, optionOf } from './options.js';
import type { Resolved, Sources } from './resolve.js';
import type { Given, Problem } from './source.js';
import { isGiven } from './variables.js';

/**
 * Variables that name a server, as `PG_HOST` and `db.host` do. A password alone names none.
 */
const SERVER_VARIABLES = [
  'DATABASE_URL',
  'PGHOST',
  'PGHOSTADDR',
  'PGPORT',
  'PGUSER',
  'PGDATABASE',
  'PGSERVICE',
];

const LIBPQ_HOSTS = ['DATABASE_URL', 'PGHOST', 'PGHOSTADDR'];
const CERTIFICATES = ['db.sslrootcert', 'db.sslcert', 'db.sslkey'] as const;

/** Modes that direct TLS allows, by libpq's rule: it cannot fall back to plain text. */
const STRICT_MODES: readonly string[] = ['require', 'verify-ca', 'verify-full'];

/** The option of each part of a target. */
const OPTIONS_OF: Readonly<Record<TargetPart, OptionKey>> = {
  host: 'db.host',
  port: 'db.port',
  user: 'db.user',
  password: 'db.password',
  database: 'db.database',
  sslMode: 'db.sslmode',
  sslRootCert: 'db.sslrootcert',
  searchPath: 'db.search_path',
  connectTimeout: 'db.connect_timeout',
};

export interface Server {
  /** null: no server is named, so the embedded one is used. */
  readonly target: ConnectionTarget | null;
  readonly problems: readonly Problem[];
}

/** The server that the settings name. Paths of certificates are made absolute, and must be readable. */
export function chooseServer(resolved: Resolved, { variables, cwd }: Sources): Server {
  const { values, given } = resolved;
  const has = (name: string) => variables.some((source) => isGiven(source, name));
  if (!given.has('db.host') && !SERVER_VARIABLES.some(has)) return { target: null, problems: [] };

  const parameters = parametersOf(resolved, has);
  const { demands, problems: refused } = demandsOf(parameters);
  const problems: Problem[] = [...refused];
  const withoutCertificate = parameters.get('sslcertmode')?.text.toLowerCase() === 'disable';
  const certificate = (key: (typeof CERTIFICATES)[number]): string | null => {
    if (values[key] === '' || (key !== 'db.sslrootcert' && withoutCertificate)) return null;
    if (key === 'db.sslrootcert' && values[key] === SYSTEM_ROOTS) return SYSTEM_ROOTS;
    const path = resolvePath(cwd, values[key]);
    const reason = whyUnreadable(path);
    if (reason !== undefined) {
      const where = given.get(key)!.where;
      problems.push((messages) => messages.settings.unreadable(where(messages), path, reason));
    }
    return path;
  };
  const sslRootCert = certificate('db.sslrootcert');
  // libpq's rule: a public authority certifies anybody, so the host's name must be verified.
  const sslMode =
    sslRootCert === SYSTEM_ROOTS && !given.has('db.sslmode') ? 'verify-full' : values['db.sslmode'];
  const searchPath = given.has('db.search_path')
    ? null
    : settingInOptions(demands.options, 'search_path');
  const target: ConnectionTarget = {
    host: values['db.host'] || 'localhost',
    port: values['db.port'],
    user: userOf(resolved, has, problems),
    password: values['db.password'] || null,
    database: values['db.database'],
    sslMode,
    sslRootCert,
    sslCert: certificate('db.sslcert'),
    sslKey: certificate('db.sslkey'),
    searchPath: searchPath ?? values['db.search_path'],
    connectTimeoutSeconds: values['db.connect_timeout'],
    applicationName: values['db.application_name'],
    demands:
      demands.passFile === null
        ? demands
        : { ...demands, passFile: resolvePath(cwd, demands.passFile) },
    origins: originsOf(given),
  };
  if ((target.sslCert === null) !== (target.sslKey === null)) {
    const { where } = given.get(target.sslKey === null ? 'db.sslcert' : 'db.sslkey')!;
    problems.push((messages) =>
      messages.settings.certificateWithoutKey(where(messages), 'PG_SSLCERT', 'PG_SSLKEY'),
    );
  }
  const weak = (name: string, value: string, modes: readonly string[]): Problem => {
    const place = given.get('db.sslmode')?.where ?? (() => 'PG_SSLMODE');
    return (messages) =>
      messages.settings.weakSslMode(place(messages), sslMode, name, value, modes);
  };
  if (sslRootCert === SYSTEM_ROOTS && sslMode !== 'verify-full') {
    problems.push(weak('sslrootcert', SYSTEM_ROOTS, ['verify-full']));
  }
  if (demands.directTls && !STRICT_MODES.includes(sslMode)) {
    problems.push(weak('sslnegotiation', 'direct', STRICT_MODES));
  }
  return { target, problems };
}

/** A service file is ignored if its variable stands beside another one that names the host. */
function parametersOf(
  { libpq, given }: Resolved,
  has: (name: string) => boolean,
): ReadonlyMap<LibpqParameter, Given> {
  const inVariable = libpq.get('service')?.name.startsWith('PGSERVICE') === true;
  if (!inVariable || (!given.has('db.host') && !has('DATABASE_URL'))) return libpq;
  return new Map([...libpq].filter(([name]) => name !== 'service'));
}

/**
 * The place of each part of a target, for messages on what to correct. A part that was not given has the place where it
 * could be: in the URL if the host is in one, in libpq's variable if the host is in one of these.
 */
function originsOf(given: Resolved['given']): NonNullable<ConnectionTarget['origins']> {
  const host = given.get('db.host')?.name ?? '';
  const usual = (part: TargetPart): string => {
    if (host.startsWith('DATABASE_URL')) return host;
    const [libpq] = optionOf(OPTIONS_OF[part]).libpq ?? [];
    if (host.startsWith('PGHOST') && libpq !== undefined) return libpq;
    return SETTING_NAMES[part];
  };
  const parts = Object.keys(OPTIONS_OF) as TargetPart[];
  return Object.fromEntries(
    parts.map((part) => [part, given.get(OPTIONS_OF[part])?.name ?? usual(part)]),
  );
}

/**
 * The user to log in as: `postgres` if this program's own settings name the server; the operating system's user, by
 * libpq's rule, if libpq's variables or a URL do. Adds a problem if that user has no name.
 */
function userOf(
  { values, given }: Resolved,
  has: (name: string) => boolean,
  problems: Problem[],
): string {
  const named = has('PG_HOST') || (given.has('db.host') && !LIBPQ_HOSTS.some(has));
  if (given.has('db.user') || named) return values['db.user'];
  const name = loginName();
  if (name === null) problems.push((messages) => messages.settings.noAccount());
  return name ?? values['db.user'];
}

/** The error code of a file that cannot be read; undefined: it can be. */
function whyUnreadable(path: string): string | undefined {
  try {
    accessSync(path, constants.R_OK);
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}
