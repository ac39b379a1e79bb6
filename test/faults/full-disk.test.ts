import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { assertExact } from '../helpers/audit.js';
import { startServer } from '../helpers/server.js';
import { summaryOf, withStream } from '../helpers/stream-run.js';
import { withTempFolder } from '../helpers/temp-folder.js';

const server = await startServer(18);

test('a full disk for the logs does not stop the run', async (t) => {
  await withTempFolder(async (logs) => {
    if (!mountTiny(logs)) {
      t.skip('no right to mount a file system of its own');
      return;
    }
    try {
      // What is left is enough for a handful of lines.
      writeFileSync(join(logs, 'ballast'), Buffer.alloc(60 * 1024));
      await withStream(
        server,
        [
          ...['--interval', '0.01', '--jitter', '0', '--batch-size', '2', '--max-events', '400'],
          ...['--workers', '2'],
        ],
        async ({ db, cli }) => {
          const result = await cli.ended();
          const summary = summaryOf(result);
          await assertExact(db, summary);
          assert.equal(summary.events, 400);
          assert.match(result.stderr, /não foi possível gravar em .*app\.log/);
        },
        { env: { LOG_DIR: logs } },
      );
    } finally {
      execFileSync('umount', ['-l', logs]);
    }
  });
});

/** Puts a file system of 64 KiB on a folder; false where that is not allowed. */
function mountTiny(folder: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
