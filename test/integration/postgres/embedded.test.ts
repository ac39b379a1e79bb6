import '../../../src/messages/english.js';
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { accountOf, canEnter, runAs, weAreRoot } from '../../../src/embedded/account.js';
import { readPostmaster } from '../../../src/embedded/cluster.js';
import type { EmbeddedEvent } from '../../../src/embedded/events.js';
import { type EmbeddedOptions, openEmbedded } from '../../../src/embedded/server.js';
import { EXIT } from '../../../src/errors.js';
import { stampOf } from '../../../src/lib/process-stamp.js';
import { withConnection } from '../../../src/postgres/connect.js';
import { clusterTemplate, kitOf } from '../../helpers/cluster-template.js';
import { embeddedOptions } from '../../helpers/embedded-options.js';
import { withBusyPort } from '../../helpers/free-port.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { waitFor } from '../../helpers/wait-for.js';

const USER = fileURLToPath(new URL('../../helpers/embedded-user.js', import.meta.url));
/** uid and gid of `nobody`, which every system has. */
const OTHER_ACCOUNT = { uid: 65_534, gid: 65_534 };
const asRoot = weAreRoot() ? false : 'needs root, to become somebody else';

/** Calls `body` with a path for a data folder that the server's account can reach. Stops a server that is left. */
async function withNoData(body: (dir: string) => Promise<void>): Promise<void> {
  await withTempFolder(async (folder) => {
    chmodSync(folder, 0o755);
    const dir = join(folder, 'data');
    try {
      await body(dir);
    } finally {
      const left = readPostmaster(dir);
      if (left !== null && stampOf(left.pid) !== null) process.kill(left.pid, 'SIGQUIT');
    }
  });
}

/** The same with existing data: faster, for tests that need not make them. */
async function withDataFolder(body: (dir: string) => Promise<void>): Promise<void> {
  const template = await clusterTemplate(await kitOf(18));
  await withNoData(async (dir) => {
    const copied = await runAs(null, 'cp', ['-a', template, dir]);
    assert.equal(copied.code, 0, copied.output);
    await body(dir);
  });
}

async function open(dir: string, more: Partial<EmbeddedOptions> = {}) {
  const events: EmbeddedEvent[] = [];
  const server = await openEmbedded(embeddedOptions(dir, more), (event) => events.push(event));
  const kinds = () => events.map(({ kind }) => kind);
  return { server, kinds };
}

/** Whether a server runs on a data folder. */
function isUp(dir: string): boolean {
  const postmaster = readPostmaster(dir);
  return postmaster !== null && stampOf(postmaster.pid) !== null;
}

/** Temporary files that are left beside a data folder. */
function litter(dir: string): string[] {
  return readdirSync(join(dir, '..')).filter((name) => /lock|new-/.test(name));
}

interface UserProcess {
  readonly child: ChildProcess;
  readonly outcome: { port?: number; started?: boolean; exitCode?: number; message?: string };
  /** Releases the server, and waits for the end of the process. */
  leave(): Promise<void>;
  kill(): Promise<void>;
}

