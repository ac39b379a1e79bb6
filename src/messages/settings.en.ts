import type { DialForm } from '../hazards/dials.js';
import type { HazardProblem } from '../hazards/hazard-problem.js';
import type { Unmet } from '../hazards/requirements.js';
import { printSpan } from '../lib/span.js';
import type { StageProblem } from '../load/stage-problem.js';
import { sqlName } from '../schema/table.js';
import type { SourcePart } from '../sources/source-problem.js';
import { listed } from './list.js';
import type { settingsPtBR } from './settings.pt-BR.js';

const orHint = (nearest: string | undefined) =>
  nearest === undefined ? '' : `; did you mean ${nearest}?`;

const anyOf = (words: readonly string[]) => listed(words, 'or');

const stageFault = (e: StageProblem): string => {
  switch (e.problem) {
    case 'form':
      return `"${e.text}" is not a stage (SHAPE:RATES/TIME)`;
    case 'shape':
      return `there is no load shape "${e.shape}" (there are ${listed(e.known, 'and')})`;
    case 'several':
      return `"${e.text}": stages are separated by semicolons`;
    case 'number':
      return `"${e.text}": "${e.given}" is not a number like 100 or 1.5`;
    case 'no-duration':
      return `"${e.text}" lacks its duration`;
    case 'duration':
      return `"${e.text}": "${e.given}" is not a duration like 30s, 5m or 1h`;
    case 'no-time':
      return `"${e.text}": the duration must be above 0`;
    case 'negative':
      return `"${e.text}": a rate cannot be below 0`;
    case 'too-high':
      return `"${e.text}": a rate cannot be above ${e.max} events/s`;
    case 'rates':
      return `"${e.text}": ${e.shape} takes ${
        {
          one: 'one rate',
          range: 'two rates with .. between them',
          list: 'rates separated by commas',
          burst: 'two rates with .. between them, the length of a burst, and a longer period',
        }[e.rates]
      }`;
  }
};

const dialFault: Readonly<Record<DialForm, string>> = {
  share: 'is not a share of the batches like 5% or 0.05, above 0% and up to 100%',
  every: 'is not a time above 0, like 30s, 5m or 1h',
  rows: 'is not a number of rows and the time from one to the next (ROWS/EVERY)',
  spell: 'is not a length and the time from one to the next (LENGTH/EVERY)',
  publication: 'is not the name of a publication, with a time or without one (NAME/EVERY)',
};

const hazardFault = (e: HazardProblem): string => {
  switch (e.problem) {
    case 'mark':
      return `"${e.text}": a hazard and its value have = between them`;
    case 'several':
      return `"${e.text}": hazards are separated by commas`;
    case 'all':
      return `"${e.text}": all takes no value; give one to a hazard by its name`;
    case 'unnamed':
      return `"${e.text}" lacks the name of the publication that a table is to leave`;
    case 'too-long':
      return `"${e.text}": the length (before the slash) is not shorter than the time from one beginning to the next (after it)`;
    case 'name':
      return `there is no hazard "${e.name}"${e.meant === undefined ? ` (there are ${listed(e.known, 'and')})` : ''}`;
    case 'rows':
      return `"${e.text}": a huge transaction has from 1 to ${e.max.toLocaleString('en-US')} rows`;
    case 'form':
      return e.given === ''
        ? `"${e.text}": nothing stands after =`
        : `"${e.text}": "${e.given}" ${dialFault[e.form]}`;
  }
};

const spanOf = (ms: number) => printSpan(ms / 1000);

const tableList = (tables: readonly string[]) => tables.join(', ');

