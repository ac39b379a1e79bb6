import type { Socket } from 'node:net';
import { isMainThread } from 'node:worker_threads';
import { EXIT, OperatorError } from '../errors.js';
import { Client, DatabaseError, escapeLiteral } from './driver.js';
import { describeFailure, type Failure, failureError, placeOf } from './failures.js';
import { processIdOf } from './identity.js';
import { Login } from './login.js';
import { originsOf } from './origins.js';
import { PROBE_SECONDS, requireOwnSession } from './pooler.js';
import type { ConnectionTarget } from './target.js';
import { type Transport, transportsOf } from './tls.js';

/** `server_version_num` of PostgreSQL 14, the oldest with CREATE OR REPLACE TRIGGER. */
const OLDEST_VERSION = 140_000;
/**
 * How often a server process that waits for a lock or works looks whether this side is still there: what was left
 * with Ctrl+C must not be done later. Servers on other systems than Linux may refuse it.
 */
const GONE_CHECK_MS = 500;
/** Silence after which TCP asks whether the other side is still there. */
const KEEP_ALIVE_DELAY_MS = 10_000;

/** Settings of `pg` that only some connections have; its typings do not know them. */
interface Extras {
  readonly replication?: 'database';
}

/**
 * Opens a connection and prepares its session: search_path of the target, UTC, ISO dates, READ
 * COMMITTED. Throws an `OperatorError` (with the driver's error as its cause) when that is not possible.
 * A connection that dies while idle does not end the process: the next query rejects.
 */
export function connect(target: ConnectionTarget): Promise<Client> {
  return open(target, {});
}

/**
 * The same for logical replication: the connection takes its commands besides SQL, but neither parameters
 * nor anything else of the extended protocol.
 */
export function connectReplication(target: ConnectionTarget): Promise<Client> {
  return open(target, { replication: 'database' });
}

async function open(target: ConnectionTarget, extras: Extras): Promise<Client> {
  const client = await tryTransports(target, extras);
  try {
    if (!(await prepareSession(client, target, true))) {
      // A worker comes after the main thread, which looked; a replication connection is never shared.
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

/** Ends a connection without a word to the server, at once. */
export function cut(client: Client): void {
  // Not in the typings: the client's connection, with its socket.
  const { stream } = (client as Client & { connection: { stream: Socket } }).connection;
  stream.destroy();
}

/**
 * Lends `body` a connection and ends it in any case. What the database refuses inside is thrown as
 * an `OperatorError`; a defect as it is.
 */
export async function withConnection<T>(
  target: ConnectionTarget,
  body: (client: Client, target: ConnectionTarget) => Promise<T>,
): Promise<T> {
  const client = await connect(target);
  try {
    return await body(client, target);
  } catch (error) {
    throw operatorErrorOf(causeOf(client, error), target);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** The error that ended each connection while it idled. */
const endings = new WeakMap<Client, unknown>();

/**
 * Why a query failed: `pg` says of a connection that ended while it idled only that it did, and not what
 * the server gave as the reason.
 */
export function causeOf(client: Client, error: unknown): unknown {
  return error instanceof DatabaseError ? error : (endings.get(client) ?? error);
}

/** What the database refused, as a sentence for the operator; a defect as it is. */
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
      // Not awaited: a socket that never opened may have nothing left to end.
      client.end().catch(() => undefined);
      if (error instanceof OperatorError) throw error;
      const failure = describeFailure(error);
      if (transports.length === 0 || !mayDifferByTransport(failure)) {
        throw operatorErrorOf(error, target);
      }
    }
  }
}

/** Whether TLS, or doing without, could make the difference: no TLS there, or pg_hba.conf's choice. */
function mayDifferByTransport({ class: failureClass, sqlstate, errno }: Failure): boolean {
  if (sqlstate !== null) return sqlstate === '28000';
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
    // A function, because for an empty password `pg` would take that of the environment.
    password: () => login.password(),
    ssl: transport,
    enableChannelBinding: demands?.channelBinding === true,
    ...(demands?.options == null ? {} : { options: demands.options }),
    // Named, so that the environment's PGSSLNEGOTIATION and PGCLIENT_ENCODING have no say.
    sslnegotiation: demands?.directTls === true && transport !== false ? 'direct' : 'postgres',
    client_encoding: 'UTF8',
    application_name: target.applicationName,
    connectionTimeoutMillis: target.connectTimeoutSeconds * 1000,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_DELAY_MS,
  });
  login.watch(client);
  // Without a listener the death of an idle connection would end the process.
  client.on('error', (error) => {
    if (error instanceof DatabaseError) endings.set(client, error);
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
 * Sets what the session needs. `ifOwn`: only where the server process is the one that greeted the client;
 * false, and nothing is set, where it is another one: then a pooler is in between. Without parameters: a replication
 * connection does not take them.
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
            set_config('client_min_messages', 'warning', false),
            set_config('client_connection_check_interval',
              CASE WHEN version() ~ 'linux' THEN '${GONE_CHECK_MS}' ELSE '0' END, false),
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
  requireDemanded(session, target);
  return true;
}

/** Throws where libpq's target_session_attrs asks for a server of another kind. */
function requireDemanded({ standby, readOnly }: Session, target: ConnectionTarget): void {
  const wanted = target.demands?.session ?? null;
  if (wanted === null || !(standby || (wanted === 'read-write' && readOnly))) return;
  throw new OperatorError(EXIT.state, (m) =>
    m.db.readOnly({ where: placeOf(target), settings: originsOf(target, 'host') }),
  );
}

/** Throws when a server is older than PostgreSQL 14. `version` as in `server_version_num`. */
export function requireVersion(version: number, name: string, target: ConnectionTarget): void {
  if (version >= OLDEST_VERSION) return;
  throw new OperatorError(EXIT.state, (m) =>
    m.db.tooOld({ where: placeOf(target), version: name }),
  );
}
