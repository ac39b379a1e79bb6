import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { runPath } from '../../src/runs/folder.js';
import type { RunSummary } from '../../src/runs/summary.js';
import { assertExact, assertExactButDoubts } from '../helpers/audit.js';
import type { CliResult } from '../helpers/cli.js';
import type { TestDatabase } from '../helpers/database.js';
import { waitingFor } from '../helpers/hold-ups.js';
import { startServer } from '../helpers/server.js';
import { type StreamRun, summaryOf, withStream } from '../helpers/stream-run.js';
import { waitFor } from '../helpers/wait-for.js';

const server = await startServer(18, { durable: true });

const BATCH = 5;
const LOAD = ['--rate', 'max', '--workers', '3', '--batch-size', String(BATCH)];

/** A run that loses its server for good, and how it ended. */
interface Lost extends StreamRun {
  readonly result: CliResult;
  readonly summary: RunSummary;
}

/**
 * Streams with `args`, stops the server once something is committed, lets the run end (`end`), and holds its
 * summary against the database. `code`: the exit code.
 */
function withLoss(
  args: readonly string[],
  code: number,
  check: (lost: Lost) => void,
  env: Readonly<Record<string, string>>,
  end: (run: StreamRun) => Promise<CliResult> = ({ cli }) => cli.ended(),
): Promise<void> {
  return withStream(
    server,
    ['--workers', '3', '--batch-size', String(BATCH), ...args],
    async (run) => {
      await run.progress(1);
      const stop = () => server.stop('fast');
      // At rest: a run by duration must not end before, however slowly the server does.
      await (args.includes('--duration') ? run.atRest(stop) : stop());
      const result = await end(run);
      await server.start();
      const summary = summaryOf(result, code);
      await assertExactButDoubts(run.db, summary, BATCH);
      check({ ...run, result, summary });
    },
    { env },
  );
}

const LONG_PATIENCE = { STREAM_FAIL_FAST: 'false' };
const SHORT_PATIENCE = { STREAM_RECONNECT_ATTEMPTS: '3' };
const DURATION = ['--duration', '4'];
const countIn = (pattern: RegExp, text: string) =>
  Number(pattern.exec(text)?.[1]?.replaceAll(',', ''));

test('a server that stays away ends the run when the attempts are used up', async () => {
  await withLoss(
    ['--rate', 'max'],
    3,
    ({ result: { stderr }, summary, cwd }) => {
      assert.equal(summary.stopped_by, 'critical');
      assert.match(stderr, /ERROR .* connection lost — reconnecting in [\d.]+s \(attempt 3\/3\)/);
      assert.doesNotMatch(stderr, /attempt 4/);
      // The server's own reason, and why no connection came again.
      assert.match(
        stderr,
        /connection lost and not recovered \(.+ \(57P01\); since then .+\); the run was ended/,
      );
      // The page says so too.
      assert.match(summary.cause ?? '', /\(57P01\); since then /);
      const page = readFileSync(join(runPath(join(cwd, 'logs'), summary.run_id), 'report.html'));
      assert.match(page.toString(), /<strong>Did not finish: [^<]*\(57P01\); since then /);
    },
    SHORT_PATIENCE,
  );
});

test('without fail-fast a run goes on trying until it is told to stop', async () => {
  await withLoss(
    ['--rate', 'max'],
    3,
    ({ summary }) => assert.equal(summary.stopped_by, 'signal'),
    { ...SHORT_PATIENCE, ...LONG_PATIENCE },
    async ({ cli, interrupt }) => {
      await cli.until(/attempt 6\)/);
      return interrupt();
    },
  );
});

test('a run as fast as the server that ends while it is away is no success', async () => {
  await withLoss(
    [...DURATION, '--rate', 'max'],
    3,
    ({ result, summary }) => {
      assert.equal(summary.stopped_by, 'duration');
      assert.equal(summary.server_lost, true);
      assert.match(
        result.stderr,
        /the run ended before its last batches were sent, since the server was lost/,
      );
    },
    LONG_PATIENCE,
  );
});

const DUE = /the run ended with ([\d,]+) due events? unsent, since the server was lost/;

const CYCLE = { STREAM_INTERVAL_SECONDS: '0.2', MAX_JITTER_MS: '50' };
/** Loads that have a due event at every moment. */
const SCHEDULES: Readonly<Record<string, { args: string[]; env?: Record<string, string> }>> = {
  'a rate': { args: ['--rate', '200'] },
  stages: { args: ['--stage', 'constant:200/60s'] },
  'the cycle': { args: [], env: CYCLE },
};

for (const [load, { args, env }] of Object.entries(SCHEDULES)) {
  test(`a run by ${load} that ends while the server is away is no success, and counts what is unsent`, async () => {
    await withLoss(
      [...DURATION, ...args],
      3,
      ({ result, summary }) => {
        assert.equal(summary.stopped_by, 'duration');
        assert.equal(summary.server_lost, true);
        assert.ok((summary.unsent ?? 0) > 0);
        assert.equal(countIn(DUE, result.stderr), summary.unsent);
      },
      { ...LONG_PATIENCE, ...env },
    );
  });
}

/** Loads, and how they end where the server is back and the workers have not noticed: only a schedule has a backlog. */
const ENDS: Readonly<Record<string, number>> = { max: 0, '200': 3 };

for (const [rate, code] of Object.entries(ENDS)) {
  test(`a run by ${rate} that is stopped before its workers come back to the server ends with ${code}`, () =>
    withStream(
      server,
      ['--workers', '1', '--batch-size', String(BATCH), '--rate', rate],
      async ({ db, cli, progress, interrupt }) => {
        await progress(1);
        await server.stop('fast');
        await cli.until(/reconnecting in \d\d/);
        await server.start();
        const summary = summaryOf(await interrupt(), code);
        await assertExact(db, summary);
        assert.equal(summary.server_lost, code === 3);
      },
      {
        env: {
          ...LONG_PATIENCE,
          STREAM_RECONNECT_BASE_SECONDS: '60',
          STREAM_RECONNECT_MAX_SECONDS: '60',
        },
      },
    ));
}