/** A need of a hazard that is not met, and the remedy. */
const lack = (e: Unmet, role: string, database: string): string => {
  const to = sqlName(role);
  switch (e.lacks) {
    case 'prepared-transactions':
      return `max_prepared_transactions is ${e.found}, and ${e.needed} is the least with ${e.needed} workers; raise it in postgresql.conf and restart the server`;
    case 'privileges':
      return `the role ${to} lacks ${listed(e.privileges, 'and')} on ${listed(e.tables, 'and')}; GRANT ${e.privileges.join(', ')} ON ${tableList(e.tables)} TO ${to}`;
    case 'ownership':
      return `the role ${to} does not own ${listed(e.tables, 'and')}; connect as the owner, or make ${to} a member of it`;
    case 'row-security':
      return `row-level security applies to the role ${to} in ${listed(e.tables, 'and')}, where COPY is then an error; ALTER ROLE ${to} BYPASSRLS`;
    case 'create-in-schemas':
      return `the role ${to} may create nothing in the ${e.schemas.length === 1 ? 'schema' : 'schemas'} ${listed(e.schemas, 'and')}; GRANT CREATE ON SCHEMA ${tableList(e.schemas)} TO ${to}`;
    case 'create-in-database':
      return `the role ${to} may create no schema in the database; GRANT CREATE ON DATABASE ${sqlName(database)} TO ${to}`;
    case 'time':
      return `its transaction is open for ${spanOf(e.needed)}, and ${e.setting} ends the session after ${spanOf(e.found)}; ALTER ROLE ${to} SET ${e.setting} = 0, or make it shorter`;
    case 'rows':
      return `${e.table} has ${e.found} rows, and ${e.needed} is the least; run \`seed\` first`;
    case 'publication':
      return `there is no publication "${e.publication}" in the database; ${e.known.length === 0 ? 'it has none at all: create it' : `name ${listed(e.known, 'or')}`}`;
    case 'publication-ownership':
      return `the role ${to} does not own the publication "${e.publication}"; ALTER PUBLICATION ${sqlName(e.publication)} OWNER TO ${to}`;
    case 'own-list':
      return `the publication "${e.publication}" is FOR ALL TABLES, which no table can leave; name one that lists ${e.table}`;
    case 'no-whole-schema':
      return `the publication "${e.publication}" has the whole schema of ${e.table}, which that table cannot leave; name one that lists ${e.table}`;
    case 'listed-table':
      return `the publication "${e.publication}" does not list ${e.table}; ALTER PUBLICATION ${sqlName(e.publication)} ADD TABLE ${e.table}`;
  }
};

const sourceParts: Readonly<Record<SourcePart, string>> = {
  slot: 'the name of the slot',
  file: 'the file',
  address: 'the address to listen at',
  port: 'the port',
  broker: 'the address of a broker',
  prefix: "the prefix of the topics (Debezium's topic.prefix)",
};

