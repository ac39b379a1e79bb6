import type { Socket } from 'node:net';
import { isMainThread } from 'node:worker_threads';
import { EXIT, OperatorError } from '../errors.js';
import { Client, DatabaseError, escapeLiteral } from './driver.js';
import { describeFailure, type Failure, failureError } from './failures.js';
import { processIdOf } from './identity.js';
import { Login } from './login.js';
import { PROBE_SECONDS, requireOwnSession } from './pooler.js';
import { SQLSTATE } from './sqlstate.js';
import { addressOf, type ConnectionTarget, originsOf } from './target.js';
import { type Transport, transportsOf } from './tls.js';

/** `server_version_num` of PostgreSQL 14, the oldest with CREATE OR REPLACE TRIGGER. */
const OLDEST_VERSION = 140_000;
/**
 * `client_connection_check_interval`: how often a busy or waiting server process checks that the client is still
 * there, so that it does not carry out a command after Ctrl+C. Servers on other systems than Linux may refuse it.
 */
const CLIENT_CHECK_MS = 500;
/** Silence after which TCP probes the other side. */
const KEEP_ALIVE_DELAY_MS = 10_000;

/** Settings of `pg` for some connections only; its typings lack them. */
interface Extras {
  readonly replication?: 'database';
}

/**
 * Opens a connection and prepares its session: search_path of the target, UTC, ISO dates, READ COMMITTED. Throws an
 * `OperatorError` with the driver's error as its cause. A connection that dies while idle does not end the process:
 * its next query rejects.
 */
export function connect(target: ConnectionTarget): Promise<Client> {
  return open(target, {});
}

/** The same for logical replication: the connection accepts replication commands and SQL, but no parameters. */
export function connectReplication(target: ConnectionTarget): Promise<Client> {
  return open(target, { replication: 'database' });
}

async function open(target: ConnectionTarget, extras: Extras): Promise<Client> {
  const client = await tryTransports(target, extras);
  try {
    if (!(await prepareSession(client, target, true))) {
      // Workers connect after the main thread, which checked; poolers do not share replication connections.
      if (isMainThread && extras.replication === undefined) {
        const another = { ...target, connectTimeoutSeconds: PROBE_SECONDS };
        await requireOwnSession(client, target, () => tryTransports(another, extras));
      }
      await prepareSession(client, target, false);
    }
    return client;
  } catch (error) {
    await client.end().catch(() => undefined);
    throw operatorErrorOf(error, target);
  }
}

/** Closes a connection's socket at once, without a message to the server. */
export function cut(client: Client): void {
  // Not in the typings: the client's connection, with its socket.
  const { stream } = (client as Client & { connection: { stream: Socket } }).connection;
  stream.destroy();
}

/**
 * Calls `body` with a connection and always ends it. Errors of the database are thrown as an `OperatorError`, a
 * defect unchanged.
 */
