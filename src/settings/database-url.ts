import type { Sentence } from '../errors.js';
import { findNearest } from '../lib/nearest.js';
import { isLibpqParameter, LIBPQ_PARAMETERS, type LibpqParameter } from './libpq.js';
import type { OptionKey } from './options.js';
import type { Given, Problem, Source } from './source.js';

/** scheme://user:password@host:port/database?parameters, every part after the scheme is optional. */
const URL_PARTS =
  /^postgres(?:ql)?:\/\/(?:([^:@/?#]*)(?::([^@/?#]*))?@)?([^@/?#]*)(?:\/([^@/?#]*))?(?:\?([^#]*))?$/i;
const HOST_PARTS = /^(\[[^\]]*\]|[^:[\]]*)(?::(\d*))?$/;

/** Parameters of libpq that are options of this program. */
const PARAMETERS: Readonly<Record<string, OptionKey>> = {
  host: 'db.host',
  hostaddr: 'db.host',
  port: 'db.port',
  user: 'db.user',
  password: 'db.password',
  dbname: 'db.database',
  sslmode: 'db.sslmode',
  sslrootcert: 'db.sslrootcert',
  sslcert: 'db.sslcert',
  sslkey: 'db.sslkey',
  application_name: 'db.application_name',
  connect_timeout: 'db.connect_timeout',
};

/** The sslmode that JDBC's `ssl=true` and libpq's older `requiressl=1` stand for. */
const TLS_DEMANDED = 'require';

/** Parameters of other clients, without effect here; the URLs of managed services contain them. */
const FOREIGN_PARAMETERS: readonly string[] = ['pgbouncer', 'uselibpqcompat'];

/**
 * The settings in a connection URL, as libpq reads it: percent-encoding, `[::1]`, a socket folder
 * as `?host=/path`. `urlName`: the variable that holds the URL, `DATABASE_URL`. No problem repeats the URL, because it
 * may hold a password.
 */
export function readDatabaseUrl(url: string, where: Sentence, urlName: string): Source {
  const parts = URL_PARTS.exec(url.trim());
  if (parts === null) return refuse((messages) => messages.settings.badUrl(where(messages)));
  const [, user, password, address = '', database, query = ''] = parts;
  if (address.includes(',')) {
    return refuse((messages) => messages.settings.multiHostUrl(where(messages)));
  }
  const [, hostName, port] = HOST_PARTS.exec(address) ?? [];
  if (hostName === undefined)
    return refuse((messages) => messages.settings.badUrl(where(messages)));

  const given = new Map<OptionKey, Given>();
  const libpq = new Map<LibpqParameter, Given>();
  const problems: Problem[] = [];
  const read = (name: string, encoded: string | undefined): Given | undefined => {
    if (encoded === undefined || encoded === '') return undefined;
    const text = decode(encoded);
    if (text !== undefined) {
      const place: Sentence = (messages) => messages.settings.urlPart(where(messages), name);
      return { text, where: place, name: urlName };
    }
    problems.push((messages) => messages.settings.badUrlPart(where(messages), name));
    return undefined;
  };
  const take = (key: OptionKey, name: string, encoded: string | undefined) => {
    const found = read(name, encoded);
    if (found !== undefined) given.set(key, found);
  };
  take('db.user', 'user', user);
  take('db.password', 'password', password);
  take('db.host', 'host', hostName.replace(/^\[|\]$/g, ''));
  take('db.port', 'port', port);
  take('db.database', 'dbname', database);
  for (const pair of query.split('&').filter((part) => part !== '')) {
    const [name = '', value = ''] = splitOnce(pair);
    const key = Object.hasOwn(PARAMETERS, name) ? PARAMETERS[name] : undefined;
    if (key !== undefined) take(key, name, value);
    else if (isLibpqParameter(name)) {
      const found = read(name, value);
      if (found !== undefined) libpq.set(name, found);
    } else if ((name === 'ssl' && value === 'true') || (name === 'requiressl' && value === '1')) {
      take('db.sslmode', name, TLS_DEMANDED);
    } else if (name !== 'requiressl' && !FOREIGN_PARAMETERS.includes(name)) {
      const nearest = findNearest(name, [...Object.keys(PARAMETERS), ...LIBPQ_PARAMETERS]);
      problems.push((messages) =>
        messages.settings.unknownUrlParameter(where(messages), name, nearest),
      );
    }
  }
  return { given, libpq, problems };
}

function refuse(problem: Problem): Source {
  return { given: new Map(), problems: [problem] };
}

function splitOnce(pair: string): [string, string] {
  const at = pair.indexOf('=');
  return at === -1 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
}

function decode(encoded: string): string | undefined {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}