test('batches of the cycle fall due also behind one whose COMMIT got no answer', async () => {
  await withStream(
    server,
    ['--workers', '1', '--batch-size', String(BATCH), '--only', 'exame', ...DURATION],
    async ({ db, cli, progress, atRest }) => {
      await progress(1);
      await db.query(`CREATE FUNCTION audit.ponder() RETURNS trigger LANGUAGE plpgsql
        AS $$ BEGIN PERFORM pg_sleep(600); RETURN NULL; END $$`);
      await db.query(`CREATE CONSTRAINT TRIGGER ponder AFTER INSERT OR UPDATE OR DELETE ON exames
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION audit.ponder()`);
      await waitFor(async () => (await waitingFor(db, 'PgSleep')) === 1, { what: 'a COMMIT' });
      await atRest(() => server.stop('fast'));
      const result = await cli.ended();
      await server.start();
      const summary = summaryOf(result, 3);
      assert.equal(summary.transactions.in_doubt, 1);
      assert.equal(summary.unsent, BATCH);
    },
    { env: { ...LONG_PATIENCE, ...CYCLE } },
  );
});

test('what a lost server kept from being sent is no failure where it is to be shed', async () => {
  await withLoss(
    [...DURATION, '--rate', '200', '--on-lag', 'shed'],
    0,
    ({ result, summary }) => {
      assert.equal(summary.server_lost, false);
      assert.doesNotMatch(result.stderr, DUE);
    },
    LONG_PATIENCE,
  );
});

test('a run that gives up says how many due events it left', async () => {
  await withLoss(
    ['--rate', '500'],
    3,
    ({ result, summary }) => {
      assert.ok((summary.unsent ?? 0) > 0);
      const sentence = /the run was ended with ([\d,]+) due events? unsent/;
      assert.equal(countIn(sentence, result.stderr), summary.unsent);
      const { in_doubt: inDoubt } = summary.transactions;
      assert.equal(result.stderr.includes(`ledger resolve ${summary.run_id}`), inDoubt > 0);
    },
    SHORT_PATIENCE,
  );
});

test('a server that takes connections and fails every batch uses the attempts up as well', async () => {
  const failing = async (db: TestDatabase) => {
    await db.query(`CREATE FUNCTION audit.fail() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION 'disk full' USING ERRCODE = '53100'; END $$`);
    await db.query(`CREATE TRIGGER fail BEFORE INSERT ON pacientes
      FOR EACH ROW EXECUTE FUNCTION audit.fail()`);
  };
  await withStream(
    server,
    LOAD,
    async ({ db, cli }) => {
      const result = await cli.ended();
      await assertExact(db, summaryOf(result, 3));
      assert.match(
        result.stderr,
        /attempt 3\/3\) \[\d workers?: the server's disk is full \(53100\)\]/,
      );
      const end =
        /the run was ended( with [^:]+)?: the disk of the server at \S+ is full: disk full \(53100\); free/;
      assert.match(result.stderr, end);
      assert.doesNotMatch(result.stderr, /refuses/);
    },
    { prepare: failing, env: { STREAM_RECONNECT_ATTEMPTS: '3' } },
  );
});

/** Disturbances after which no batch can succeed, with the exit code and the sentence of the run. */
const HOPELESS: Readonly<Record<string, [(run: StreamRun) => Promise<unknown>, number, RegExp]>> = {
  'a table that is dropped': [
    ({ db }) => db.query('DROP TABLE exames'),
    4,
    /the server refuses the work: .*exames/,
  ],
  'privileges that are revoked': [
    ({ db }) => db.query('REVOKE INSERT ON consultas FROM simulador'),
    4,
    /the server refuses the work: .*simulador.*consultas/,
  ],
  'a password that is changed': [
    async ({ db }) => {
      await db.query(`ALTER ROLE simulador PASSWORD 'outra'`);
      await server.stop('fast');
      await server.start();
    },
    3,
    /the server refuses the work: .*password.*simulador/,
  ],
};

for (const [disturbance, [disturb, code, sentence]] of Object.entries(HOPELESS)) {
  test(`${disturbance} amid the run ends it at once with one sentence`, async () => {
    const grant = async (db: TestDatabase) => {
      await db.query('DROP ROLE IF EXISTS simulador');
      await db.query(`CREATE ROLE simulador LOGIN PASSWORD 'segredo'`);
      await db.query(`GRANT ALL ON SCHEMA public, audit TO simulador`);
      await db.query(`GRANT ALL ON ALL TABLES IN SCHEMA public, audit TO simulador`);
      await db.query(`GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO simulador`);
    };
    await withStream(
      server,
      LOAD,
      async (run) => {
        await run.progress(100);
        await disturb(run);
        const result = await run.cli.ended();
        const summary = summaryOf(result, code);
        assert.equal(summary.stopped_by, 'critical');
        assert.match(result.stderr, sentence);
        assert.equal(result.stderr.split('refuses the work').length - 1, 1);
        assert.ok(!result.stderr.includes('segredo'));
        // A server that turns us away cannot be asked what became of a COMMIT.
        if (code === 3) await assertExactButDoubts(run.db, summary, BATCH);
        else await assertExact(run.db, summary);
        await waitFor(() => run.cli.child.exitCode === code);
        await run.db.query('DROP OWNED BY simulador');
      },
      { prepare: grant, through: { user: 'simulador', password: 'segredo' } },
    );
  });
}
