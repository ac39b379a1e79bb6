import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after } from 'node:test';
import { MAINTENANCE_DATABASE } from '../../src/database/scripts.js';
import { runAs } from '../../src/embedded/account.js';
import {
  type Cluster,
  readPostmaster,
  startCluster,
  stopCluster,
} from '../../src/embedded/cluster.js';
import { makeFolder } from '../../src/embedded/data-folder.js';
import { isRunning, ownStamp } from '../../src/lib/process-stamp.js';
import { withConnection } from '../../src/postgres/connect.js';
import type { ConnectionTarget } from '../../src/postgres/target.js';
import {
  clusterTemplate,
  type Kit,
  kitOf,
  SERVER_VERSIONS,
  type ServerVersion,
  workshop,
} from './cluster-template.js';
import { freePort } from './free-port.js';
import { testTarget } from './test-target.js';
import { whenStopped } from './when-stopped.js';

export { SERVER_VERSIONS, type ServerVersion } from './cluster-template.js';

export interface ServerOptions {
  /** Keep fsync on: for tests that crash the server. */
  readonly durable?: boolean;
  /** Further settings of the server, as in postgresql.conf. */
  readonly settings?: Readonly<Record<string, string>>;
}

let made = 0;

/**
 * Servers of this test file's own, one a version. To be called once, at the top level of a test
 * file and before its first `test`: the runner takes a file whose tests have all ended for finished.
 */
export async function startServers(
  options: ServerOptions = {},
  versions: readonly ServerVersion[] = SERVER_VERSIONS,
): Promise<TestServer[]> {
  const servers: TestServer[] = [];
  for (const version of versions) servers.push(await startServer(version, options));
  return servers;
}

/** One such server, as after `initdb`; removed when the file's tests are over. */
export async function startServer(
  version: ServerVersion,
  options: ServerOptions = {},
): Promise<TestServer> {
  const kit = await kitOf(version);
  const template = await clusterTemplate(kit);
  const home = workshop(kit.account);
  await sweep(home, kit);
  const folder = join(home, `run-${process.pid}-${++made}`);
  await rm(folder, { recursive: true, force: true });
  makeFolder(folder);
  writeFileSync(join(folder, 'owner'), ownStamp());
  const dir = join(folder, 'data');
  const copied = await runAs(null, 'cp', ['-a', template, dir]);
  assert.equal(copied.code, 0, copied.output);
  const cluster: Cluster = { dir, log: join(folder, 'log'), ...kit };
  const server = new TestServer(cluster, version, await freePort(), options);
  const release = whenStopped(() => endAtOnce(cluster));
  after(async () => {
    release();
    await stopCluster(cluster, 'immediate');
    await rm(folder, { recursive: true, force: true });
  });
  await server.start();
  return server;
}

/** A server that tests may stop, start and disturb. */
export class TestServer {
  readonly cluster: Cluster;
  readonly version: ServerVersion;
  readonly port: number;
  readonly #options: ServerOptions;

  constructor(cluster: Cluster, version: ServerVersion, port: number, options: ServerOptions) {
    this.cluster = cluster;
    this.version = version;
    this.port = port;
    this.#options = options;
  }

  /** The administrator's way into a database, by default the one that every server has. */
  target(database: string = MAINTENANCE_DATABASE): ConnectionTarget {
    return testTarget(this.port, database);
  }

  /** Starts it again on the same port; `settings` count for this start only. */
  async start(settings: Readonly<Record<string, string>> = {}): Promise<void> {
    const speed = this.#options.durable === true ? {} : { fsync: 'off' };
    await startCluster(this.cluster, this.port, {
      ...speed,
      ...this.#options.settings,
      ...settings,
    });
  }

  async stop(mode: 'smart' | 'fast' | 'immediate' = 'fast'): Promise<void> {
    await stopCluster(this.cluster, mode);
  }

  /** Runs a statement as the administrator. */
  async query<Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    return withConnection(this.target(), async (client) => {
      const { rows } = await client.query<Row>(text, [...values]);
      return rows;
    });
  }

  /** Cuts all connections to a database, as an administrator would; returns how many. */
  async terminateBackends(database: string): Promise<number> {
    const rows = await this.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = $1 AND backend_type = 'client backend'`,
      [database],
    );
    return rows.length;
  }
}

/** Without waiting: its folder goes when the next server is started. */
function endAtOnce({ dir }: Cluster): void {
  const postmaster = readPostmaster(dir);
  if (postmaster !== null) process.kill(postmaster.pid, 'SIGQUIT');
}

/** Servers of test files that were killed: they run in sessions of their own, so nothing else ends them. */
async function sweep(home: string, kit: Kit): Promise<void> {
  for (const name of readdirSync(home)) {
    const folder = join(home, name);
    const owner = join(folder, 'owner');
    if (!name.startsWith('run-') || !existsSync(owner)) continue;
    if (isRunning(readFileSync(owner, 'utf8'))) continue;
    const dir = join(folder, 'data');
    await stopCluster({ dir, log: join(folder, 'log'), ...kit }, 'immediate').catch(
      () => undefined,
    );
    await rm(folder, { recursive: true, force: true });
  }
}
