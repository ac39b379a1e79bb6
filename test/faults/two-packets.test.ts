import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import test, { type TestContext } from 'node:test';
import { workersAThread } from '../../src/run/threads.js';
import type { Tables } from '../../src/schema/tables.js';
import { packetDepth } from '../../workers/pipelined-commit.js';
import { runCli } from '../helpers/cli.js';
import { freezeServer } from '../helpers/freeze-server.js';
import { hospital } from '../helpers/hospital.js';
import { seedFrom } from '../helpers/random.js';
import { startServer } from '../helpers/server.js';
import { waitFor } from '../helpers/wait-for.js';
import { type Workspace, withPlainWorkspace } from '../helpers/workspace.js';
import { requireCounts, requireSame } from './gauntlet/agreement.js';
import { DisturbedRun } from './gauntlet/disturbed-run.js';
import {
  type ConnectionLedger,
  connectionFiles,
  readConnections,
  readLatestConnections,
  readLedger,
} from './gauntlet/ledger-reader.js';
import { Oracle } from './gauntlet/oracle.js';

const SEED = seedFrom('PACKETS_SEED', 20_261_130);
/** Each kind of strike. */
const ROUNDS = Number(process.env.PACKETS_ROUNDS ?? 1);
const WORKERS = 3;
const BATCH = 20;
/** Transactions of a packet at most. */
const DEPTH = packetDepth(BATCH);
/** Every batch goes in a packet: exams are nobody's parents, and their updates need not be read back. */
const LOAD = [
  ...['--batch-size', String(BATCH), '--only', 'exame'],
  ...['--update-ratio', '0.3', '--delete-ratio', '0'],
];
/** Within this, a worker whose server is frozen has sent all that it may send. */
const SENT_MS = 2_000;
/** So many share three a thread on any machine. */
const MANY = 3 * Math.max(5, availableParallelism());
/** Deaths of threads that had several workers. */
const SHARED_DEATHS = 4;

const server = await startServer(18, {
  settings: { wal_level: 'logical', max_connections: String(MANY + 30) },
});

/** The frozen server goes on before the strike, which falls amid its packets, or after it. */
const STRIKES = [
  { what: 'backends', amid: false },
  { what: 'backends', amid: true },
  { what: 'thread', amid: false },
  { what: 'thread', amid: true },
] as const;

test(`connections and threads that end with two packets under way cost nothing, seed ${SEED}`, async (t) => {
  await held(t, WORKERS, 'max', async (run) => {
    for (let round = 0; round < ROUNDS * STRIKES.length; round++) {
      const strike = STRIKES[round % STRIKES.length]!;
      const before = connectionFiles(run.ledger).length;
      await withTwoPackets(run, (connections, thaw) => {
        if (strike.amid) thaw();
        if (strike.what === 'thread') run.endThread((round * 0.377) % 1);
        else for (const { backend } of connections) endBackend(backend);
      });
      await waitFor(() => connectionFiles(run.ledger).length > before, {
        what: 'another connection',
      });
      await everyoneCommits(run, WORKERS);
    }
    const settled = readConnections(run.ledger).filter(({ settled }) => settled > DEPTH);
    t.diagnostic(`${settled.length} connections left more than a packet unanswered`);
    assert.ok(settled.length >= ROUNDS, `${settled.length} connections with two packets in doubt`);
  });
});

test('all workers of a thread that dies go on', async (t) => {
  assert.equal(workersAThread(MANY, true), 3);
  await held(t, MANY, '2000', async (run) => {
    // After a death, some threads have fewer workers than others.
    for (let shared = 0, round = 0; shared < SHARED_DEATHS; round++) {
      const before = connectionFiles(run.ledger).length;
      run.endThread((round * 0.377) % 1);
      await waitFor(() => connectionFiles(run.ledger).length > before, {
        what: 'another connection',
      });
      await everyoneCommits(run, MANY);
      if (connectionFiles(run.ledger).length - before > 1) shared++;
    }
  });
});

/** Lends `body` a run, ends it, and holds its ledger and summary against the server's decoder and `ledger check`. */
async function held(
  t: TestContext,
  workers: number,
  rate: string,
  body: (run: DisturbedRun) => Promise<void>,
): Promise<void> {
  await withPlainWorkspace(server, async (workspace) => {
    const { db, cwd, env } = workspace;
    const oracle = await Oracle.begin(db);
    const args = [...LOAD, '--workers', String(workers), '--rate', rate];
    const run = new DisturbedRun({ cwd, args, env, seed: SEED });
    try {
      await run.progress();
      await everyoneCommits(run, workers);
      await body(run);
      await requireExact(t, run, oracle, workspace);
      await oracle.end();
    } finally {
      await run.end('SIGKILL');
    }
  });
}

async function requireExact(
  t: TestContext,
  run: DisturbedRun,
  oracle: Oracle,
  { cwd, env }: Workspace,
): Promise<void> {
  const tables: Tables = hospital.tables;
  const summary = await run.end('SIGINT');
  assert.ok(summary !== null);
  const ledger = readLedger(run.ledger);
  await requireSame(ledger, oracle);
  requireCounts(tables, ledger, summary);
  const checked = await runCli(['ledger', 'check', run.id, '--lang', 'en'], { cwd, env });
  assert.equal(checked.code, 0, checked.stdout + checked.stderr);
  t.diagnostic(`${ledger.committed.length} committed, ${ledger.doubted} doubted`);
}

/**
 * Freezes the server until every worker has two packets without an answer, and calls `strike`, which may thaw the
 * server.
 */
async function withTwoPackets(
  run: DisturbedRun,
  strike: (connections: readonly ConnectionLedger[], thaw: () => void) => void,
): Promise<void> {
  for (;;) {
    await run.progress();
    const thaw = freezeServer(server);
    try {
      const connections = await waitFor(() => twoPacketsEach(run), { deadline: SENT_MS }).catch(
        () => null,
      );
      // A worker that reads a batch back just now sends no packet.
      if (connections === null) continue;
      strike(connections, thaw);
      return;
    } finally {
      thaw();
    }
  }
}

/** The latest connections of all workers; null unless each has more transactions under way than one packet holds. */
function twoPacketsEach(run: DisturbedRun): ConnectionLedger[] | null {
  const connections = latest(run);
  return connections.every(({ open }) => open > DEPTH) ? connections : null;
}

/** Waits until each worker has committed something more. */
async function everyoneCommits(run: DisturbedRun, workers: number): Promise<void> {
  const before = new Map(latest(run).map((each) => [each.worker, each]));
  const hasCommitted = ({ worker, connection, committed }: ConnectionLedger) => {
    const then = before.get(worker);
    return committed > (then?.connection === connection ? then.committed : 0);
  };
  await waitFor(
    () => {
      const now = latest(run);
      return now.length === workers && now.every(hasCommitted);
    },
    { what: 'commits of every worker' },
  );
}

function latest(run: DisturbedRun): ConnectionLedger[] {
  return readLatestConnections(run.ledger);
}

/** Does the same as pg_terminate_backend, which a frozen server cannot carry out. */
function endBackend(pid: number): void {
  try {
    process.kill(pid, 'SIGTERM');
  } catch {
    // It has ended.
  }
}