/** Another process that uses the server, as another command would. */
async function startUser(dir: string, account: object = {}): Promise<UserProcess> {
  const child = spawn(process.execPath, [USER, dir], {
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
    cwd: '/',
    ...account,
  });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  await waitFor(() => output.endsWith('\n') || child.exitCode !== null, { what: 'the other user' });
  return {
    child,
    outcome: JSON.parse(output),
    leave: async () => {
      child.stdin.end();
      await ended;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

test('the first start makes the data folder, the next keeps it, and each stops at the end', async () => {
  await withNoData(async (dir) => {
    const first = await open(dir);
    assert.deepEqual(first.kinds(), ['creating', 'started']);
    assert.ok(first.server.started);
    await withConnection(first.server.target, async (client) => {
      await client.query('CREATE TABLE kept AS SELECT 1 AS x');
      const { rows } = await client.query(
        `SELECT current_setting('wal_level') AS wal, current_setting('fsync') AS fsync,
                current_setting('synchronous_commit') AS commits,
                current_setting('listen_addresses') AS addresses,
                current_setting('data_checksums') AS checksums`,
      );
      assert.deepEqual(rows, [
        { wal: 'logical', fsync: 'on', commits: 'on', addresses: '127.0.0.1', checksums: 'on' },
      ]);
    });
    await first.server.release();
    await first.server.release();
    assert.ok(!isUp(dir));
    const second = await open(dir);
    assert.deepEqual(second.kinds(), ['started']);
    await withConnection(second.server.target, (client) => client.query('SELECT x FROM kept'));
    await second.server.release();
    assert.ok(!isUp(dir));
    assert.deepEqual(litter(dir), []);
  });
});

test('the last user stops the server, no matter who started it', async () => {
  await withDataFolder(async (dir) => {
    const starter = await startUser(dir);
    assert.equal(starter.outcome.started, true);
    const { server, kinds } = await open(dir);
    assert.equal(server.started, false);
    assert.equal(server.target.port, starter.outcome.port);
    await starter.leave();
    assert.ok(isUp(dir));
    await withConnection(server.target, (client) => client.query('SELECT 1'));
    await server.release();
    assert.deepEqual(kinds(), ['joined', 'stopped']);
    assert.ok(!isUp(dir));
  });
});

test('a user that leaves early lets the server run for the one that started it', async () => {
  await withDataFolder(async (dir) => {
    const { server } = await open(dir);
    const visitor = await startUser(dir);
    await visitor.leave();
    await withConnection(server.target, (client) => client.query('SELECT 1'));
    await server.release();
    assert.ok(!isUp(dir));
  });
});

test('several that start at once share one server', async () => {
  await withNoData(async (dir) => {
    const users = await Promise.all([startUser(dir), startUser(dir), startUser(dir)]);
    assert.equal(users.filter(({ outcome }) => outcome.started === true).length, 1);
    assert.equal(new Set(users.map(({ outcome }) => outcome.port)).size, 1);
    await Promise.all(users.map((user) => user.leave()));
    assert.ok(!isUp(dir));
    assert.deepEqual(litter(dir), []);
  });
});

test('a server whose only user was killed is joined by the next user, who stops it', async () => {
  await withDataFolder(async (dir) => {
    const victim = await startUser(dir);
    await victim.kill();
    assert.ok(isUp(dir));
    const { server } = await open(dir);
    assert.equal(server.started, false);
    await server.release();
    assert.ok(!isUp(dir));
  });
});

test('Ctrl+C in a terminal of its user does not reach the server', async () => {
  await withDataFolder(async (dir) => {
    const user = await startUser(dir);
    const before = readPostmaster(dir)?.pid ?? 0;
    // A terminal sends the signal to the whole process group.
    process.kill(-(user.child.pid ?? 0), 'SIGINT');
    const { server } = await open(dir);
    assert.equal(readPostmaster(dir)?.pid, before);
    assert.equal(server.started, false);
    await server.release();
    await user.leave();
    assert.ok(!isUp(dir));
  });
});

test('a killed server can be started again on its data folder', async () => {
  await withDataFolder(async (dir) => {
    const first = await open(dir);
    await withConnection(first.server.target, (client) =>
      client.query('CREATE TABLE kept (x int)'),
    );
    const pid = readPostmaster(dir)?.pid ?? 0;
    process.kill(pid, 'SIGKILL');
    await waitFor(() => stampOf(pid) === null);
    assert.notEqual(readPostmaster(dir), null);
    // Its other processes notice the death a moment later; PostgreSQL waits for them at the next start.
    const second = await waitFor(() => open(dir).catch(() => null));
    assert.ok(second.server.started);
    await withConnection(second.server.target, (client) => client.query('SELECT x FROM kept'));
    await second.server.release();
    await first.server.release();
    assert.ok(!isUp(dir));
  });
});

test('an explicit port that is taken is an error, and no data folder is made', async () => {
  await withNoData(async (dir) => {
    await withBusyPort(async (port) => {
      await assert.rejects(open(dir, { port, portIsExplicit: true }), {
        exitCode: EXIT.unreachable,
        message: new RegExp(`port ${port} `),
      });
    });
    assert.ok(!existsSync(dir));
    assert.deepEqual(litter(dir), []);
  });
});

test('if the default port is taken, the next free one is used', async () => {
  await withDataFolder(async (dir) => {
    await withBusyPort(async (port) => {
      const { server, kinds } = await open(dir, { port });
      assert.ok(server.target.port > port);
      assert.deepEqual(kinds(), ['port-taken', 'started']);
      await server.release();
    });
  });
});

test('data of another major version are refused, with both versions named', async () => {
  await withNoData(async (dir) => {
    mkdirSync(dir);
    writeFileSync(join(dir, 'PG_VERSION'), '14\n');
    await assert.rejects(open(dir), { exitCode: EXIT.state, message: /14.*18/ });
  });
});

test('a folder with other content is refused and left unchanged', async () => {
  await withNoData(async (dir) => {
    mkdirSync(dir);
    writeFileSync(join(dir, 'thesis.txt'), 'dear');
    await assert.rejects(open(dir), { exitCode: EXIT.state, message: /PG_EMBEDDED_DIR/ });
    assert.deepEqual(readdirSync(dir), ['thesis.txt']);
    assert.deepEqual(litter(dir), []);
  });
});

test('the remains of a killed start are removed', async () => {
  await withNoData(async (dir) => {
    mkdirSync(`${dir}.new-1/base`, { recursive: true });
    writeFileSync(`${dir}.new-1/PG_VERSION`, '18\n');
    const { server } = await open(dir);
    assert.deepEqual(
      litter(dir).filter((name) => name.includes('new-')),
      [],
    );
    await server.release();
  });
});

test("the error of a failed start has the server's reason", async () => {
  await withDataFolder(async (dir) => {
    const first = await open(dir);
    await first.server.release();
    await rm(join(dir, 'global', 'pg_control'));
    await assert.rejects(open(dir), { exitCode: EXIT.unreachable, message: /pg_control|log/ });
    assert.ok(!isUp(dir));
  });
});

test('as root, the server runs as another account', { skip: asRoot }, async () => {
  await withDataFolder(async (dir) => {
    const { server } = await open(dir);
    assert.notEqual(statSync(dir).uid, 0);
    await assert.rejects(
      withConnection(server.target, (client) => client.query("COPY (SELECT 1) TO '/etc/x'")),
      /denied/,
    );
    await server.release();
  });
});

test('data of another account are refused', {
  skip: asRoot,
}, async (t) => {
  if (!canEnter(accountOf(OTHER_ACCOUNT.uid, OTHER_ACCOUNT.gid), join(USER, '..'))) {
    return t.skip('the checkout is out of reach for other accounts');
  }
  await withDataFolder(async (dir) => {
    const { server } = await open(dir);
    const other = await startUser(dir, OTHER_ACCOUNT);
    assert.equal(other.outcome.exitCode, EXIT.state);
    assert.match(other.outcome.message ?? '', /belongs to the user/);
    await other.leave();
    await server.release();
  });
});

test('an ordinary account has a server of its own, which root may use too', {
  skip: asRoot,
}, async (t) => {
  if (!canEnter(accountOf(OTHER_ACCOUNT.uid, OTHER_ACCOUNT.gid), join(USER, '..'))) {
    return t.skip('the checkout is out of reach for other accounts');
  }
  await withNoData(async (dir) => {
    const home = join(dir, '..');
    chownSync(home, OTHER_ACCOUNT.uid, OTHER_ACCOUNT.gid);
    const user = await startUser(dir, OTHER_ACCOUNT);
    assert.equal(user.outcome.started, true, user.outcome.message);
    const { server } = await open(dir);
    assert.equal(server.started, false);
    await server.release();
    await user.leave();
    assert.ok(!isUp(dir));
    const again = await open(dir);
    assert.ok(again.server.started);
    await again.server.release();
  });
});

test('as root, an explicit folder out of reach is an error', { skip: asRoot }, async () => {
  await withTempFolder(async (folder) => {
    await assert.rejects(open(join(folder, '.data', 'postgres')), {
      exitCode: EXIT.state,
      message: /PG_EMBEDDED_DIR/,
    });
    assert.deepEqual(readdirSync(folder), []);
  });
});

test('as root, a default folder out of reach is replaced by another one', {
  skip: asRoot,
}, async () => {
  await withTempFolder(async (folder) => {
    const wanted = join(folder, '.data', 'postgres');
    const first = await open(wanted, { dirIsExplicit: false });
    const { dir } = first.server;
    try {
      assert.deepEqual(first.kinds(), ['moved', 'creating', 'started']);
      assert.deepEqual(readdirSync(folder), []);
      await first.server.release();
      const second = await open(wanted, { dirIsExplicit: false });
      assert.equal(second.server.dir, dir);
      assert.deepEqual(second.kinds(), ['moved', 'started']);
      await second.server.release();
    } finally {
      for (const path of [dir, `${dir}.log`, `${dir}.users`])
        await rm(path, { recursive: true, force: true });
    }
  });
});

test('a folder that cannot be made is an error', async () => {
  await withNoData(async (dir) => {
    writeFileSync(dir, '');
    await assert.rejects(open(join(dir, 'below', 'postgres')), {
      exitCode: EXIT.state,
      message: /PG_EMBEDDED_DIR/,
    });
  });
});
