import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { startCli } from '../../helpers/cli.js';
import { type Envelope, NOWHERE, transactionsOf, withRecorded, withSource } from './recorded.js';
import { requireDocument } from './verifying.js';

/** Far below the time without events that would end it without `--wait`. */
const EVERY_MS = 20;
/** A verification that takes longer would not end. */
const DEADLINE = { timeout: 30_000 };
/** The format of the ledger that runs write. */
const FORMAT = 2;

/** Traffic that continues after a run and has no events of it; composed anew for each test. */
const OTHERS: Readonly<Record<string, (event: Envelope) => object>> = {
  heartbeats: () => ({ ts_ms: Date.now() }),
  'rows of other tables': (event) => now(event, { table: 'laudos' }),
  'rows of other schemas': (event) => now(event, { schema: 'arquivo' }),
  'another writer of the same tables': (event) => now(event, { txId: 4_000_000 }),
  'ends of transactions': () => ({ status: 'END', id: '9:9', event_count: 1, ts_ms: Date.now() }),
};

function now(event: Envelope, source: Partial<Envelope['source']>): Envelope {
  const ts_ms = Date.now();
  const { after } = event;
  const at = {
    ts_ms,
    ts_us: ts_ms * 1000,
    ts_ns: ts_ms * 1_000_000,
    lsn: event.source.lsn + 9_999_999,
  };
  return withSource(
    { ...event, op: 'c', after: { ...after, id: 77_777_777 } },
    { ...at, ...source },
  );
}

for (const [name, other] of Object.entries(OTHERS)) {
  test(`--wait counts from the last change of the run: ${name} prolong nothing`, DEADLINE, () =>
    withRecorded(FORMAT, 'plain', async ({ events, cwd }) => {
      const lost = transactionsOf(events).at(-1) ?? assert.fail();
      const path = join(cwd, 'pipe');
      execFileSync('mkfifo', [path]);
      const args = ['verify', '--json', '--source', `ndjson:${path}`, '--wait', '1s'];
      const cli = startCli(args, { cwd, env: NOWHERE });
      let pipe: FileHandle | null = null;
      let writing: NodeJS.Timeout | undefined;
      try {
        pipe = await open(path, 'w');
        const write = (each: object) =>
          pipe?.write(`${JSON.stringify(each)}\n`).catch(() => undefined);
        for (const event of events) if (!lost.includes(event)) await write(event);
        writing = setInterval(() => write(other(events[0] ?? assert.fail())), EVERY_MS);
        const { document } = requireDocument(await cli.ended(), 8);
        assert.deepEqual(document.doubts, { ended_early: lost.length });
      } finally {
        clearInterval(writing);
        cli.child.kill('SIGKILL');
        await pipe?.close();
      }
    }),
  );
}

test('Ctrl+C ends a verification of a silent pipe', DEADLINE, () =>
  withRecorded(FORMAT, 'plain', async ({ cwd }) => {
    const path = join(cwd, 'pipe');
    execFileSync('mkfifo', [path]);
    const cli = startCli(['verify', '--json', '--source', `ndjson:${path}`], { cwd, env: NOWHERE });
    try {
      await cli.until(/comparing ndjson/);
      cli.child.kill('SIGINT');
      const { document } = requireDocument(await cli.ended(), 8);
      assert.ok('interrupted' in document.doubts);
    } finally {
      cli.child.kill('SIGKILL');
    }
  }),
);
