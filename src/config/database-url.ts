import type { Told } from './kinds.js';
import type { OptionKey } from './options.js';
import type { Problem } from './problems.js';
import type { Given, Source } from './source.js';

/** scheme://user:password@host:port/database?parameters, every part after the scheme optional. */
const URL_PARTS =
  /^postgres(?:ql)?:\/\/(?:([^:@/?#]*)(?::([^@/?#]*))?@)?([^@/?#]*)(?:\/([^@/?#]*))?(?:\?([^#]*))?$/i;
const HOST_PARTS = /^(\[[^\]]*\]|[^:[\]]*)(?::(\d*))?$/;

const PARAMETERS: Readonly<Record<string, OptionKey>> = {
  host: 'db.host',
  port: 'db.port',
  user: 'db.user',
  dbname: 'db.database',
  sslmode: 'db.sslmode',
  sslrootcert: 'db.sslrootcert',
  sslcert: 'db.sslcert',
  sslkey: 'db.sslkey',
  application_name: 'db.application_name',
  connect_timeout: 'db.connect_timeout',
};

/**
 * The settings in a connection URL, as libpq reads it: percent-encoding, `[::1]`, a socket folder
 * as `?host=/path`. No problem ever repeats the URL, because a password may stand in it.
 */
export function readDatabaseUrl(url: string, where: Told): Source {
  const parts = URL_PARTS.exec(url.trim());
  if (parts === null) return refuse((messages) => messages.config.badUrl(where(messages)));
  const [, user, password, address = '', database, query = ''] = parts;
  if (address.includes(',')) {
    return refuse((messages) => messages.config.multiHostUrl(where(messages)));
  }
  const [, hostName, port] = HOST_PARTS.exec(address) ?? [];
  if (hostName === undefined) return refuse((messages) => messages.config.badUrl(where(messages)));

  const given = new Map<OptionKey, Given>();
  const problems: Problem[] = [];
  const take = (key: OptionKey, name: string, encoded: string | undefined) => {
    if (encoded === undefined || encoded === '') return;
    const text = decode(encoded);
    if (text === undefined) {
      problems.push((messages) => messages.config.badUrlPart(where(messages), name));
    } else {
      given.set(key, { text, where: (messages) => messages.config.urlPart(where(messages), name) });
    }
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
    else {
      problems.push((messages) =>
        messages.config.unknownUrlParameter(where(messages), name, Object.keys(PARAMETERS)),
      );
    }
  }
  return { given, problems };
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
