import assert from 'node:assert/strict';
import test from 'node:test';
import { readPostmaster } from '../../src/embedded/cluster.js';
import { Rng } from '../../src/random/rng.js';
import { schemaWith } from '../../src/schemas/index.js';
import { runCli } from '../helpers/cli.js';
import type { TestDatabase } from '../helpers/database.js';
import { seedFrom } from '../helpers/random.js';
import { startServer } from '../helpers/server.js';
import { waitFor } from '../helpers/wait-for.js';
import { EXTENSION, withExtendedWorkspace } from '../helpers/workspace.js';
import { requireCounts, requireSame } from './gauntlet/agreement.js';
import { DisturbedRun } from './gauntlet/disturbed-run.js';
import { readLedger } from './gauntlet/ledger-reader.js';
import { Oracle } from './gauntlet/oracle.js';
import { FaultyProxy, type ProxyFault } from './gauntlet/proxy.js';

/** `npm run gauntlet` asks for more. */
const FAULTS = Number(process.env.GAUNTLET_FAULTS ?? 24);
const SEED = seedFrom('GAUNTLET_SEED', 20_261_125);
/** Faults of one run of the program, before it is ended and held against the oracle. */
const FAULTS_OF_A_RUN = 12;
const ARGS = [
  ...['--rate', '1500', '--workers', '5', '--batch-size', '6'],
  ...['--update-ratio', '0.3', '--delete-ratio', '0.1'],
];
/** Every other run has the extension; as every other run is killed, the pairs of both repeat after so many. */
const CYCLE = 4;
const WITH_EXTENSION = [0, 3];

/** One of these is drawn: faults of the proxy at a COMMIT come oftenest, since they are the hardest. */
const KINDS: readonly (ProxyFault | 'backends' | 'immediate' | 'postmaster' | 'thread')[] = [
  ...(['before', 'amid', 'after'] as const).flatMap((fault) => [fault, fault]),
  ...(['delay', 'half', 'backends', 'backends', 'thread', 'thread'] as const),
  ...(['immediate', 'postmaster'] as const),
];
const AT_COMMIT: readonly string[] = ['before', 'amid', 'after'];

const server = await startServer(18, { durable: true, settings: { wal_level: 'logical' } });

test(`gauntlet: ${FAULTS} faults, seed ${SEED}`, async (t) => {
  const rng = new Rng(SEED).at(1, 1);
  const sums = { faults: 0, atCommit: 0, doubted: 0, transactions: 0, runs: 0, killed: 0 };
  await withExtendedWorkspace(server, async ({ db, cwd, env }) => {
    const oracle = await Oracle.begin(db);
    while (sums.faults < FAULTS) {
      const proxy = new FaultyProxy(server.port);
      const extended = WITH_EXTENSION.includes(sums.runs % CYCLE);
      const run = new DisturbedRun({
        cwd,
        args: extended ? [...ARGS, ...EXTENSION] : ARGS,
        env: { ...env, PG_PORT: String(await proxy.listen()) },
        seed: SEED + sums.runs,
      });
      try {
        await run.progress();
        for (let i = 0; i < FAULTS_OF_A_RUN && sums.faults < FAULTS; i++) {
          const kind = KINDS[Math.floor(rng.unit() * KINDS.length)]!;
          await strike(kind, { db, proxy, run, rng });
          sums.faults++;
          if (AT_COMMIT.includes(kind)) sums.atCommit++;
          await run.progress();
        }
        // Every other run is killed, with transactions under way.
        const killed = sums.runs++ % 2 === 1;
        if (killed) sums.killed++;
        if (killed) sums.faults++;
        const summary = await run.end(killed ? 'SIGKILL' : 'SIGINT');
        if (summary === null) {
          const resolved = await runCli(['ledger', 'resolve', run.id, '--lang', 'en'], {
            cwd,
            env,
          });
          assert.equal(resolved.code, 0, resolved.stderr);
        }
        const ledger = readLedger(run.ledger);
        await requireSame(ledger, oracle);
        const { tables } = schemaWith(extended ? EXTENSION.slice(1) : []);
        if (summary !== null) requireCounts(tables, ledger, summary);
        const checked = await runCli(['ledger', 'check', run.id, '--lang', 'en'], { cwd, env });
        assert.equal(checked.code, 0, checked.stdout + checked.stderr);
        sums.doubted += ledger.doubted;
        sums.transactions += ledger.committed.length;
      } finally {
        await run.end('SIGKILL');
        await proxy.close();
      }
    }
    await oracle.end();
    t.diagnostic(JSON.stringify(oracle.hard));
  });
  t.diagnostic(JSON.stringify(sums));
  assert.ok(sums.atCommit >= FAULTS / 5, 'too few faults at COMMIT');
});

interface Struck {
  readonly db: TestDatabase;
  readonly proxy: FaultyProxy;
  readonly run: DisturbedRun;
  readonly rng: Rng;
}

async function strike(
  kind: (typeof KINDS)[number],
  { db, proxy, run, rng }: Struck,
): Promise<void> {
  switch (kind) {
    case 'backends':
      await server.terminateBackends(db.name);
      return;
    case 'thread':
      run.endThread(rng.unit());
      return;
    case 'immediate':
      await server.stop('immediate');
      return restart();
    case 'postmaster': {
      const postmaster = readPostmaster(server.cluster.dir);
      assert.ok(postmaster !== null);
      process.kill(postmaster.pid, 'SIGKILL');
      return restart();
    }
    default:
      await proxy.strike(kind);
  }
}

/** Orphaned backends keep the memory of a killed server for a moment. */
async function restart(): Promise<void> {
  await waitFor(() =>
    server.start().then(
      () => true,
      () => false,
    ),
  );
}
