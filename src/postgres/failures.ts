import { EXIT, OperatorError } from '../errors.js';
import type { Table } from '../schema/table.js';
import { DatabaseError } from './driver.js';
import { SQLSTATE, SQLSTATE_CLASS } from './sqlstate.js';
import { TABLES_GONE, TablesGone } from './table-oids.js';
import { addressOf, type ConnectionTarget, originsOf, type TargetPart } from './target.js';

/**
 * Classes of failures, by what to do. `light`: the row's fault, skip it. `retry`: a conflict between transactions,
 * repeat the batch. `critical`: connection or server lost, reconnect. `hopeless`: it would fail again, end the run.
 * `defect`: a bug of this program.
 */
const FAILURE_CLASSES = ['light', 'retry', 'critical', 'hopeless', 'defect'] as const;
type FailureClass = (typeof FAILURE_CLASSES)[number];

/** A failure as plain data: an error loses its code when it crosses threads. Contains no values of rows. */
export interface Failure {
  readonly class: FailureClass;
  /** The server's code; null if the error is not the server's. */
  readonly sqlstate: string | null;
  /** The code of a socket, DNS or TLS error (`ECONNREFUSED`); null if the error is the server's. */
  readonly errno: string | null;
  readonly message: string;
  readonly constraint: string | null;
  readonly table: string | null;
  readonly column: string | null;
}

/** SQLSTATE → class. A whole code outranks the two characters of a class, which are matched by prefix. */
const CLASS_OF_SQLSTATE: Readonly<Record<string, FailureClass>> = {
  // Bad data in one row.
  [SQLSTATE_CLASS.DATA_EXCEPTION]: 'light', // too long, out of range, not a date
  [SQLSTATE_CLASS.INTEGRITY_CONSTRAINT_VIOLATION]: 'light',
  [SQLSTATE_CLASS.TRIGGERED_DATA_CHANGE_VIOLATION]: 'light',
  [SQLSTATE_CLASS.WITH_CHECK_OPTION_VIOLATION]: 'light',
  [SQLSTATE_CLASS.PLPGSQL_ERROR]: 'light', // raised by a trigger, about this row
  // A character that the database's encoding lacks: many rows have such characters.
  [SQLSTATE.CHARACTER_NOT_IN_REPERTOIRE]: 'hopeless',
  [SQLSTATE.UNTRANSLATABLE_CHARACTER]: 'hopeless',

  // The transaction was rolled back, the connection is intact.
  [SQLSTATE.SERIALIZATION_FAILURE]: 'retry',
  [SQLSTATE.DEADLOCK_DETECTED]: 'retry',
  [SQLSTATE.LOCK_NOT_AVAILABLE]: 'retry', // lock_timeout
  [SQLSTATE.QUERY_CANCELED]: 'retry', // statement_timeout, or an administrator

  // The connection or the server failed.
  [SQLSTATE_CLASS.CONNECTION_EXCEPTION]: 'critical',
  [SQLSTATE.READ_ONLY_SQL_TRANSACTION]: 'critical', // after a failover this server is a standby: leave it
  [SQLSTATE.IDLE_IN_TRANSACTION_SESSION_TIMEOUT]: 'critical',
  [SQLSTATE.TRANSACTION_TIMEOUT]: 'critical',
  [SQLSTATE.INVALID_SQL_STATEMENT_NAME]: 'critical', // a pooler switched the session: prepared statements are gone
  [SQLSTATE.STATEMENT_COMPLETION_UNKNOWN]: 'critical',
  [SQLSTATE_CLASS.INSUFFICIENT_RESOURCES]: 'critical', // no free connection, memory or disk
  [SQLSTATE.ADMIN_SHUTDOWN]: 'critical',
  [SQLSTATE.CRASH_SHUTDOWN]: 'critical', // another backend crashed
  [SQLSTATE.CANNOT_CONNECT_NOW]: 'critical', // starting up or shutting down
  [SQLSTATE.IDLE_SESSION_TIMEOUT]: 'critical',
  [SQLSTATE_CLASS.SYSTEM_ERROR]: 'critical', // I/O error of the server
  [SQLSTATE_CLASS.INTERNAL_ERROR]: 'critical',

  // It would fail again.
  [SQLSTATE_CLASS.INVALID_AUTHORIZATION_SPECIFICATION]: 'hopeless', // wrong password, no such role, pg_hba.conf
  [SQLSTATE.INVALID_CATALOG_NAME]: 'hopeless', // no such database
  [SQLSTATE.INVALID_SCHEMA_NAME]: 'hopeless',
  [SQLSTATE_CLASS.SYNTAX_ERROR_OR_ACCESS_RULE_VIOLATION]: 'hopeless', // no such table or column, no privilege
  [SQLSTATE.DATABASE_DROPPED]: 'hopeless',

  [SQLSTATE.SYNTAX_ERROR]: 'defect', // all statements are this program's own
};