/** Problems of settings and command line, in English. */
export const settingsEn: typeof settingsPtBR = {
  problems: (sentences) =>
    sentences.length === 1
      ? `invalid configuration: ${sentences[0]}`
      : `invalid configuration, ${sentences.length} problems:\n${sentences.map((sentence) => `  - ${sentence}`).join('\n')}`,
  and: () => ' and ',
  inEnvironment: (name) => `${name} in the environment`,
  inFile: (key, file, line) => `${key} in ${file}${line === null ? '' : `, line ${line}`}`,
  urlPart: (where, name) => `${where} (${name})`,
  invalid: (where, value, allowed, meant) =>
    `${where}: the value "${value}" is not accepted; ${meant === undefined ? `use ${allowed}` : `did you mean ${meant}? (${allowed})`}`,
  misspeltVariable: (name, meant) =>
    `${name} in the environment is not a setting of this program; did you mean ${meant}?`,
  allowed: {
    text: () => 'a text',
    lines: () =>
      'a text, or several, one a line; instead of hex:… the text that those bytes encode',
    nonEmptyText: () => 'a text that is not empty',
    source: (forms) => forms.join(', '),
    bytes: (min, max) => `a size from ${min} to ${max}, with its unit: 128MB, 1GB`,
    host: () =>
      'one name, address or socket folder; a port goes into PG_PORT, a URL into DATABASE_URL',
    integer: (min, max) => `a whole number from ${min} to ${max}`,
    milliseconds: (max) => `a whole number of milliseconds from 0 to ${max}`,
    decimal: (min, max) => `a number from ${min} to ${max}`,
    above: (min, max) => `a number above ${min}, up to ${max}`,
    seconds: (max) => `seconds from 0 to ${max}, or with a unit: 500ms, 20s, 5m, 1h`,
    age: () => 'an age with its unit: 12h, 30d',
    runName: (most) => `a name with a letter or digit in it, of ${most} characters at most`,
    oneOf: (words) => anyOf(words),
    listOf: (words) => `a list, separated by commas, of ${words.join(', ')}`,
    weights: (names) =>
      `weights like ${names[0]}=5,${names[1]}=1, each 0 or more and not all 0, for ${names.join(', ')}`,
    rate: (words, max) => `a number above 0, up to ${max}, or ${anyOf(words)}`,
    stages: (examples, max) =>
      `load shapes separated by semicolons, ${max} seconds in all at most, such as ${examples.join(' or ')}`,
    hazards: (examples, names, all) =>
      `hazards separated by commas, such as ${examples.join(', ')}; a name alone has its usual value, ${all} is every one that the tables allow: ${names.join(', ')}`,
    day: () => 'today, or an existing date as YYYY-MM-DD',
  },
  unknownKey: (key, file, line, nearest) =>
    `${key} in ${file}${line === null ? '' : `, line ${line}`}: unknown key${nearest === undefined ? '; remove it' : orHint(nearest)}`,
  strayLine: (file, line) =>
    `${file}, line ${line}: neither NAME=value nor a comment; fix or remove the line`,
  unknownTable: (table, file, nearest) =>
    `[${table}] in ${file}: unknown table${nearest === undefined ? '; remove it' : orHint(`[${nearest}]`)}`,
  notATable: (table, file) =>
    `${table} in ${file}: must be a table; write [${table}] on a line, and its keys below it`,
  tomlSyntax: (file, line, text, reason) =>
    `${file}, line ${line}: TOML syntax error in \`${text}\`; fix the line (${reason})`,
  unreadableFile: (file, code) =>
    `${file}: the file cannot be read (${code}); check its path and permissions`,
  notText: (file) => `${file}: the file is not text in UTF-8; save it again in UTF-8`,
  unreadable: (where, path, code) =>
    `${where}: ${path} cannot be read (${code}); check its path and permissions`,
  badUrl: (where) =>
    `${where}: not a PostgreSQL URL; use postgresql://user:password@host:port/database, with special characters of the password encoded (@ is %40)`,
  multiHostUrl: (where) => `${where}: the URL has several hosts; name one`,
  badUrlPart: (where, name) => `${where} (${name}): invalid % encoding; a literal % is written %25`,
  unknownUrlParameter: (where, name, nearest) =>
    `${where}: the parameter ${name} is not one of libpq's${nearest === undefined ? '; remove it' : orHint(nearest)}`,
  cannotDemand: (where, name, value, reason) =>
    `${where}: ${name}=${value} is not supported: ${reason}; remove it`,
  cannot: {
    standby: () => 'the program writes, and a standby accepts no writes',
    service: () =>
      'the program does not read service files; use PG_HOST, PG_PORT, PG_USER and PG_DATABASE, or DATABASE_URL',
    gss: () => 'the program has no GSSAPI encryption (TLS is asked for by sslmode)',
    certificateMode: () =>
      'the program does not check whether the server asks for a client certificate',
    revocation: () => 'the program does not read certificate revocation lists',
    peer: () => "the program does not check the server's account at a Unix socket",
    keyPassword: () =>
      'the program does not read keys with a password; name one without a password in sslkey',
    replication: () => 'the program opens its replication connections by itself',
    protocol: () => 'the program speaks version 3.0 of the protocol',
    login: () => 'the program logs in by password, SCRAM, or client certificate only',
  },
  weakSslMode: (where, mode, name, value, modes) =>
    `${where}: sslmode=${mode} is too weak for ${name}=${value}; use sslmode=${anyOf(modes)}`,
  noAccount: () =>
    'there is no user to log in as: none was given, and the user of this process has no name; set PG_USER or PGUSER',
  bareHash: (where) =>
    `${where}: a # without a blank before it may begin a comment or belong to the value; put the value in quotes, or a blank before the comment`,
  openQuote: (where) =>
    `${where}: the value begins with a quote that its line does not close; close it, or put the value in quotes of another kind`,
  innerQuote: (where) =>
    `${where}: the value has its own quote inside; put it in quotes of another kind (', " or \`)`,
  certificateWithoutKey: (where, certificate, key) =>
    `${where}: ${certificate} and ${key} go together; name the client certificate and its key, or neither`,
  emptyPart: (where, separator) => {
    const mark = separator === ';' ? 'semicolon' : 'comma';
    return `${where}: nothing stands before or after a ${mark}; remove the ${mark}, or write what is missing`;
  },
  stagesTooLong: (where, seconds, max) =>
    `${where}: the stages last ${seconds} s together, and ${max} s is the most; shorten them`,
  stage: (where, e) =>
    `${where}: ${stageFault(e)}; ${e.meant === undefined ? `write for example ${e.example}` : `did you mean ${e.meant}?`}`,
  hazard: (where, e) =>
    `${where}: ${hazardFault(e)}; ${e.meant === undefined ? `write for example ${e.example}` : `did you mean ${e.meant}?`}`,
  hazardsWithoutLedger: (where) =>
    `${where}: hazards need the ledger, the only record of what they did; leave out --no-ledger (STREAM_LEDGER=false), or the hazards`,
  hazardsRefused: (unmet, { role, database }) => {
    const sentences = unmet.map((e) => `${e.hazard}: ${lack(e, role, database)}`);
    return sentences.length === 1
      ? `the database "${database}" cannot have the hazard ${sentences[0]}, or leave the hazard out`
      : `the database "${database}" cannot have these hazards; correct each, or leave it out:\n${sentences.map((sentence) => `  - ${sentence}`).join('\n')}`;
  },
  source: (where, text, e) => {
    switch (e.problem) {
      case 'credentials':
        return `${where}: the source contains a user or a password; take them out${e.isKafka ? ', and set KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD in the environment or in config/.env' : ''}`;
      case 'lacks':
        return `${where}: "${text}" lacks ${listed(
          e.parts.map((part) => sourceParts[part]),
          'and',
        )}; write ${e.form}`;
      case 'slot-name':
        return `${where}: "${text}": the name of a slot has lower-case letters, digits and _ only, 63 at most; did you mean ${e.form}?`;
      case 'host-name':
        return `${where}: "${text}": events are received at an IP address of this machine or localhost; write ${e.form}`;
      case 'no-tls':
        return `${where}: "${text}": events are received by HTTP, not HTTPS; write ${e.form}`;
      case 'broker':
        return `${where}: "${text}": brokers are written HOST:PORT, separated by commas; write ${e.form}`;
      case 'port':
        return `${where}: "${text}": a port is a number from 1 to 65535, and "${e.port}" is not; write ${e.form}`;
      case 'http':
        return `${where}: "${text}" is not an address that events can be posted to; write ${e.form}`;
      case 'scheme':
        return `${where}: "${text}" is not a source of events; ${e.meant === undefined ? `write ${anyOf(e.forms)}` : `did you mean ${e.meant}?`}`;
    }
  },
  kafkaLacks: (where, protocol, lacking) =>
    `${where}: ${protocol} needs ${listed(lacking, 'and')}, which ${lacking.length === 1 ? 'is' : 'are'} not set`,
  kafkaUnused: (where, protocol, protocols) =>
    `${where}: has no effect, since KAFKA_SECURITY_PROTOCOL is ${protocol}; change that to ${anyOf(protocols)}, or remove this value`,
  notPem: (where, path, kind) =>
    `${where}: ${path} holds no ${kind === 'key' ? 'private key without a password' : 'certificate'} in PEM (-----BEGIN ${kind === 'key' ? 'PRIVATE KEY' : 'CERTIFICATE'}-----); name another file, or convert it`,
  keyOfOther: (where, path) =>
    `${where}: the key in ${path} does not belong to the client certificate; name a pair that belongs together`,
  ratiosAboveOne: (given) => `${given}: their sum must not be above 1; lower one of them`,
  unknownProfile: (name, known, nearest) =>
    `--profile ${name}: there is no such profile${nearest === undefined ? '' : orHint(nearest)} (known: ${known.join(', ')}; or a file, with its path)`,
  stagesAndRate: (rate) =>
    `${rate}: stages and a rate exclude each other; remove one of them, or use rate = "cycle"`,
  nothingToShed: () =>
    'on_lag = shed needs a rate in events per second or stages, which the server can fall behind; set one of them, or use on_lag = queue',
  baseAboveMax: (given) =>
    `${given}: the first wait must not be longer than the longest one; change one of them`,
  nothingToDo: (given) =>
    `${given}: all these types weigh 0 in stream.weights; give one of them a weight, or choose others`,
  notAsked: (given, names, extension) =>
    `${given}: ${names.join(', ')} ${names.length === 1 ? 'belongs' : 'belong'} to the extension ${extension}, which is not asked for; add --with ${extension} (SCHEMA_EXTENSIONS), or choose ${names.length === 1 ? 'another name' : 'other names'}`,
  unknownFlag: (flag, nearest) =>
    `${flag}: unknown option${nearest === undefined ? '; see --help' : orHint(nearest)}`,
  flagOfOther: (flag, command) =>
    `${flag}: the command ${command} has no such option; see ${command} --help`,
  missingValue: (flag) => `${flag}: its value is missing; write ${flag} VALUE`,
  switchWithValue: (flag) => `${flag}: this option takes no value; write just ${flag}`,
  strayArgument: (given, command) =>
    `"${given}": one argument too many; the command ${command} accepts options only`,
  unknownCommand: (given, nearest) =>
    `"${given}": unknown command${nearest === undefined ? '; see --help' : orHint(nearest)}`,
  noAction: (command, actions) => `${command} needs an action: ${actions.join(', ')}`,
  unknownAction: (command, given, nearest, actions) =>
    `${command} has no action "${given}"${orHint(nearest)} (actions: ${actions.join(', ')})`,
  strayName: (action, given, takesRun) =>
    takesRun
      ? `${action} takes one run, and "${given}" is one word too many`
      : `${action} takes options only, and "${given}" is one word too many`,
  noCommand: () => 'the command is missing; see --help',
  thresholdAllowed: (examples) => `thresholds like ${anyOf(examples)}, separated by semicolons`,
  thresholdForm: (where, text, meant) =>
    `${where}: "${text}" is not a threshold; ${meant === undefined ? 'write metric, comparison (<, <=, >, >=, == or !=), number and unit, as in response.p99<250ms, and ", abort" at the end if it is to end the run' : `did you mean ${meant}?`}`,
  thresholdMetric: (where, metric, meant) =>
    `${where}: there is no metric "${metric}"${meant === undefined ? '; `oltp-simulator metrics` lists them' : orHint(meant)}`,
  thresholdUnit: (where, text, metric, allowed, meant) =>
    `${where}: "${text}": ${allowed.length === 0 ? `${metric} has no unit` : `${metric} needs a unit (${anyOf(allowed)})`}${orHint(meant)}`,
};
