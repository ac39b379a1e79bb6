import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from './free-port.js';
import type { TestServer } from './server.js';
import { withTempFolder } from './temp-folder.js';

/** Why tests with a pooler are skipped; false: there is one. */
export const noPooler =
  spawnSync('pgbouncer', ['--version']).status === 0 ? false : 'there is no pgbouncer';

/** Lends `body` the port of a PgBouncer in front of a server. */
export async function withPooler<T>(
  server: TestServer,
  mode: 'transaction' | 'session' | 'statement',
  body: (port: number) => Promise<T>,
): Promise<T> {
  return withTempFolder(async (folder) => {
    const port = await freePort();
    const { user, password, host } = server.target();
    const file = join(folder, 'pgbouncer.ini');
    const users = join(folder, 'users');
    writeFileSync(users, `"${user}" "${password}"\n`);
    writeFileSync(
      file,
      `[databases]
* = host=${host} port=${server.port} user=${user} password=${password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
auth_file = ${users}
pool_mode = ${mode}
`,
    );
    for (const path of [file, users]) chmodSync(path, 0o644);
    chmodSync(folder, 0o755);
    const { account } = server.cluster;
    const pooler = spawn('pgbouncer', [file], { stdio: ['ignore', 'ignore', 'pipe'], ...account });
    try {
      await whenUp(pooler);
      return await body(port);
    } finally {
      const ended = new Promise((resolve) => pooler.once('close', resolve));
      if (pooler.exitCode === null) {
        pooler.kill('SIGKILL');
        await ended;
      }
    }
  });
}

/** Resolves when it listens; rejects with its words when it ends before. */
function whenUp(pooler: ChildProcess): Promise<void> {
  let words = '';
  return new Promise((resolve, reject) => {
    pooler.once('error', reject);
    pooler.once('close', () => reject(new Error(`pgbouncer ended: ${words}`)));
    pooler.stderr?.on('data', (chunk) => {
      words += chunk;
      if (words.includes('process up')) resolve();
    });
  });
}