/** The settings that end a statement or a session, by the SQLSTATE of that end. */
const TIMEOUTS: Readonly<Record<string, string>> = {
  [SQLSTATE.QUERY_CANCELED]: 'statement_timeout',
  [SQLSTATE.LOCK_NOT_AVAILABLE]: 'lock_timeout',
  [SQLSTATE.IDLE_IN_TRANSACTION_SESSION_TIMEOUT]: 'idle_in_transaction_session_timeout',
  [SQLSTATE.TRANSACTION_TIMEOUT]: 'transaction_timeout',
  [SQLSTATE.IDLE_SESSION_TIMEOUT]: 'idle_session_timeout',
};

/** The timeout setting that ended a statement or session; null for another failure. */
export function timeoutOf({
  sqlstate,
  message,
}: Pick<Failure, 'sqlstate' | 'message'>): string | null {
  // pg_cancel_backend has the same code.
  if (/user request/.test(message)) return null;
  return TIMEOUTS[sqlstate ?? ''] ?? null;
}

/** Errors of sockets and of name resolution: the server may be back in a moment. */
const LOST = new Set([
  'EADDRNOTAVAIL',
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
]);

/** Whether a failure comes from this machine or process alone, and the server has no part in it. */
export function isLocalFailure({ sqlstate, errno }: Failure): boolean {
  return sqlstate === null && [LEDGER, NO_FILES, NO_THREAD].includes(errno ?? '');
}

/** Code of the error that the ledger could not be written. */
export const LEDGER = 'LEDGER';

/** Code of the error that the server asked for a password and none was given. */
export const NO_PASSWORD = 'NO_PASSWORD';

/** Codes of Node.js: this process cannot open more files or sockets; it cannot start more threads. */
const NO_FILES = 'EMFILE';
const NO_THREAD = 'ERR_WORKER_INIT_FAILED';

/** Errors that `pg` throws without a code: their text, and the code and class that they get here. */
const DRIVER_ERRORS: readonly (readonly [RegExp, string, FailureClass])[] = [
  [/^(timeout expired|Query read timeout)$/, 'ETIMEDOUT', 'critical'],
  [/^Connection terminated/, 'ECONNRESET', 'critical'],
  [/^Client (has encountered a connection error|was closed)/, 'ECONNRESET', 'critical'],
  [/^There was an error establishing an SSL connection/, 'ECONNRESET', 'critical'],
  [/does not support SSL connections/, 'NO_TLS', 'hopeless'],
  [/client password must be a/, NO_PASSWORD, 'hopeless'],
];

