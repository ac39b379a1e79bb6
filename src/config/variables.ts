import { parse } from 'dotenv';
import { readDatabaseUrl } from './database-url.js';
import type { Told } from './kinds.js';
import { findNearest } from './nearest.js';
import { OPTION_KEYS, type OptionKey, optionOf } from './options.js';
import type { Problem } from './problems.js';
import type { Given, Source } from './source.js';

export type Variables = Readonly<Record<string, string | undefined>>;

/** What PostgreSQL's own client library knows; those not among the options are let through. */
const OTHER_LIBPQ_VARIABLES = [
  'PGPASSFILE',
  'PGSERVICE',
  'PGSERVICEFILE',
  'PGOPTIONS',
  'PGSSLCERTMODE',
  'PGSSLCRL',
  'PGSSLCRLDIR',
  'PGSSLSNI',
  'PGSSLCOMPRESSION',
  'PGSSLNEGOTIATION',
  'PGSSLMINPROTOCOLVERSION',
  'PGSSLMAXPROTOCOLVERSION',
  'PGREQUIRESSL',
  'PGREQUIREAUTH',
  'PGREQUIREPEER',
  'PGCHANNELBINDING',
  'PGGSSENCMODE',
  'PGGSSLIB',
  'PGGSSDELEGATION',
  'PGKRBSRVNAME',
  'PGTARGETSESSIONATTRS',
  'PGLOADBALANCEHOSTS',
  'PGMINPROTOCOLVERSION',
  'PGMAXPROTOCOLVERSION',
  'PGCLIENTENCODING',
  'PGDATESTYLE',
  'PGTZ',
  'PGGEQO',
  'PGSYSCONFDIR',
  'PGLOCALEDIR',
];

const KNOWN_VARIABLES: readonly string[] = [
  'DATABASE_URL',
  ...OPTION_KEYS.flatMap((key) => [optionOf(key).env, ...(optionOf(key).libpq ?? [])]),
  ...OTHER_LIBPQ_VARIABLES,
];

/** Values from the process environment. Variables that are not ours are nobody's business here. */
export function readEnvironment(variables: Variables): Source {
  return readVariables(variables, (name) => (messages) => messages.config.inEnvironment(name));
}

/** Values from the text of a `.env` file, where a name that nobody knows is a problem. */
export function readEnvFile(content: string, file: string): Source & { variables: Variables } {
  const variables = parse(content);
  const source = readVariables(
    variables,
    (name) => (messages) => messages.config.inFile(name, file),
  );
  const unknown = Object.keys(variables)
    .filter((name) => !KNOWN_VARIABLES.includes(name))
    .map((name): Problem => {
      const nearest = findNearest(name, KNOWN_VARIABLES);
      return (messages) => messages.config.unknownKey(name, file, nearest);
    });
  const problems = [...source.problems, ...unknown, ...findStrayLines(content, file)];
  return { ...source, problems, variables };
}

/** Blank, a comment, or `NAME=`: all that a line may be. */
const SOUND_LINE = /^\s*(#.*|(export\s+)?[\w.-]+\s*=.*)?$/;

/** Lines that dotenv would skip in silence: `PG_HOST localhost` must not lead to another server. */
function findStrayLines(content: string, file: string): Problem[] {
  return content.split(/\r?\n/).flatMap((line, index): Problem[] => {
    // The line itself is not shown: it may hold a password.
    return SOUND_LINE.test(line) ? [] : [(messages) => messages.config.strayLine(file, index + 1)];
  });
}

/** Within one place: DATABASE_URL before `PG_…`, and that before libpq's `PG…`. */
function readVariables(variables: Variables, where: (name: string) => Told): Source {
  const given = new Map<OptionKey, Given>();
  for (const key of OPTION_KEYS) {
    const { env, libpq = [] } = optionOf(key);
    const name = [env, ...libpq].find((candidate) => isGiven(variables, candidate));
    if (name !== undefined) given.set(key, { text: variables[name]!, where: where(name) });
  }
  if (!isGiven(variables, 'DATABASE_URL')) return { given, problems: [] };
  const url = readDatabaseUrl(variables.DATABASE_URL!, where('DATABASE_URL'));
  return { given: new Map([...given, ...url.given]), problems: url.problems };
}

/** True when the variable is there and not empty. */
export function isGiven(variables: Variables, name: string): boolean {
  return (variables[name] ?? '') !== '';
}
