import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { schemaWith } from '../../src/schemas/index.js';
import { readVerdict } from '../helpers/accounting.js';
import type { TestDatabase } from '../helpers/database.js';
import { startServers } from '../helpers/server.js';
import { stream } from '../helpers/stream-run.js';
import { EXTENSION, run, type Workspace, withExtendedWorkspace } from '../helpers/workspace.js';
import { requireSame } from './gauntlet/agreement.js';
import { readLedger } from './gauntlet/ledger-reader.js';
import { Oracle } from './gauntlet/oracle.js';

/** From this version on, pgoutput sends prepared transactions at PREPARE. */
const TWO_PHASE_VERSION = 15;
/** From this version on, the server can be told to stream every change at once. */
const EVERY_CHANGE_VERSION = 17;

const PUBLICATION = 'streamed';
/** Batches of more than the server decodes in memory, and rolled-back savepoints in each. */
const LOAD = [
  ...[...EXTENSION, '--workers', '3', '--batch-size', '50', '--rate', '400', '--duration', '5s'],
  ...['--hazard', 'savepoints=100%', '--hazard', 'two-phase=40%', '--hazard', 'rollback=10%'],
  ...['--hazard', 'same-row=20%', '--hazard', 'message=20%', '--hazard', 'copy=20%'],
  ...['--hazard', 'huge=1500/1.5s', '--hazard', 'long=0.5s/2s', '--hazard', 'ddl=0.4s'],
  ...['--hazard', 'truncate=1s', '--hazard', 'key-change=1s'],
];
const { tables } = schemaWith(['prontuario']);

const servers = await startServers({
  settings: {
    ...{ wal_level: 'logical', max_prepared_transactions: '20' },
    logical_decoding_work_mem: '64kB',
  },
});

for (const server of servers) {
  const { version } = server;
  const twoPhase = version >= TWO_PHASE_VERSION;
  const everyChange = version >= EVERY_CHANGE_VERSION;
  test(`${version}: transactions that the server sends before their end are exact`, async (t) => {
    await withExtendedWorkspace(server, async (workspace) => {
      const { db, cwd } = workspace;
      await db.query(`CREATE PUBLICATION ${PUBLICATION} FOR TABLE ${tables.names.join(', ')}`);
      const slots = { whole: false, parts: false, prepared: twoPhase, changes: twoPhase };
      for (const [slot, two] of Object.entries(slots)) {
        await db.query('SELECT pg_create_logical_replication_slot($1, $2, false, $3)', [
          ...[slot, 'pgoutput', two],
        ]);
      }
      const oracle = await Oracle.begin(db);
      const { summary } = await stream(workspace, LOAD);
      const { run_id: id, events, hazards } = summary;
      t.diagnostic(JSON.stringify({ events, hazards }));
      await requireSame(readLedger(join(cwd, 'logs', 'runs', id, 'ledger')), oracle);

      // Without streaming, PostgreSQL 18 has been seen to send Stream Aborts nevertheless.
      await rollBackLarge(db);
      const whole = await sentBy(db, 'whole', "'proto_version', '1'");
      assert.equal(whole.starts + whole.prepares, 0);
      await requireExact(workspace, id, ['--source', 'slot:whole']);

      const parts = await sentBy(db, 'parts', "'proto_version', '2', 'streaming', 'on'");
      await requireStreamed(workspace, id, 'parts');
      t.diagnostic(JSON.stringify({ whole, parts }));
      assert.ok(parts.starts > 0, 'no Stream Start');
      assert.ok(parts.aborted > 0, 'no Stream Abort of a subtransaction');

      if (!twoPhase)
        t.diagnostic(`PostgreSQL ${version} prepares no transaction in pgoutput: skipped`);
      else {
        const prepared = await sentBy(db, 'prepared', THREE);
        await requireStreamed(workspace, id, 'prepared');
        t.diagnostic(JSON.stringify({ prepared }));
        assert.ok(prepared.prepares > 0, 'no Begin Prepare');
      }
      if (!everyChange) t.diagnostic(`PostgreSQL ${version} does not stream every change: skipped`);
      else {
        await db.query(
          `ALTER DATABASE ${db.name} SET debug_logical_replication_streaming = 'immediate'`,
        );
        const changes = await sentBy(db, 'changes', THREE);
        await requireStreamed(workspace, id, 'changes');
        t.diagnostic(JSON.stringify({ changes }));
        assert.ok(changes.aborted > 0, 'no Stream Abort of a subtransaction');
        assert.ok(changes.prepares > 0, 'no Stream Prepare');
      }
      await oracle.end();
      for (const slot of Object.keys(slots)) {
        await db.query('SELECT pg_drop_replication_slot($1)', [slot]);
      }
    });
  });
}

