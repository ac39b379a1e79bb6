import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { ledgerFile } from '../../../src/ledger/folder.js';
import { LedgerReader } from '../../../src/ledger/reader.js';
import { LedgerWriter } from '../../../src/ledger/writer.js';
import { withConnection } from '../../../src/postgres/connect.js';
import { identifyPrimary } from '../../../src/postgres/identity.js';
import type { PreparedEnd } from '../../../src/postgres/pending.js';
import { findPrepared, gidOf, prepareStatement } from '../../../src/postgres/prepared.js';
import { closeJournals } from '../../../src/run/close-journals.js';
import { WorkerStats } from '../../../src/run/worker-stats.js';
import { withDatabase } from '../../helpers/database.js';
import { hospital } from '../../helpers/hospital.js';
import { startServers } from '../../helpers/server.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { envOf } from '../../helpers/test-target.js';
import { whenStopped } from '../../helpers/when-stopped.js';
import { run, type Workspace, withBareWorkspace } from '../../helpers/workspace.js';
import { DOCTORS, RUN } from './preparing-run.js';

const PREPARING_RUN = fileURLToPath(new URL('preparing-run.js', import.meta.url));

const servers = await startServers({ settings: { max_prepared_transactions: '20' } });

/** Starts the run that prepares transactions, and kills its process once it has. */
async function leaveOrphans({ db, cwd }: Workspace): Promise<void> {
  const ledger = join(cwd, 'logs', 'runs', RUN, 'ledger');
  const child = fork(PREPARING_RUN, ['prepare']);
  const release = whenStopped(() => child.kill('SIGKILL'));
  child.send({ target: db.target, ledger });
  const ended = once(child, 'exit');
  await Promise.race([
    once(child, 'message'),
    ended.then(() => assert.fail('the run ended by itself')),
  ]);
  child.kill('SIGKILL');
  await ended;
  release();
}

async function ledger(workspace: Workspace, action: string) {
  const { code, stdout, stderr } = await run(workspace, [
    'ledger',
    action,
    '--json',
    '--lang',
    'en',
  ]);
  assert.notEqual(stdout, '', stderr);
  return { code, document: JSON.parse(stdout), stderr };
}

async function doctors({ db }: Workspace): Promise<number[]> {
  const rows = await db.query<{ id: number }>(
    'SELECT id::int FROM medicos WHERE id > 9000 ORDER BY id',
  );
  return rows.map(({ id }) => id);
}

const prepared = ({ db }: Workspace) =>
  withConnection(db.target, (client) => findPrepared(client, RUN));

const gid = (worker: number, intent: number) => gidOf({ run: RUN, worker, connection: 1, intent });

