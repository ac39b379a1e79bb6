import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { HAZARD_NAMES, type HazardName, QUIET_SCHEMA } from '../../src/hazards/hazards.js';
import { sleep } from '../../src/lib/clock.js';
import type { RunSummary } from '../../src/runs/summary.js';
import { schemaWith } from '../../src/schemas/index.js';
import { readVerdict } from '../helpers/accounting.js';
import { seedFrom } from '../helpers/random.js';
import { startServers } from '../helpers/server.js';
import { waitFor } from '../helpers/wait-for.js';
import {
  EXTENSION,
  run as runCommand,
  type Workspace,
  withExtendedWorkspace,
} from '../helpers/workspace.js';
import { requireSame } from './gauntlet/agreement.js';
import { disturb, halfOfCapacity, MEASURED_SECONDS } from './gauntlet/disturb.js';
import { DisturbedRun } from './gauntlet/disturbed-run.js';
import {
  type LedgerContents,
  type RecordedTransaction,
  readLedger,
} from './gauntlet/ledger-reader.js';
import { Oracle } from './gauntlet/oracle.js';

/** Of the run on the newest server: `npm run hazards` asks for 300. */
const SECONDS = Number(process.env.HAZARDS_SECONDS ?? 20);
/** Of the run on an older server. */
const SHORT_SECONDS = 12;
const MODEST_RATE = 200;
const SEED = seedFrom('HAZARDS_SEED', 20_261_130);
/** Between the ends of two threads. */
const THREAD_LIVES_SECONDS = 3;
/** How long a slow machine may take, after the usual time, until each hazard happened. */
const LAST_DEADLINE_MS = 60_000;
/** Between two looks at the ledger. */
const LOOK_MS = 500;

/** From this version on, pgoutput sends prepared transactions at PREPARE. */
const TWO_PHASE_VERSION = 15;

const PUBLICATION = 'hazards';
const LOAD = [
  ...[...EXTENSION, '--workers', '4', '--batch-size', '8'],
  ...['--update-ratio', '0.3', '--delete-ratio', '0.05'],
];
/** A long run has each hazard as often as its usual dial says, and a short one at least once. */
const USUAL = ['all', `publication=${PUBLICATION}/20s`];
const OFTEN = [
  ...['rollback=10%', 'savepoints=15%', 'hot-keys=20%', 'same-row=10%', 'out-of-order=10%'],
  ...['copy=5%', 'unchanged-toast=100%', 'two-phase=15%', 'message=10%', 'key-change=1s'],
  ...['huge=4000/4s', 'long=1s/3s', 'truncate=3s', 'quiet=0.5s/5s', 'ddl=0.5s'],
  `publication=${PUBLICATION}/2s`,
];
const { tables } = schemaWith(['prontuario']);
const ADDED_COLUMNS = tables.names.flatMap((table) =>
  tables.get(table).addedColumns.map(({ name }) => name),
);

const servers = await startServers({
  durable: true,
  settings: { wal_level: 'logical', max_prepared_transactions: '20' },
});

for (const server of servers) {
  const { version } = server;
  const seconds = version === servers.at(-1)?.version ? SECONDS : SHORT_SECONDS;
  const isLong = seconds >= MEASURED_SECONDS;
  test(`${version}: ${seconds} s of all hazards are exact, with threads ended and the server restarted, seed ${SEED}`, async (t) => {
    await withExtendedWorkspace(server, async (workspace) => {
      const { db, cwd, env } = workspace;
      const rate = isLong ? await halfOfCapacity(workspace, LOAD) : MODEST_RATE;
      // One server publishes partitions by their own names, the other by their root's.
      const viaRoot = version === servers[0]?.version;
      await db.query(
        `CREATE PUBLICATION ${PUBLICATION} FOR TABLE ${tables.names.join(', ')}
           WITH (publish_via_partition_root = ${viaRoot})`,
      );
      const slots = { whole: false, parts: version >= TWO_PHASE_VERSION };
      for (const [slot, twoPhase] of Object.entries(slots)) {
        await db.query('SELECT pg_create_logical_replication_slot($1, $2, false, $3)', [
          ...[slot, 'pgoutput', twoPhase],
        ]);
      }
      const oracle = await Oracle.begin(db);

      const hazards = (isLong ? USUAL : OFTEN).flatMap((hazard) => ['--hazard', hazard]);
      const args = [...LOAD, ...hazards, '--rate', String(rate)];
      const run = new DisturbedRun({ cwd, args, env, seed: SEED });
      let summary: RunSummary | null;
      try {
        await run.progress();
        await disturb(run, server, {
          ...{ seconds, threadLivesSeconds: THREAD_LIVES_SECONDS, seed: SEED },
          last: () => untilEachHappened(run),
        });
        summary = await run.end('SIGINT');
      } finally {
        await run.end('SIGKILL');
      }
      assert.ok(summary !== null, 'it ended by itself');
      const { events, reconnects, hazards: times = {} } = summary;
      t.diagnostic(JSON.stringify({ rate, events, reconnects, times }));
      const ledger = readLedger(run.ledger);
      await requireSame(ledger, oracle);
      requireHazards(ledger, times);
      for (const args of [['slot:whole'], ['slot:parts', '--streaming']]) {
        const verify = ['verify', run.id, '--json', '--source', ...args];
        const { code, stdout, stderr } = await runCommand(workspace, verify);
        assert.equal(readVerdict(stdout).verdict, 'exact', `${args.join(' ')}: ${stdout}`);
        assert.equal(code, 0, stderr);
      }
      const checked = await runCommand(workspace, ['ledger', 'check', run.id]);
      assert.equal(checked.code, 0, checked.stdout + checked.stderr);
      await requireNothingLeft(workspace);
      await oracle.end();
      for (const slot of Object.keys(slots)) {
        await db.query('SELECT pg_drop_replication_slot($1)', [slot]);
      }
    });
  });
}

