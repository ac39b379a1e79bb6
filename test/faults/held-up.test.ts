import assert from 'node:assert/strict';
import test from 'node:test';
import { monotonicMs } from '../../src/lib/clock.js';
import { assertExact } from '../helpers/audit.js';
import { runCli } from '../helpers/cli.js';
import { awaitStandby, type Hold, lockTables, waitingFor } from '../helpers/hold-ups.js';
import { startServer } from '../helpers/server.js';
import { type StreamRun, summaryOf, withStream } from '../helpers/stream-run.js';
import { envOf } from '../helpers/test-target.js';
import { waitFor } from '../helpers/wait-for.js';

const server = await startServer(18);

/** The promised time; `BESIDE`: its factor on a machine that runs other tests at once. */
const SOON_MS = 2_000;
const BESIDE = 2;
const WORKERS = 3;
const LOAD = ['--workers', String(WORKERS), '--batch-size', '20'];
/** So long that it is never the grace that ends a run here. */
const ENV = { STREAM_STOP_GRACE_SECONDS: '60' };

const BY_LOCK =
  /(\d+) batch(?:es)? in flight waited for a lock on pacientes held by process \d+ \(migration, idle in transaction\), and (?:was|were) rolled back/;
const BY_STANDBY =
  /(\d+) transactions? in flight waited for a synchronous standby \(synchronous_standby_names is "absent"\): the wait was ended, and (?:it is|they are) committed on this server, unconfirmed by a standby/;

/** Has every worker wait, lends the run, and ends the wait. */
async function heldUp(hold: Hold, run: StreamRun, body: () => Promise<void>): Promise<void> {
  await run.progress(100);
  const release =
    hold === 'Lock' ? await lockTables(run.db, 'pacientes') : await awaitStandby(server);
  try {
    await waitFor(async () => (await stalled(run.db, hold)) === WORKERS, { what: hold });
    await body();
  } finally {
    await release();
  }
}

/** Workers that wait for this, or for a row that a worker holds which waits for it. */
async function stalled(db: StreamRun['db'], hold: Hold): Promise<number> {
  const held = await waitingFor(db, hold);
  return hold === 'Lock' ? held : held + (await waitingFor(db, 'Lock'));
}

async function requireLedger({ db, cwd }: StreamRun): Promise<void> {
  const env = { ...envOf(db.target), APP_LANG: 'en' };
  const { code, stdout, stderr } = await runCli(['ledger', 'check'], { cwd, env });
  assert.equal(code, 0, stdout + stderr);
}

for (const pace of ['max', '400']) {
  test(`Ctrl+C ends a run of --rate ${pace} that a lock holds up: its batches are rolled back, and that is no success`, async () => {
    await withStream(
      server,
      [...LOAD, '--rate', pace],
      async (run) => {
        await heldUp('Lock', run, async () => {
          const asked = monotonicMs();
          const result = await run.interrupt();
          const took = monotonicMs() - asked;
          const summary = summaryOf(result, 130);
          assert.ok(took < SOON_MS * BESIDE, `${took} ms`);
          assert.equal(summary.stopped_by, 'signal');
          assert.equal(summary.held_up, true);
          assert.ok(summary.given_up >= WORKERS);
          assert.equal(Number(BY_LOCK.exec(result.stderr)?.[1]), summary.given_up, result.stderr);
          assert.doesNotMatch(result.stderr, /ERROR|connection lost|repeating/);
          await assertExact(run.db, summary);
        });
        await requireLedger(run);
      },
      { env: ENV },
    );
  });
}

test('Ctrl+C ends a run that an absent standby holds up: its batches are committed here, as ledger and slot say', async () => {
  await withStream(
    server,
    [...LOAD, '--rate', 'max'],
    async (run) => {
      await heldUp('SyncRep', run, async () => {
        const asked = monotonicMs();
        const result = await run.interrupt('SIGTERM');
        const took = monotonicMs() - asked;
        const summary = summaryOf(result);
        assert.ok(took < SOON_MS * BESIDE, `${took} ms`);
        assert.equal(summary.held_up, false);
        assert.equal(summary.given_up, 0);
        assert.ok(Number(BY_STANDBY.exec(result.stderr)?.[1]) >= WORKERS, result.stderr);
        await assertExact(run.db, summary);
      });
      await requireLedger(run);
      const env = { ...envOf(run.db.target), APP_LANG: 'en' };
      const verified = await runCli(['verify', '--source', 'slot:watch'], { cwd: run.cwd, env });
      assert.equal(verified.code, 0, verified.stdout + verified.stderr);
      await run.db.query(`SELECT pg_drop_replication_slot('watch')`);
    },
    {
      env: ENV,
      prepare: async (db) => {
        await db.query('CREATE PUBLICATION watch FOR ALL TABLES');
        await db.query(`SELECT pg_create_logical_replication_slot('watch', 'pgoutput')`);
      },
    },
  );
});

for (const hold of ['Lock', 'SyncRep'] as const) {
  test(`a run whose time is over while ${hold} holds it up ends with 4 and counts what is unsent`, async () => {
    await withStream(
      server,
      [...LOAD, '--rate', '400', '--duration', '4'],
      async (run) => {
        await heldUp(hold, run, async () => {
          const result = await run.cli.ended();
          const summary = summaryOf(result, 4);
          assert.equal(summary.stopped_by, 'duration');
          assert.equal(summary.held_up, true);
          assert.equal(summary.server_lost, false);
          assert.ok((summary.unsent ?? 0) > 0);
          const sentence = new RegExp(
            `the run ended with ${summary.unsent?.toLocaleString('en-US')} due events unsent`,
          );
          assert.match(result.stderr, sentence);
          assert.match(result.stderr, hold === 'Lock' ? BY_LOCK : BY_STANDBY);
          await assertExact(run.db, summary);
        });
        await requireLedger(run);
      },
      { env: ENV },
    );
  });
}

test('a batch that just takes long is left to finish', async () => {
  await withStream(
    server,
    [
      '--workers',
      '1',
      '--batch-size',
      '1',
      '--interval',
      '0.1',
      '--jitter',
      '0',
      '--only',
      'exame',
    ],
    async (run) => {
      await run.progress(3);
      await run.db.query(`CREATE FUNCTION audit.ponder() RETURNS trigger LANGUAGE plpgsql
        AS $$ BEGIN PERFORM pg_sleep(3); RETURN NULL; END $$`);
      await run.db.query(`CREATE TRIGGER ponder AFTER INSERT OR UPDATE OR DELETE ON exames
        FOR EACH STATEMENT EXECUTE FUNCTION audit.ponder()`);
      await waitFor(async () => (await waitingFor(run.db, 'PgSleep')) === 1, {
        what: 'a slow batch',
      });
      const summary = summaryOf(await run.interrupt());
      assert.equal(summary.held_up, false);
      await assertExact(run.db, summary);
    },
    { env: ENV },
  );
});