for (const server of servers) {
  for (const crash of [false, true]) {
    const crashed = crash ? 'a killed process and a crashed server' : 'a killed process';
    test(`${server.version}: prepared transactions of ${crashed} are found and finished`, () =>
      withBareWorkspace(server, async (workspace) => {
        await leaveOrphans(workspace);
        if (crash) {
          await server.stop('immediate');
          await server.start();
        }
        const before = await ledger(workspace, 'check');
        assert.equal(before.code, 5);
        assert.equal(before.document.ok, false);
        assert.deepEqual(before.document.prepared, [gid(1, 3), gid(1, 4), gid(2, 1)]);
        assert.match(before.stderr, /3 prepared transactions .* `ledger resolve` finishes them/);
        assert.deepEqual(before.document.differences.count, 0);

        const { code, document, stderr } = await ledger(workspace, 'resolve');
        assert.equal(code, 0, stderr);
        assert.deepEqual(document, {
          ...{ run: RUN, resolved: 3, committed: 1, aborted: 2, unknown: 0, finished: 3 },
        });
        assert.deepEqual(await prepared(workspace), []);
        assert.deepEqual(await doctors(workspace), [
          DOCTORS.committed,
          DOCTORS.finished,
          DOCTORS.prepared,
        ]);

        const after = await ledger(workspace, 'check');
        assert.equal(after.code, 0, after.stderr);
        assert.equal(after.document.prepared, undefined);
        const outcomes = { committed: 3, aborted: 2, unknown: 0, open: 0 };
        assert.deepEqual(after.document.transactions, outcomes);
        assert.deepEqual(after.document.hazards.times, { 'two-phase': 3 });
        const again = await ledger(workspace, 'resolve');
        assert.equal(again.document.finished, undefined);
      }));
  }

  test(`${server.version}: prepared transactions of another role are named, and stay`, () =>
    withBareWorkspace(server, async (workspace) => {
      await leaveOrphans(workspace);
      const { db, cwd } = workspace;
      const role = `${db.name}_other`;
      await db.query(`CREATE ROLE ${role} LOGIN PASSWORD '${db.target.password}'; GRANT pg_read_all_stats, pg_signal_backend TO ${role};
                      GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role}`);
      try {
        const env = { ...workspace.env, ...envOf({ ...db.target, user: role }) };
        const { code, document, stderr } = await ledger({ db, cwd, env }, 'resolve');
        assert.equal(code, 5, stderr);
        assert.ok((await prepared(workspace)).includes(gid(1, 3)));
        assert.match(stderr, new RegExp(`${gid(1, 3)} can be finished only by the role`));
        assert.ok(stderr.includes(`in database "${db.name}"`), stderr);
        assert.ok(document.unknown > 0);
        assert.equal((await ledger(workspace, 'resolve')).code, 0);
        assert.deepEqual(await prepared(workspace), []);
      } finally {
        await db.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
      }
    }));

  for (const end of ['commit', 'rollback'] as const) {
    test(`${server.version}: the end of a run finishes a transaction that a worker left prepared: ${end}`, () =>
      withTempFolder((folder) =>
        withDatabase(server, async ({ target, query }) => {
          const { stats, task } = await leavePrepared(target, folder, end);
          const journals = [{ stats, ledger: task }];
          const failure = await closeJournals(hospital, journals, target, 5_000, null);
          assert.equal(failure, null);
          assert.deepEqual(await query('SELECT gid FROM pg_prepared_xacts'), []);
          const committed = end === 'commit' ? 1 : 0;
          assert.equal(stats.get('committed'), committed);
          assert.equal(stats.get('rolledBack'), 0, 'what is rolled back on purpose is not counted');
          const rows = await query('SELECT id FROM medicos WHERE id = 9001');
          assert.equal(rows.length, committed);
          const reader = new LedgerReader(hospital.tables, ledgerFile(folder, 1, 1), {});
          await reader.readAll();
          const { counts } = reader.transactions;
          assert.deepEqual(counts, { committed, aborted: 1 - committed, unknown: 0, open: 0 });
        }),
      ));
  }
}

/** A worker's journal whose only transaction is prepared, and its connection gone. */
async function leavePrepared(target: Workspace['db']['target'], folder: string, end: PreparedEnd) {
  mkdirSync(folder, { recursive: true });
  const stats = new WorkerStats(hospital);
  const place = { run: RUN, worker: 1 };
  const task = { ...place, folder, rng: 7, hazards: true };
  await withConnection(target, async (client) => {
    const { server, backend } = await identifyPrimary(client);
    stats.backend = backend;
    const { connections: connection } = stats;
    const header = { ...place, connection, rng: 7, server_offset_ms: 0, server, backend };
    const path = ledgerFile(folder, 1, connection);
    const writer = LedgerWriter.create(hospital, path, header, true);
    await client.query(`BEGIN;
      INSERT INTO medicos (id, nome, crm, especialidade) VALUES (9001, 'Ana', 'CRM/SP 1', 'clínica')`);
    const { rows } = await client.query<{ xid: string; lsn: string }>(
      'SELECT pg_current_xact_id()::text AS xid, pg_current_wal_insert_lsn()::text AS lsn',
    );
    const { xid, lsn } = rows[0]!;
    const row = [9001, 'Ana', 'CRM/SP 1', 'clínica', null];
    const [number = 0] = writer.intend([
      {
        ...{ xid, lsn, subtransactions: false },
        changes: [{ table: 'medicos', operation: 'insert', rows: [row] }],
        hazards: {
          names: ['two-phase'],
          prepared: true,
          ...(end === 'rollback' ? { rollback: true } : {}),
        },
      },
    ]);
    const witness = { table: 'medicos', operation: 'insert', key: 9001 } as const;
    stats.intend({ xid, lsn, witness, prepared: end }, [], 0, number);
    await client.query(prepareStatement(gidOf({ ...place, connection, intent: number })));
    writer.close();
  });
  return { stats, task };
}
