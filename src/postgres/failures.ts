import { EXIT, OperatorError } from '../errors.js';
import { DatabaseError } from './driver.js';
import { originsOf } from './origins.js';
import { TABLES_GONE, TablesGone } from './table-oids.js';
import type { ConnectionTarget, TargetPart } from './target.js';

/**
 * What a failure means for the work at hand. `light`: the row's fault, skip it and go on. `retry`:
 * a conflict between transactions, do it again. `critical`: the connection or the server is lost,
 * reconnect. `hopeless`: it would fail again, end with a sentence. `defect`: no failure of the
 * database at all.
 */
export const FAILURE_CLASSES = ['light', 'retry', 'critical', 'hopeless', 'defect'] as const;
export type FailureClass = (typeof FAILURE_CLASSES)[number];

/** A failure as plain data: an error that crosses threads would lose its code. No row values. */
export interface Failure {
  readonly class: FailureClass;
  /** The server's code; null when the server did not speak. */
  readonly sqlstate: string | null;
  /** The name of a socket, DNS or TLS error (`ECONNREFUSED`), where it was none of the server's. */
  readonly errno: string | null;
  readonly message: string;
  readonly constraint: string | null;
  readonly table: string | null;
  readonly column: string | null;
}

/** SQLSTATE → class; five characters go before two, which stand for all codes that begin so. */
const CLASS_OF_SQLSTATE: Readonly<Record<string, FailureClass>> = {
  // The row's fault, but not one row's: others hold such characters, too.
  '22021': 'hopeless', // a byte sequence that the database's encoding does not have
  '22P05': 'hopeless', // a character that the database's encoding does not have
  '22': 'light', // data exception: too long, out of range, not a date
  '23': 'light', // integrity constraint violation
  '27': 'light', // a trigger changed what was being written
  '44': 'light', // WITH CHECK OPTION violation
  P0: 'light', // raised by somebody's trigger, about this row

  // A conflict: the transaction is gone, the connection is well.
  '40001': 'retry', // serialization failure
  '40P01': 'retry', // deadlock detected
  '55P03': 'retry', // lock not available within lock_timeout
  '57014': 'retry', // statement cancelled, by statement_timeout or by an administrator

  // The connection or the server.
  '08': 'critical', // connection exception
  '25006': 'critical', // read-only all of a sudden: after a failover, the server to leave
  '25P03': 'critical', // idle_in_transaction_session_timeout ended the session
  '25P04': 'critical', // transaction_timeout ended the session
  '26000': 'critical', // prepared statement gone: a pooler gave us another session
  '40003': 'critical', // statement completion unknown
  '53': 'critical', // out of connections, memory or disk
  '57P01': 'critical', // shut down or terminated by an administrator
  '57P02': 'critical', // another backend crashed
  '57P03': 'critical', // starting up or shutting down
  '57P05': 'critical', // idle_session_timeout ended the session
  '58': 'critical', // input or output error of the server
  XX: 'critical', // internal error of the server

  // It would fail again.
  '28': 'hopeless', // wrong password, no such role, refused by pg_hba.conf
  '3D000': 'hopeless', // no such database
  '3F000': 'hopeless', // no such schema
  '42': 'hopeless', // no such table or column, another type, no privilege
  '57P04': 'hopeless', // the database was dropped

  '42601': 'defect', // syntax error: all statements are our own
};

/** The settings that end a statement or a session, by the SQLSTATE that tells of it. */
const TIMEOUTS: Readonly<Record<string, string>> = {
  '57014': 'statement_timeout',
  '55P03': 'lock_timeout',
  '25P03': 'idle_in_transaction_session_timeout',
  '25P04': 'transaction_timeout',
  '57P05': 'idle_session_timeout',
};

