import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { readPostmaster } from '../../../src/embedded/cluster.js';
import { EXIT } from '../../../src/errors.js';
import { monotonicMs, sleep } from '../../../src/lib/clock.js';
import { runCli, startCli } from '../../helpers/cli.js';
import { withDatabase } from '../../helpers/database.js';
import { startServer } from '../../helpers/server.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { envOf } from '../../helpers/test-target.js';
import { waitFor } from '../../helpers/wait-for.js';

const server = await startServer(18);

/** The promised time is for an idle machine; tests run beside each other. */
const SOON_MS = 2_000 * 2;
const SKIP = process.platform === 'linux' ? false : 'needs /proc';

/** Delays every module but the entry, for ever. */
const HOLD = `export async function load(url, context, next) {
  if (url.startsWith('file:') && !url.endsWith('/src/cli.js')) await new Promise(() => setInterval(() => {}, 1000));
  return next(url, context);
}`;
const dataUrl = (code: string) => `data:text/javascript,${encodeURIComponent(code)}`;
const HOLDING = `--import ${dataUrl(`import { register } from 'node:module'; register(${JSON.stringify(dataUrl(HOLD))})`)}`;

/** Whether a process catches SIGHUP: the program does, Node.js by itself does not. */
function catchesSignals(pid: number | undefined): boolean {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const caught = /^SigCgt:\s+(\S+)/m.exec(status)?.[1] ?? '0';
  return (BigInt(`0x${caught}`) & 1n) === 1n;
}

function hasOpen(pid: number | undefined, path: string): boolean {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).some((name) => {
    try {
      return readlinkSync(join(folder, name)) === path;
    } catch {
      // The process has closed its end meanwhile.
      return false;
    }
  });
}

test('signals are heeded before any module is loaded', { skip: SKIP }, () =>
  withTempFolder(async (cwd) => {
    const cli = startCli(['counts'], { cwd, env: { NODE_OPTIONS: HOLDING } });
    try {
      await waitFor(() => catchesSignals(cli.child.pid), { what: 'its first line' });
      cli.child.kill('SIGTERM');
      const asked = monotonicMs();
      assert.equal((await cli.ended()).code, EXIT.forced);
      assert.ok(monotonicMs() - asked < SOON_MS);
    } finally {
      cli.child.kill('SIGKILL');
    }
  }),
);

test(
  'a settings file that is a pipe without a writer is not waited for after a signal',
  { skip: SKIP },
  () =>
    withTempFolder(async (cwd) => {
      const path = join(cwd, 'settings');
      execFileSync('mkfifo', [path]);
      const cli = startCli(['counts', '--config', path], { cwd });
      try {
        await waitFor(() => hasOpen(cli.child.pid, path), { what: 'the file to be read' });
        cli.child.kill('SIGINT');
        assert.equal((await cli.ended()).code, EXIT.forced);
      } finally {
        cli.child.kill('SIGKILL');
      }
    }),
);

const LAST_MOMENT_MS = 400;

/** Starts a command again and again, with a signal a little later each time. */
async function atEveryMoment(
  args: readonly string[],
  { cwd, env, everyMs }: { cwd: string; env?: Record<string, string>; everyMs: number },
  check: () => void = () => undefined,
): Promise<void> {
  let heeded = 0;
  for (let moment = 0; moment <= LAST_MOMENT_MS; moment += everyMs) {
    const cli = startCli(args, { cwd, ...(env === undefined ? {} : { env }) });
    try {
      // The moment itself is what is tried.
      await sleep(moment);
      const isRunning = cli.child.exitCode === null;
      const catches = isRunning && catchesSignals(cli.child.pid);
      cli.child.kill('SIGTERM');
      const asked = monotonicMs();
      const { code, stderr } = await cli.ended();
      const took = monotonicMs() - asked;
      assert.ok(took < SOON_MS, `${moment} ms: ${took} ms\n${stderr}`);
      if (catches) heeded++;
      if (catches)
        assert.ok(code === EXIT.forced || code === EXIT.done, `${moment} ms: ${code} ${stderr}`);
      check();
    } finally {
      cli.child.kill('SIGKILL');
    }
  }
  assert.ok(heeded > 0, 'no signal came after the first line');
}

test('SIGTERM at any moment of a command ends it soon, never by the signal', { skip: SKIP }, () =>
  withDatabase(server, (db) =>
    withTempFolder(async (cwd) => {
      await atEveryMoment(['counts'], { cwd, env: envOf(db.target), everyMs: 10 });
      await atEveryMoment(['--help'], { cwd, everyMs: 20 });
      for (const name of readdirSync(join(cwd, 'logs'))) assert.match(name, /\.log$/);
    }),
  ),
);

test(
  'SIGTERM while the embedded server is started leaves none behind',
  { skip: SKIP, timeout: 120_000 },
  () =>
    withTempFolder(async (cwd) => {
      // As root, the server runs as another user, who must be able to enter.
      await chmod(cwd, 0o755);
      const { code, stderr } = await runCli(['init-db'], { cwd });
      assert.equal(code, EXIT.done, stderr);
      const dir = join(cwd, '.data', 'postgres');
      await atEveryMoment(['counts'], { cwd, everyMs: 40 }, () => {
        assert.equal(readPostmaster(dir), null);
        assert.equal(existsSync(join(dir, 'postmaster.pid')), false);
      });
    }),
);
