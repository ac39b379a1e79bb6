import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { readPostmaster } from '../../src/embedded/cluster.js';
import { EXIT } from '../../src/errors.js';
import { Rng } from '../../src/random/rng.js';
import type { RunSummary } from '../../src/runs/summary.js';
import { noRows, type Operation } from '../../src/schema/changes.js';
import { runCli } from '../helpers/cli.js';
import { type TestDatabase, withDatabase } from '../helpers/database.js';
import { hospital } from '../helpers/hospital.js';
import { seedFrom } from '../helpers/random.js';
import { startServer } from '../helpers/server.js';
import { withTempFolder } from '../helpers/temp-folder.js';
import { envOf } from '../helpers/test-target.js';
import { waitFor } from '../helpers/wait-for.js';
import { type LedgerContents, readLedger } from './gauntlet/ledger-reader.js';
import { Oracle, type SeenTransaction } from './gauntlet/oracle.js';
import { FaultyProxy, type ProxyFault } from './gauntlet/proxy.js';

/** `npm run gauntlet` asks for more. */
const FAULTS = Number(process.env.GAUNTLET_FAULTS ?? 24);
const SEED = seedFrom('GAUNTLET_SEED', 20_261_125);
/** Faults of one run of the program, before it is ended and held against the oracle. */
const FAULTS_OF_A_RUN = 12;
/** A run goes on for so many bytes of ledger between faults. */
const LEDGER_BETWEEN = 8_000;
const CLI = fileURLToPath(new URL('../../src/cli.js', import.meta.url));
const HOOK = new URL('./gauntlet/hook.js', import.meta.url).href;
const ARGS = [
  ...['stream', '--json', '--lang', 'en', '--rate', '1500', '--workers', '5', '--batch-size', '6'],
  ...['--update-ratio', '0.3', '--delete-ratio', '0.1', '--log-level', 'ERROR'],
];
const ENV = {
  STREAM_RECONNECT_BASE_SECONDS: '0.05',
  STREAM_RECONNECT_MAX_SECONDS: '0.2',
  STREAM_RECONNECT_ATTEMPTS: '500',
};

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
  await withTempFolder((cwd) =>
    withDatabase(server, async (db) => {
      const env = { ...ENV, ...envOf(db.target) };
      const seeded = await runCli(['seed', '--scale', '0.2'], { cwd, env });
      assert.equal(seeded.code, 0, seeded.stderr);
      const oracle = await Oracle.begin(db);
      while (sums.faults < FAULTS) {
        const proxy = new FaultyProxy(server.port);
        const run = new Run(cwd, {
          ...env,
          PG_PORT: String(await proxy.listen()),
          GAUNTLET_SEED: String(SEED + sums.runs),
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
          assert.deepEqual([ledger.unknown, ledger.open], [0, 0], 'unknown or open');
          await compare(ledger, oracle);
          if (summary !== null) agree(ledger, summary);
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
    }),
  );
  t.diagnostic(JSON.stringify(sums));
  assert.ok(sums.atCommit >= FAULTS / 5, 'too few faults at COMMIT');
});

interface Struck {
  readonly db: TestDatabase;
  readonly proxy: FaultyProxy;
  readonly run: Run;
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

/** The ledger has exactly the transactions that the server's decoder and its WAL have. */
async function compare(ledger: LedgerContents, oracle: Oracle): Promise<void> {
  const decoded = await oracle.transactions();
  const commits = await oracle.commits();
  const text = ({ changes }: SeenTransaction) => changes.join(', ');
  assert.deepEqual(ledger.committed.map(text).sort(), decoded.map(text).sort());
  const xidOf = new Map(decoded.map((transaction) => [text(transaction), transaction.xid]));
  for (const transaction of ledger.committed) {
    const { xid } = transaction;
    if (xid !== null) {
      assert.equal(xid, xidOf.get(text(transaction)));
      assert.ok(commits.has(xid), `no commit of ${xid} in the WAL`);
    }
  }
}

/** The summary has exactly the rows and transactions of the ledger. */
function agree({ committed }: LedgerContents, { rows, transactions }: RunSummary): void {
  const counted = noRows(hospital.tables);
  for (const change of committed.flatMap(({ changes }) => changes)) {
    const [table, operation] = change.split(' ') as [string, Operation];
    counted[table]![operation]++;
  }
  assert.deepEqual(rows, counted);
  assert.equal(transactions.committed, committed.length);
  assert.equal(transactions.in_doubt, 0);
}

/** The program under way, with a clock that jumps and threads that can be ended. */
class Run {
  readonly #cwd: string;
  readonly #child;
  readonly #before: ReadonlySet<string>;
  #stdout = '';
  #stderr = '';

  constructor(cwd: string, env: Readonly<Record<string, string>>) {
    this.#cwd = cwd;
    this.#before = new Set(this.#runs());
    this.#child = fork(CLI, ARGS, {
      cwd,
      env: { PATH: process.env.PATH ?? '', ...env },
      execArgv: ['--enable-source-maps', '--import', HOOK],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#child.stdout?.on('data', (chunk) => {
      this.#stdout += chunk;
    });
    this.#child.stderr?.on('data', (chunk) => {
      this.#stderr += chunk;
    });
  }

  get id(): string {
    const id = this.#runs().find((name) => !this.#before.has(name));
    assert.ok(id !== undefined, `no run began:\n${this.#stderr}`);
    return id;
  }

  get ledger(): string {
    return join(this.#cwd, 'logs', 'runs', this.id, 'ledger');
  }

  /** Waits until the ledger has grown. */
  async progress(): Promise<void> {
    await waitFor(() => this.#runs().some((name) => !this.#before.has(name)));
    const goal = this.#bytes() + LEDGER_BETWEEN;
    await waitFor(
      () => {
        if (this.#child.exitCode !== null) throw new Error(`it ended:\n${this.#stderr}`);
        return this.#bytes() >= goal;
      },
      { what: 'progress' },
    );
  }

  /** Ends one of its threads; `draw`: from 0 to below 1, which one. */
  endThread(draw: number): void {
    this.#child.send(draw);
  }

  /** Ends it; the summary, of one that was not killed. */
  async end(signal: NodeJS.Signals): Promise<RunSummary | null> {
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== null || signalCode !== null) return null;
    const ended = new Promise<void>((resolve) => this.#child.once('close', () => resolve()));
    this.#child.kill(signal);
    await ended;
    if (signal === 'SIGKILL') return null;
    const summary = JSON.parse(this.#stdout) as RunSummary;
    // One that ends while it works off what it missed without a connection is no success.
    const code = summary.server_lost ? EXIT.unreachable : EXIT.done;
    assert.equal(this.#child.exitCode, code, this.#stderr);
    return summary;
  }

  #runs(): string[] {
    try {
      return readdirSync(join(this.#cwd, 'logs', 'runs'));
    } catch {
      return [];
    }
  }

  #bytes(): number {
    try {
      const sizes = readdirSync(this.ledger).map((name) => statSync(join(this.ledger, name)).size);
      return sizes.reduce((sum, size) => sum + size, 0);
    } catch {
      return 0;
    }
  }
}