/** Classifies any thrown error. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof DatabaseError) return describeServerError(error);
  if (error instanceof TablesGone) {
    const { code, message, tables } = error;
    return { ...withoutSqlstate('hopeless', code, message), table: tables.join(', ') };
  }
  if (error instanceof OperatorError && error.cause !== undefined) {
    return describeFailure(error.cause);
  }
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof OperatorError) return withoutSqlstate('hopeless', null, message);
  // Node.js tries every address of a host, and throws the errors of all.
  if (error instanceof AggregateError) {
    const inner = error.errors.map(describeFailure);
    const message = [...new Set(inner.map((failure) => failure.message))].join('; ');
    return inner[0] === undefined
      ? withoutSqlstate('defect', null, message)
      : { ...inner[0], message };
  }
  const code = codeOf(error);
  if (code !== null) {
    if (code === LEDGER || code === NO_PASSWORD) return withoutSqlstate('hopeless', code, message);
    const resource = resourceOf(code, message);
    if (resource !== null) return withoutSqlstate('hopeless', resource, message);
    if (LOST.has(code)) return withoutSqlstate('critical', code, message);
    // A Unix socket that does not exist, or is not accessible.
    if (syscallOf(error) === 'connect') return withoutSqlstate('critical', code, message);
    if (isTlsCode(code)) return withoutSqlstate('hopeless', code, message);
  }
  for (const [text, name, failureClass] of DRIVER_ERRORS) {
    if (text.test(message)) return withoutSqlstate(failureClass, name, message);
  }
  return withoutSqlstate('defect', code, message);
}

/** The operator's message and the exit code for a failure of the work on `target`. `cause`: the thrown error. */
export function failureError(
  failure: Failure,
  target: ConnectionTarget,
  cause?: unknown,
): OperatorError {
  const { sqlstate, errno, message } = failure;
  const { host, user, database } = target;
  const where = addressOf(target);
  const options = cause === undefined ? undefined : { cause };
  const unreachable = (sentence: OperatorError['sentence']) =>
    new OperatorError(EXIT.unreachable, sentence, options);
  const unfit = (sentence: OperatorError['sentence']) =>
    new OperatorError(EXIT.state, sentence, options);

  const from = (...parts: TargetPart[]) => originsOf(target, ...parts);
  const mode = target.sslMode;

  if (failure.class === 'defect') {
    return new OperatorError(EXIT.defect, (m) => m.db.unexpected({ message }), options);
  }
  if (sqlstate === null) {
    switch (errno) {
      case 'ECONNREFUSED':
        return unreachable((m) => m.db.refused({ where, settings: from('host', 'port') }));
      case 'ENOTFOUND':
      case 'EAI_AGAIN':
        return unreachable((m) => m.db.hostUnknown({ host, settings: from('host') }));
      case 'ETIMEDOUT':
        return unreachable((m) =>
          m.db.timedOut({
            where,
            seconds: target.connectTimeoutSeconds,
            settings: from('connectTimeout'),
          }),
        );
      case 'NO_TLS':
        return unreachable((m) => m.db.tlsMissing({ where, mode, settings: from('sslMode') }));
      case NO_PASSWORD:
        return unreachable((m) =>
          m.db.passwordMissing({ user, where, setting: from('password').join() }),
        );
      case LEDGER:
        return unfit((m) => m.ledger.unwritable({ message }));
      case TABLES_GONE:
        return unfit((m) => m.db.tablesGone({ database, tables: failure.table ?? '' }));
      case NO_FILES:
        return unfit((m) => m.cli.tooManyFiles());
      case NO_THREAD:
        return unfit((m) => m.cli.noThread({ message }));
      case null:
        return unfit((m) => m.db.failed({ where, message }));
    }
    if (failure.class === 'hopeless') {
      return unreachable((m) =>
        m.db.tlsRefused({
          where,
          message,
          mode,
          roots: from('sslRootCert').join(),
          host: from('host').join(),
        }),
      );
    }
    if (target.demands?.directTls === true) {
      return unreachable((m) => m.db.directTlsFailed({ where, message }));
    }
    return unreachable((m) => m.db.lost({ where, message }));
  }
  // PgBouncer's answer to a replication connection, or to `options`. Its messages are always English.
  if (
    sqlstate === SQLSTATE.PROTOCOL_VIOLATION &&
    message.startsWith('unsupported startup parameter')
  ) {
    return unfit((m) => m.db.poolerLacks({ where, message }));
  }
  if (sqlstate === SQLSTATE.INVALID_PASSWORD) {
    return unreachable((m) =>
      m.db.wrongPassword({ user, where, settings: from('user', 'password') }),
    );
  }
  if (sqlstate.startsWith(SQLSTATE_CLASS.INVALID_AUTHORIZATION_SPECIFICATION)) {
    return unreachable((m) =>
      m.db.accessRefused({ user, where, message, settings: from('user', 'sslMode') }),
    );
  }
  // PgBouncer uses one code for all errors.
  const isMissing =
    sqlstate === SQLSTATE.PROTOCOL_VIOLATION &&
    /^(no such database|database .* does not exist)/.test(message);
  if (
    sqlstate === SQLSTATE.INVALID_CATALOG_NAME ||
    sqlstate === SQLSTATE.DATABASE_DROPPED ||
    isMissing
  ) {
    return unfit((m) => m.db.databaseMissing({ database, where, settings: from('database') }));
  }
  if (sqlstate === SQLSTATE.INSUFFICIENT_PRIVILEGE) {
    return unfit((m) => m.db.forbidden({ user, database, message, settings: from('user') }));
  }
  if (sqlstate === SQLSTATE.READ_ONLY_SQL_TRANSACTION) {
    return unfit((m) => m.db.readOnly({ where, settings: from('host') }));
  }
  if (
    sqlstate === SQLSTATE.UNTRANSLATABLE_CHARACTER ||
    sqlstate === SQLSTATE.CHARACTER_NOT_IN_REPERTOIRE
  ) {
    return unfit((m) => m.db.encodingLacks({ database, message }));
  }
  if (
    sqlstate.startsWith(SQLSTATE_CLASS.SYNTAX_ERROR_OR_ACCESS_RULE_VIOLATION) ||
    sqlstate === SQLSTATE.INVALID_SCHEMA_NAME
  ) {
    return unfit((m) => m.db.schemaUnfit({ database, message, settings: from('database') }));
  }
  const setting = timeoutOf(failure);
  if (setting !== null) {
    return unfit((m) => m.db.timeLimit({ setting, user, database, message, sqlstate }));
  }
  if (sqlstate === SQLSTATE.QUERY_CANCELED) {
    return unfit((m) => m.db.cancelled({ database, message }));
  }
  if (failure.class === 'retry') {
    return unfit((m) => m.db.conflict({ database, message, sqlstate }));
  }
  if (sqlstate === SQLSTATE.NO_DATA) return unfit((m) => m.db.nothingWritten({ database }));
  if (sqlstate.startsWith(SQLSTATE_CLASS.PLPGSQL_ERROR)) {
    return unfit((m) => m.db.triggerRefuses({ database, sqlstate }));
  }
  if (sqlstate === SQLSTATE.DISK_FULL) {
    return unreachable((m) => m.db.serverDiskFull({ where, message, sqlstate }));
  }
  if (sqlstate === SQLSTATE.TOO_MANY_CONNECTIONS) {
    return unreachable((m) => m.db.noFreeConnection({ where, message, sqlstate }));
  }
  if (failure.class === 'critical') {
    return unreachable((m) => m.db.serverFailed({ where, message, sqlstate }));
  }
  return unfit((m) => m.db.rowsRefused({ database, message, sqlstate }));
}