/** Waits until each hazard happened, by the files of the run. */
async function untilEachHappened({ ledger }: DisturbedRun): Promise<void> {
  const eachHappened = async () => {
    const { committed, aborted } = readLedger(ledger);
    const ends = [...committed, ...aborted.filter(isOnPurpose)];
    const names = new Set<string>(ends.flatMap(({ hazards }) => hazards.names));
    // It writes nothing of the run's.
    if (readFileSync(join(ledger, '..', 'hazards.ndjson'), 'utf8').includes('"quiet"')) {
      names.add('quiet');
    }
    if (HAZARD_NAMES.every((name) => names.has(name))) return true;
    await sleep(LOOK_MS);
    return false;
  };
  await waitFor(eachHappened, { deadline: LAST_DEADLINE_MS, what: 'each hazard' });
}

/**
 * Each hazard happened, as often as the ledger has it. A batch that was rolled back on purpose may be counted in the
 * ledger only: its thread or its server ended before it was counted in the summary. `quiet` writes nothing of the run's.
 */
function requireHazards(
  { committed, aborted }: LedgerContents,
  times: NonNullable<RunSummary['hazards']>,
): void {
  const timesIn = (transactions: readonly RecordedTransaction[], name: HazardName) =>
    transactions.filter(({ hazards }) => hazards.names.includes(name)).length;
  const onPurpose = aborted.filter(isOnPurpose);
  for (const name of HAZARD_NAMES) {
    const counted = times[name] ?? 0;
    assert.ok(counted > 0, `no ${name}: ${JSON.stringify(times)}`);
    if (name === 'quiet') continue;
    const least = timesIn(committed, name);
    const mayBeRolledBack = name === 'rollback' || name === 'two-phase';
    const most = least + (mayBeRolledBack ? timesIn(onPurpose, name) : 0);
    assert.ok(least <= counted && counted <= most, `${name}: ${least} <= ${counted} <= ${most}`);
  }
}

function isOnPurpose({ hazards: { names, rollback } }: RecordedTransaction): boolean {
  return names.includes('rollback') || rollback === true;
}

/**
 * No prepared transaction is left. Nothing else but rows is left of a hazard after `init-db`: a thread that was killed
 * when the run ended cannot undo what it made.
 */
async function requireNothingLeft(workspace: Workspace): Promise<void> {
  const { db } = workspace;
  assert.deepEqual(await db.query('SELECT gid FROM pg_prepared_xacts'), []);
  const repaired = await runCommand(workspace, ['init-db', ...EXTENSION]);
  assert.equal(repaired.code, 0, repaired.stderr);
  const [left] = await db.query(
    `SELECT to_regnamespace('${QUIET_SCHEMA}') AS quiet,
            to_regclass('sinais_vitais_2100_01') AS partition,
            (SELECT count(*)::int FROM pg_attribute
              WHERE attname = ANY ($1) AND NOT attisdropped) AS columns,
            (SELECT count(*)::int FROM pg_publication_tables
              WHERE pubname = '${PUBLICATION}' AND tablename = 'auditoria') AS published`,
    [ADDED_COLUMNS],
  );
  assert.deepEqual(left, { quiet: null, partition: null, columns: 0, published: 1 });
}