/** The setting of role, database or server whose time was over; null: it was none. */
export function timeoutOf({
  sqlstate,
  message,
}: Pick<Failure, 'sqlstate' | 'message'>): string | null {
  // An administrator cancels statements by the same code.
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

/** Is an error this machine's or this process's, with no part of the server in it? */
export function isOwnTrouble({ sqlstate, errno }: Failure): boolean {
  return sqlstate === null && [LEDGER, NO_FILES, NO_THREAD].includes(errno ?? '');
}

/** The code of the error that the ledger could not be written: not the server's, but the end as well. */
export const LEDGER = 'LEDGER';

/** The code of the error that a password was asked for and there is none. */
export const NO_PASSWORD = 'NO_PASSWORD';

/** The codes of the errors that this process may open no more files or sockets, and start no more threads. */
const NO_FILES = 'EMFILE';
const NO_THREAD = 'ERR_WORKER_INIT_FAILED';

/** What `pg` says without any code, and the name that it gets here. */
const DRIVER_WORDS: readonly (readonly [RegExp, string, FailureClass])[] = [
  [/^(timeout expired|Query read timeout)$/, 'ETIMEDOUT', 'critical'],
  [/^Connection terminated/, 'ECONNRESET', 'critical'],
  [/^Client (has encountered a connection error|was closed)/, 'ECONNRESET', 'critical'],
  [/^There was an error establishing an SSL connection/, 'ECONNRESET', 'critical'],
  [/does not support SSL connections/, 'NO_TLS', 'hopeless'],
  [/client password must be a/, NO_PASSWORD, 'hopeless'],
];

/** What an error means, whatever threw it. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof DatabaseError) return describeServerError(error);
  if (error instanceof TablesGone) {
    const { code, message, tables } = error;
    return { ...bare('hopeless', code, message), table: tables.join(', ') };
  }
  if (error instanceof OperatorError && error.cause !== undefined) {
    return describeFailure(error.cause);
  }
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof OperatorError) return bare('hopeless', null, message);
  // Node tries every address of a host, and throws what came of each.
  if (error instanceof AggregateError) {
    const inner = error.errors.map(describeFailure);
    const message = [...new Set(inner.map((failure) => failure.message))].join('; ');
    return inner[0] === undefined ? bare('defect', null, message) : { ...inner[0], message };
  }
  const code = codeOf(error);
  if (code !== null) {
    if (code === LEDGER || code === NO_PASSWORD) return bare('hopeless', code, message);
    const resource = resourceOf(code, message);
    if (resource !== null) return bare('hopeless', resource, message);
    if (LOST.has(code)) return bare('critical', code, message);
    // A Unix socket that is not there, or may not be used.
    if (syscallOf(error) === 'connect') return bare('critical', code, message);
    if (isTlsCode(code)) return bare('hopeless', code, message);
  }
  for (const [words, name, failureClass] of DRIVER_WORDS) {
    if (words.test(message)) return bare(failureClass, name, message);
  }
  return bare('defect', code, message);
}

/** The sentence and the exit code for a failure of the work on `target`; `cause`: what was thrown. */
export function failureError(
  failure: Failure,
  target: ConnectionTarget,
  cause?: unknown,
): OperatorError {
  const { sqlstate, errno, message } = failure;
  const { host, user, database } = target;
  const where = placeOf(target);
  const options = cause === undefined ? undefined : { cause };
  const unreachable = (tell: OperatorError['sentence']) =>
    new OperatorError(EXIT.unreachable, tell, options);
  const unfit = (tell: OperatorError['sentence']) => new OperatorError(EXIT.state, tell, options);

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
  // PgBouncer's answer to a replication connection, or to `options`; it speaks English only.
  if (sqlstate === '08P01' && message.startsWith('unsupported startup parameter')) {
    return unfit((m) => m.db.poolerLacks({ where, message }));
  }
  if (sqlstate === '28P01') {
    return unreachable((m) =>
      m.db.wrongPassword({ user, where, settings: from('user', 'password') }),
    );
  }
  if (sqlstate.startsWith('28')) {
    return unreachable((m) =>
      m.db.accessRefused({ user, where, message, settings: from('user', 'sslMode') }),
    );
  }
  // PgBouncer has one code for everything.
  const isMissing =
    sqlstate === '08P01' && /^(no such database|database .* does not exist)/.test(message);
  if (sqlstate === '3D000' || sqlstate === '57P04' || isMissing) {
    return unfit((m) => m.db.databaseMissing({ database, where, settings: from('database') }));
  }
  if (sqlstate === '42501') {
    return unfit((m) => m.db.forbidden({ user, database, message, settings: from('user') }));
  }
  if (sqlstate === '25006') {
    return unfit((m) => m.db.readOnly({ where, settings: from('host') }));
  }
  if (sqlstate === '22P05' || sqlstate === '22021') {
    return unfit((m) => m.db.encodingLacks({ database, message }));
  }
  if (sqlstate.startsWith('42') || sqlstate === '3F000') {
    return unfit((m) => m.db.schemaUnfit({ database, message, settings: from('database') }));
  }
  const setting = timeoutOf(failure);
  if (setting !== null) {
    return unfit((m) => m.db.timeLimit({ setting, user, database, message, sqlstate }));
  }
  if (sqlstate === '57014') return unfit((m) => m.db.cancelled({ database, message }));
  if (failure.class === 'retry') {
    return unfit((m) => m.db.conflict({ database, message, sqlstate }));
  }
  if (sqlstate === '02000') return unfit((m) => m.db.nothingWritten({ database }));
  if (sqlstate.startsWith('P0')) {
    return unfit((m) => m.db.triggerRefuses({ database, sqlstate }));
  }
  if (failure.class === 'critical') {
    return unreachable((m) => m.db.serverFailed({ where, message, sqlstate }));
  }
  return unfit((m) => m.db.rowsRefused({ database, message, sqlstate }));
}

/** `host:port`, as the operator knows the server; IPv6 addresses in brackets. */
export function placeOf({ host, port }: Pick<ConnectionTarget, 'host' | 'port'>): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
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
 * The column that PostgreSQL's own name for a constraint tells: `pacientes_cpf_key`,
 * `consultas_medico_id_fkey`. The server names the column itself only for NOT NULL.
 */
function columnOf(constraint: string | undefined, table: string | undefined): string | null {
  if (constraint === undefined || table === undefined) return null;
  if (constraint === `${table}_pkey`) return 'id';
  const match = /^(.+)_(?:key|fkey|check)$/.exec(constraint);
  const name = match?.[1] ?? '';
  return name.startsWith(`${table}_`) ? name.slice(table.length + 1) : null;
}

/** Class 22 quotes the value that it refuses, and a trigger may say anything. */
function withoutValues(sqlstate: string | null, message: string): string {
  // This one tells bytes of one character, and the two encodings.
  if (sqlstate === '22P05') return message;
  if (sqlstate?.startsWith('22')) return message.replace(/".*"/s, '"***"');
  if (sqlstate?.startsWith('P0')) return 'an exception raised by a trigger or function';
  return message;
}

function bare(failureClass: FailureClass, errno: string | null, message: string): Failure {
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

/** Which resource of this machine an error says is used up; null: none. */
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

/** Handshake errors of OpenSSL, and what it thinks of a certificate (`CERT_HAS_EXPIRED`). */
function isTlsCode(code: string): boolean {
  return /^(ERR_(SSL|TLS|OSSL)_|EPROTO$)|CERT|CRL|ISSUER|SIGNATURE/.test(code);
}