function describeServerError(error: DatabaseError): Failure {
  const sqlstate = error.code ?? null;
  return {
    class: classOfServerError(sqlstate, error.severity),
    sqlstate,
    errno: null,
    message: withoutValues(sqlstate, error.message),
    constraint: error.constraint ?? null,
    table: error.table ?? null,
    column: error.column ?? columnOf(error.constraint, error.table),
  };
}

function classOfServerError(sqlstate: string | null, severity: string | undefined): FailureClass {
  const known =
    sqlstate === null
      ? undefined
      : (CLASS_OF_SQLSTATE[sqlstate] ?? CLASS_OF_SQLSTATE[sqlstate.slice(0, 2)]);
  if (known !== undefined) return known;
  return severity === 'FATAL' || severity === 'PANIC' ? 'critical' : 'hopeless';
}

/**
 * The column in a constraint's default name: `pacientes_cpf_key`, `consultas_medico_id_fkey`. The server reports
 * the column itself only for NOT NULL.
 */
function columnOf(constraint: string | undefined, table: string | undefined): string | null {
  if (constraint === undefined || table === undefined) return null;
  const match = /^(.+)_(?:key|fkey|check)$/.exec(constraint);
  const name = match?.[1] ?? '';
  return name.startsWith(`${table}_`) ? name.slice(table.length + 1) : null;
}

/** The column that a write to a table failed for; of a violated primary key, its columns. Null: it is unknown. */
export function failedColumn(
  { constraint, column }: Failure,
  { relation, key }: Pick<Table, 'relation' | 'key'>,
): string | null {
  return constraint === `${relation}_pkey` ? key.join(', ') : column;
}

/** Removes values of rows: class 22 quotes the refused value, and a trigger's message may contain any. */
function withoutValues(sqlstate: string | null, message: string): string {
  // The bytes of one character, and the two encodings.
  if (sqlstate === SQLSTATE.UNTRANSLATABLE_CHARACTER) return message;
  if (sqlstate?.startsWith(SQLSTATE_CLASS.DATA_EXCEPTION)) return message.replace(/".*"/s, '"***"');
  if (sqlstate?.startsWith(SQLSTATE_CLASS.PLPGSQL_ERROR))
    return 'an exception raised by a trigger or function';
  return message;
}

function withoutSqlstate(
  failureClass: FailureClass,
  errno: string | null,
  message: string,
): Failure {
  return {
    class: failureClass,
    sqlstate: null,
    errno,
    message,
    constraint: null,
    table: null,
    column: null,
  };
}

/** The code of the resource of this machine that is exhausted; null for another error. */
function resourceOf(code: string, message: string): string | null {
  if (code === NO_FILES || code === 'ENFILE') return NO_FILES;
  if (code !== NO_THREAD) return null;
  return /EMFILE|ENFILE/.test(message) ? NO_FILES : NO_THREAD;
}

function codeOf(error: unknown): string | null {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : null;
}

function syscallOf(error: unknown): string | null {
  const syscall = (error as { syscall?: unknown }).syscall;
  return typeof syscall === 'string' ? syscall : null;
}

/** Handshake errors of OpenSSL, and its verdicts on certificates (`CERT_HAS_EXPIRED`). */
function isTlsCode(code: string): boolean {
  return /^(ERR_(SSL|TLS|OSSL)_|EPROTO$)|CERT|CRL|ISSUER|SIGNATURE/.test(code);
}