/** Options of a reader of the newest kind. */
const THREE = "'proto_version', '3', 'streaming', 'on', 'two_phase', 'on'";

interface Sent {
  /** Stream Starts. */
  readonly starts: number;
  /** Stream Aborts: of any transaction, and of those, of subtransactions. */
  readonly aborts: number;
  readonly aborted: number;
  /** Begin Prepares and Stream Prepares. */
  readonly prepares: number;
}

/** Counts of the messages that the server sends to a reader of this slot, with these options. */
async function sentBy({ query }: TestDatabase, slot: string, options: string): Promise<Sent> {
  const [sent] = await query<Sent>(
    `SELECT count(*) FILTER (WHERE type = 'S')::int AS starts,
            count(*) FILTER (WHERE type = 'A')::int AS aborts,
            count(*) FILTER (WHERE type = 'A' AND substring(data FROM 2 FOR 4) <> substring(data FROM 6))::int AS aborted,
            count(*) FILTER (WHERE type IN ('b', 'p'))::int AS prepares
       FROM (SELECT data, chr(get_byte(data, 0)) AS type
               FROM pg_logical_slot_peek_binary_changes($1, NULL, NULL,
                      'publication_names', '${PUBLICATION}', ${options})) AS sent`,
    [slot],
  );
  return sent!;
}

/** Rolls back a transaction with large subtransactions and one of them alone, of another writer. */
async function rollBackLarge({ query }: TestDatabase): Promise<void> {
  const insert = (count: number) =>
    `INSERT INTO medicos (nome, crm, especialidade)
       SELECT repeat('n', 90), substr(md5(random()::text), 1, 18), 'e' FROM generate_series(1, ${count}) n`;
  for (const end of ['ROLLBACK', 'COMMIT']) {
    await query(
      [
        'BEGIN',
        'SAVEPOINT a',
        insert(1_000),
        'SAVEPOINT b',
        insert(1),
        insert(1_000),
        'ROLLBACK TO a',
      ]
        .concat(
          'SAVEPOINT c',
          insert(1),
          'RELEASE c',
          end === 'ROLLBACK' ? insert(1_000) : 'SELECT',
          end,
        )
        .join(';'),
    );
  }
}

/** `verify --streaming` must find the run exact, and say that it had parts of transactions. */
async function requireStreamed(workspace: Workspace, id: string, slot: string): Promise<void> {
  const args = ['--source', `slot:${slot}`, '--streaming', '--log-level', 'DEBUG', '--lang', 'en'];
  const stderr = await requireExact(workspace, id, args);
  assert.match(stderr, /the server sent \d[\d,]* parts? of transactions before their end/);
}

/** `verify` must find the run exact. Returns its log. */
async function requireExact(
  workspace: Workspace,
  id: string,
  args: readonly string[],
): Promise<string> {
  const { code, stdout, stderr } = await run(workspace, ['verify', id, '--json', ...args]);
  const { verdict } = readVerdict(stdout);
  assert.equal(verdict, 'exact', `${args.join(' ')}: ${stdout}`);
  assert.equal(code, 0, stderr);
  return stderr;
}
