import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { withTempFolder } from '../helpers/temp-folder.js';
import { waitFor } from '../helpers/wait-for.js';

const FILE = fileURLToPath(new URL('../fixtures/waits-with-server.js', import.meta.url));

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`tests that are stopped by ${signal} leave no server behind`, () =>
    withTempFolder(async (folder) => {
      const pidFile = join(folder, 'pid');
      // As the runner starts the file, not as one of its own files.
      const { NODE_TEST_CONTEXT: _, ...env } = process.env;
      const child = spawn(process.execPath, ['--test', FILE], {
        env: { ...env, PID_FILE: pidFile },
        stdio: 'ignore',
        detached: true,
      });
      const ended = new Promise((resolve) => child.on('exit', resolve));
      try {
        const pid = await waitFor(
          () => existsSync(pidFile) && Number(readFileSync(pidFile, 'utf8')),
        );
        assert.ok(isAlive(Number(pid)));
        // As a terminal does it: to the runner and to the file at once.
        process.kill(-(child.pid ?? 0), signal);
        await ended;
        await waitFor(() => !isAlive(Number(pid)), { what: 'the server to end' });
      } finally {
        child.kill('SIGKILL');
      }
    }));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
