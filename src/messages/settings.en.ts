import { listed } from './list.js';
import type { settingsPtBR } from './settings.pt-BR.js';

const orHint = (nearest: string | undefined) =>
  nearest === undefined ? '' : `; did you mean ${nearest}?`;

const anyOf = (words: readonly string[]) => listed(words, 'or');

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
  invalid: (where, value, allowed) =>
    `${where}: the value "${value}" is not accepted; use ${allowed}`,
  allowed: {
    text: () => 'a text',
    lines: () => 'a text; several, one a line; for hex:… the text that it stands for',
    nonEmptyText: () => 'a text that is not empty',
    source: (forms) => `${forms.join(', ')}`,
    bytes: (min, max) => `a size from ${min} to ${max}, with its unit: 128MB, 1GB`,
    host: () => 'one name, address or socket folder',
    integer: (min, max) => `a whole number from ${min} to ${max}`,
    decimal: (min, max) => `a number from ${min} to ${max}`,
    above: (min, max) => `a number above ${min}, up to ${max}`,
    seconds: (max) => `seconds from 0 to ${max}, or with a unit: 500ms, 20s, 5m, 1h`,
    age: () => 'an age with its unit: 12h, 30d',
    runName: (most) => `a name with a letter or digit in it, of ${most} characters at most`,
    oneOf: (words) => anyOf(words),
    listOf: (words) => `a list, separated by commas, of ${words.join(', ')}`,
    weights: (names) => `weights type=number (>= 0, at least one > 0) for ${names.join(', ')}`,
    rate: (words, max) => `a number above 0, up to ${max}, or else ${anyOf(words)}`,
    stages: (examples, max) =>
      `load shapes separated by semicolons, ${max} seconds in all at most, such as ${examples.join(' or ')}`,
    day: () => 'today, or a day that exists as YYYY-MM-DD',
  },
  unknownKey: (key, file, line, nearest) =>
    `${key} in ${file}${line === null ? '' : `, line ${line}`}: unknown key${nearest === undefined ? '; remove it' : orHint(nearest)}`,
  strayLine: (file, line) =>
    `${file}, line ${line}: neither NAME=value nor a comment; fix or remove the line`,
  unknownTable: (table, file, nearest) =>
    `[${table}] in ${file}: unknown table${nearest === undefined ? '; remove it' : orHint(`[${nearest}]`)}`,
  notATable: (table, file) =>
    `${table} in ${file}: must be a table; write [${table}] and its keys below`,
  tomlSyntax: (file, line, text, reason) =>
    `${file}, line ${line}: TOML syntax error in \`${text}\`; correct the line (${reason})`,
  unreadableFile: (file, code) =>
    `${file}: the file cannot be read (${code}); check its path and permissions`,
  notText: (file) => `${file}: the file is not text in UTF-8; save it again in UTF-8`,
  unreadable: (where, path, code) =>
    `${where}: ${path} cannot be read (${code}); check its path and permissions`,
  badUrl: (where) =>
    `${where}: the URL cannot be read; use postgresql://user:password@host:port/database, with special characters of the password encoded (@ is %40)`,
  multiHostUrl: (where) => `${where}: the URL has several hosts, which is not supported; name one`,
  badUrlPart: (where, name) => `${where} (${name}): invalid % encoding; a literal % is written %25`,
  unknownUrlParameter: (where, name, nearest) =>
    `${where}: the parameter ${name} is not one of libpq's${nearest === undefined ? '; remove it' : orHint(nearest)}`,
  cannotDemand: (where, name, value, reason) =>
    `${where}: ${name}=${value} cannot be honoured: ${reason}; remove it`,
  cannot: {
    standby: () => 'the program writes, and a standby takes no writes',
    service: () =>
      'service files are not read; use PG_HOST, PG_PORT, PG_USER and PG_DATABASE, or DATABASE_URL',
    gss: () => 'the program has no GSSAPI encryption (TLS is asked for by sslmode)',
    certificateMode: () => 'whether the server asks for a client certificate is not looked at',
    revocation: () => 'certificate revocation lists are not looked at',
    peer: () => "the server's account at a Unix socket is not looked at",
    keyPassword: () => 'keys with a password are not read; name one without in sslkey',
    replication: () => 'the program itself opens the replication connections that it needs',
    protocol: () => 'the program speaks version 3.0 of the protocol',
    login: () => 'the program logs in by password, SCRAM, or client certificate only',
  },
  weakSslMode: (where, mode, name, value, modes) =>
    `${where}: sslmode=${mode} is too weak for ${name}=${value}; use sslmode=${anyOf(modes)}`,
  noAccount: () =>
    'the user to log in as is unknown: nobody named one, and this process runs under a number without an account; set PG_USER, or PGUSER',
  bareHash: (where) =>
    `${where}: a # without a blank before it may begin a comment or belong to the value; put the value in quotes, or a blank before the comment`,
  openQuote: (where) =>
    `${where}: the value begins with a quote that its line does not close; close it, or put the value in quotes of another kind`,
  innerQuote: (where) =>
    `${where}: the value has its own quote inside; put it in quotes of another kind (', " or \`)`,
  certificateWithoutKey: (where, certificate, key) =>
    `${where}: ${certificate} and ${key} go together; name the client certificate and its key, or neither`,
  credentialsInSource: (where) =>
    `${where}: the source has a user or a password in it; take them out, and set KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD in the environment or in config/.env`,
  kafkaLacks: (where, protocol, lacking) =>
    `${where}: ${protocol} needs ${listed(lacking, 'and')}, which ${lacking.length === 1 ? 'is' : 'are'} not set`,
  kafkaUnused: (where, protocol, protocols) =>
    `${where}: without effect, since KAFKA_SECURITY_PROTOCOL is ${protocol}; set that to ${anyOf(protocols)}, or remove the value`,
  notPem: (where, path, kind) =>
    `${where}: ${path} holds no ${kind === 'key' ? 'private key without a password' : 'certificate'} in PEM (-----BEGIN ${kind === 'key' ? 'PRIVATE KEY' : 'CERTIFICATE'}-----); name another file, or convert it`,
  keyOfOther: (where, path) =>
    `${where}: the key in ${path} is not that of the client certificate; name the two that belong together`,
  ratiosAboveOne: (given) => `${given}: their sum must not be above 1; lower one of them`,
  unknownProfile: (name, known, nearest) =>
    `--profile ${name}: there is no such profile${nearest === undefined ? '' : orHint(nearest)} (known: ${known.join(', ')}; or a file, with its path)`,
  stagesAndRate: (rate) =>
    `${rate}: stages and a rate exclude each other; remove one of them, or use rate = "cycle"`,
  nothingToShed: () =>
    'on_lag = shed needs a schedule that the server can fall behind: a rate in events per second, or stages',
  baseAboveMax: (given) =>
    `${given}: the first wait must not be longer than the longest; change one of them`,
  nothingToDo: (given) =>
    `${given}: all of these weigh 0 in stream.weights; give one of them a weight or choose others`,
  unknownFlag: (flag, nearest) =>
    `${flag}: unknown option${nearest === undefined ? '; see --help' : orHint(nearest)}`,
  flagOfOther: (flag, command) =>
    `${flag}: the command ${command} has no such option; see ${command} --help`,
  missingValue: (flag) => `${flag}: its value is missing; write ${flag} VALUE`,
  switchWithValue: (flag) => `${flag}: this option takes no value; write just ${flag}`,
  strayArgument: (given, command) =>
    `"${given}": one argument too many; the command ${command} takes options only`,
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
  thresholdForm: (where, text) =>
    `${where}: "${text}" is not a threshold; write metric, comparison (<, <=, >, >=, == or !=), number and unit, as in response.p99<250ms, with ", abort" at the end if it is to end the run`,
  thresholdMetric: (where, metric, nearest, known) =>
    `${where}: there is no metric ${metric}${nearest === undefined ? `; those that there are: ${known.join(', ')}` : orHint(nearest)}`,
  thresholdUnit: (where, text, metric, allowed) =>
    `${where}: "${text}": ${allowed.length === 0 ? `${metric} takes no unit; write just the number` : `${metric} needs a unit: ${anyOf(allowed)}`}`,
};
