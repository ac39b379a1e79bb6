import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { assertExact } from '../helpers/audit.js';
import { startServer } from '../helpers/server.js';
import { summaryOf, withStream } from '../helpers/stream-run.js';
import { withTempFolder } from '../helpers/temp-folder.js';

const server = await startServer(18);

/** Size of the file system that the logs are on. */
const SIZE_KIB = 64;
const SLOWLY = ['--interval', '0.01', '--jitter', '0', '--batch-size', '2', '--workers', '2'];

test('a full disk for the logs does not stop the run', async (t) => {
  await withTinyLogs(t, 4, async (logs) => {
    await withStream(
      server,
      [...SLOWLY, '--max-events', '400', '--no-ledger'],
      async ({ db, cli }) => {
        const result = await cli.ended();
        const summary = summaryOf(result);
        await assertExact(db, summary);
        assert.equal(summary.events, 400);
        assert.match(
          result.stderr,
          /app\.log cannot be written \(this machine's disk is full, ENOSPC\)/,
        );
      },
      { env: { LOG_DIR: logs } },
    );
  });
});

for (const rate of ['cycle', 'max']) {
  test(`a full disk for the ledger ends the run, in order, at rate ${rate}`, async (t) => {
    await withTinyLogs(t, 32, async (logs) => {
      await withStream(
        server,
        [...SLOWLY, '--rate', rate],
        async ({ db, cli }) => {
          const result = await cli.ended();
          const summary = summaryOf(result, 4);
          await assertExact(db, summary);
          assert.equal(summary.stopped_by, 'critical');
          assert.ok(summary.events > 0, 'it ended before it began');
          assert.match(
            result.stderr,
            /the ledger cannot be written \(\S+: this machine's disk is full, ENOSPC\)/,
          );
        },
        { env: { LOG_DIR: logs, LANG: 'C' } },
      );
    });
  });
}

/** Lends `body` a folder for logs with so much room. */
async function withTinyLogs(
  t: TestContext,
  freeKiB: number,
  body: (logs: string) => Promise<void>,
): Promise<void> {
  await withTempFolder(async (logs) => {
    if (!mountTiny(logs)) {
      t.skip('no right to mount a file system of its own');
      return;
    }
    try {
      writeFileSync(join(logs, 'ballast'), Buffer.alloc((SIZE_KIB - freeKiB) * 1024));
      await body(logs);
    } finally {
      execFileSync('umount', ['-l', logs]);
    }
  });
}

/** Puts a file system of 64 KiB on a folder; false where that is not allowed. */
function mountTiny(folder: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE_KIB}k`, 'tmpfs', folder], {
      stdio: 'ignore',
    });
    return true;
  } catch {
    return false;
  }
}