export async function withConnection<T>(
  target: ConnectionTarget,
  body: (client: Client, target: ConnectionTarget) => Promise<T>,
): Promise<T> {
  const client = await connect(target);
  try {
    return await body(client, target);
  } catch (error) {
    throw operatorErrorOf(underlyingError(client, error), target);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** The server's error that ended a connection while it was idle. */
const idleErrors = new WeakMap<Client, unknown>();

/** The reason why a query failed. `pg` reports only that the connection ended; the server may have sent why before. */
export function underlyingError(client: Client, error: unknown): unknown {
  return error instanceof DatabaseError ? error : (idleErrors.get(client) ?? error);
}

/** Makes an `OperatorError` of a failure of the database; returns a defect unchanged. */
export function operatorErrorOf(error: unknown, target: ConnectionTarget): unknown {
  if (error instanceof OperatorError) return error;
  const failure = describeFailure(error);
  return failure.class === 'defect' ? error : failureError(failure, target, error);
}

async function tryTransports(target: ConnectionTarget, extras: Extras): Promise<Client> {
  const transports = transportsOf(target);
  for (;;) {
    const transport = transports.shift() ?? false;
    const login = new Login(target);
    const client = newClient(target, transport, extras, login);
    try {
      await client.connect();
      login.requireDemanded();
      return client;
    } catch (error) {
      // Not awaited: if the socket never opened, `end` may not resolve.
      client.end().catch(() => undefined);
      if (error instanceof OperatorError) throw error;
      const failure = describeFailure(error);
      if (transports.length === 0 || !dependsOnTransport(failure)) {
        throw operatorErrorOf(error, target);
      }
    }
  }
}

/** Whether the other transport, with or without TLS, may succeed: the server lacks TLS, or pg_hba.conf demands it. */
function dependsOnTransport({ class: failureClass, sqlstate, errno }: Failure): boolean {
  if (sqlstate !== null) return sqlstate === SQLSTATE.INVALID_AUTHORIZATION_SPECIFICATION;
  return failureClass === 'hopeless' && errno !== 'NO_PASSWORD';
}

function newClient(
  target: ConnectionTarget,
  transport: Transport,
  extras: Extras,
  login: Login,
): Client {
  const { demands } = target;
  const client = new Client({
    ...extras,
    host: target.host,
    port: target.port,
    user: target.user,
    database: target.database,
    // A function: `pg` would replace an empty password by PGPASSWORD.
    password: () => login.password(),
    ssl: transport,
    enableChannelBinding: demands?.channelBinding === true,
    ...(demands?.options == null ? {} : { options: demands.options }),
    // Explicit, so that PGSSLNEGOTIATION and PGCLIENT_ENCODING of the environment have no effect.
    sslnegotiation: demands?.directTls === true && transport !== false ? 'direct' : 'postgres',
    client_encoding: 'UTF8',
    application_name: target.applicationName,
    connectionTimeoutMillis: target.connectTimeoutSeconds * 1000,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_DELAY_MS,
  });
  login.watch(client);
  // Without a listener the error of an idle connection would end the process.
  client.on('error', (error) => {
    if (error instanceof DatabaseError) idleErrors.set(client, error);
  });
  return client;
}

interface Session {
  readonly version: number;
  readonly name: string;
  readonly standby: boolean;
  readonly readOnly: boolean;
}

/**
 * Sets the session's settings. With `ifOwn`, only if the server process has the pid of the connection's start-up;
 * otherwise a pooler is in between, nothing is set, and it returns false. Has no parameters: a replication connection
 * does not accept them.
 */
async function prepareSession(
  client: Client,
  target: ConnectionTarget,
  ifOwn: boolean,
): Promise<boolean> {
  const { rows } = await client.query<Session>(
    `SELECT set_config('search_path', ${escapeLiteral(target.searchPath)}, false),
            set_config('TimeZone', 'UTC', false),
            set_config('DateStyle', 'ISO, YMD', false),
            set_config('IntervalStyle', 'postgres', false),
            set_config('extra_float_digits', '1', false),
            set_config('bytea_output', 'hex', false),
            set_config('client_min_messages', 'warning', false),
            set_config('client_connection_check_interval',
              CASE WHEN version() ~ 'linux' THEN '${CLIENT_CHECK_MS}' ELSE '0' END, false),
            set_config('default_transaction_isolation', 'read committed', false),
            current_setting('server_version_num')::int AS version,
            current_setting('server_version') AS name,
            pg_is_in_recovery() AS standby,
            current_setting('transaction_read_only')::bool AS "readOnly"
      ${ifOwn ? `WHERE pg_backend_pid() = ${processIdOf(client)}` : ''}`,
  );
  const [session] = rows;
  if (session === undefined) return false;
  requireVersion(session.version, session.name, target);
  requireSessionAttrs(session, target);
  return true;
}

/** Throws if the server is not of the kind that libpq's target_session_attrs demands. */
function requireSessionAttrs({ standby, readOnly }: Session, target: ConnectionTarget): void {
  const wanted = target.demands?.session ?? null;
  if (wanted === null || !(standby || (wanted === 'read-write' && readOnly))) return;
  throw new OperatorError(EXIT.state, (m) =>
    m.db.readOnly({ where: addressOf(target), settings: originsOf(target, 'host') }),
  );
}

/** Throws if a server is older than PostgreSQL 14. `version`: `server_version_num`. */
export function requireVersion(version: number, name: string, target: ConnectionTarget): void {
  if (version >= OLDEST_VERSION) return;
  throw new OperatorError(EXIT.state, (m) =>
    m.db.tooOld({ where: addressOf(target), version: name }),
  );
}
