import assert from 'node:assert/strict';
import test from 'node:test';
import type { RunSummary } from '../../src/runs/summary.js';
import { schemaWith } from '../../src/schemas/index.js';
import { readVerdict } from '../helpers/accounting.js';
import { seedFrom } from '../helpers/random.js';
import { SERVER_VERSIONS, startServers } from '../helpers/server.js';
import { EXTENSION, run as runCommand, withExtendedWorkspace } from '../helpers/workspace.js';
import { requireCounts, requireSame } from './gauntlet/agreement.js';
import { disturb, halfOfCapacity, MEASURED_SECONDS } from './gauntlet/disturb.js';
import { DisturbedRun } from './gauntlet/disturbed-run.js';
import { type LedgerContents, readLedger } from './gauntlet/ledger-reader.js';
import { Oracle } from './gauntlet/oracle.js';

/** Of the run on the newest of the servers: `npm run hard-rows` asks for 300. */
const SECONDS = Number(process.env.HARD_ROWS_SECONDS ?? 12);
/** Of the run on an older server. */
const SHORT_SECONDS = 6;
const MODEST_RATE = 300;
const SEED = seedFrom('HARD_ROWS_SEED', 20_261_129);
/** Between the ends of two threads. */
const THREAD_LIVES_SECONDS = 4;
/** Bytes of ledger after the last disturbance: some 1,000 events, so that a slow machine has every hard change, too. */
const LAST_PROGRESS = 40_000;

const SLOT = 'hard_rows';
const LOAD = [
  ...[...EXTENSION, '--workers', '5', '--batch-size', '8'],
  ...['--update-ratio', '0.3', '--delete-ratio', '0.05'],
];
/** A short run has the rows with hard changes more often. */
const OFTEN_HARD = {
  STREAM_WEIGHTS: [
    ...['consulta=20', 'exame=10', 'internacao=5', 'novo_paciente=10', 'vinculo=5'],
    ...['prontuario=20', 'sinal_vital=20', 'prescricao=10', 'auditoria=30', 'item_conta=50'],
  ].join(),
};
const { tables } = schemaWith(['prontuario']);

// Of the newest server, the gate has hard rows and more in `hazards-run.test.ts`.
const versions =
  process.env.HARD_ROWS_SECONDS === undefined ? SERVER_VERSIONS.slice(0, 1) : SERVER_VERSIONS;
const servers = await startServers({ durable: true, settings: { wal_level: 'logical' } }, versions);

for (const server of servers) {
  const { version } = server;
  const seconds = version === servers.at(-1)?.version ? SECONDS : SHORT_SECONDS;
  test(`${version}: ${seconds} s of hard rows are exact, with threads ended and the server restarted, seed ${SEED}`, async (t) => {
    await withExtendedWorkspace(server, async (workspace) => {
      const { db, cwd, env } = workspace;
      const rate = seconds < MEASURED_SECONDS ? MODEST_RATE : await halfOfCapacity(workspace, LOAD);
      // One server publishes partitions by their own names, the other by their root's.
      const viaRoot = version === servers[0]?.version;
      await db.query(
        `CREATE PUBLICATION ${SLOT} FOR ALL TABLES WITH (publish_via_partition_root = ${viaRoot})`,
      );
      await db.query(`SELECT pg_create_logical_replication_slot('${SLOT}', 'pgoutput')`);
      const oracle = await Oracle.begin(db);

      const weights = seconds < MEASURED_SECONDS ? OFTEN_HARD : {};
      const args = [...LOAD, '--rate', String(rate)];
      const run = new DisturbedRun({ cwd, args, env: { ...env, ...weights }, seed: SEED });
      let summary: RunSummary | null;
      try {
        await run.progress();
        await disturb(run, server, {
          ...{ seconds, threadLivesSeconds: THREAD_LIVES_SECONDS, seed: SEED },
          last: () => run.progress(LAST_PROGRESS),
        });
        summary = await run.end('SIGINT');
      } finally {
        await run.end('SIGKILL');
      }
      assert.ok(summary !== null, 'it ended by itself');
      const verified = await runCommand(workspace, [
        'verify',
        run.id,
        '--json',
        '--source',
        `slot:${SLOT}`,
      ]);
      const ledger = readLedger(run.ledger);
      t.diagnostic(
        JSON.stringify({ rate, events: summary.events, reconnects: summary.reconnects }),
      );
      await requireSame(ledger, oracle);
      requireCounts(tables, ledger, summary);
      const { exit_code, events, doubts, causes } = readVerdict(verified.stdout);
      assert.equal(exit_code, 0, JSON.stringify({ events, doubts, causes }));
      assert.equal(verified.code, 0, verified.stderr);
      const checked = await runCommand(workspace, ['ledger', 'check', run.id]);
      assert.equal(checked.code, 0, checked.stdout + checked.stderr);

      const hard = { ...oracle.hard, alike: alikeOf(ledger) };
      t.diagnostic(JSON.stringify(hard));
      for (const [name, count] of Object.entries(hard)) assert.ok(count > 0, `no ${name}`);
      await oracle.end();
      await db.query(`SELECT pg_drop_replication_slot('${SLOT}')`);
    });
  });
}

/** Rows of the table without a key that the run inserted, and that equal one it had inserted before. */
function alikeOf({ committed }: LedgerContents): number {
  const inserts = committed.flatMap(({ changes }) =>
    changes.filter((change) => change.startsWith('auditoria insert ')),
  );
  return inserts.length - new Set(inserts).size;
}
