import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { BATCH_HAZARDS, type BatchHazard } from '../../../src/hazards/hazards.js';
import type { RunSummary } from '../../../src/runs/summary.js';
import { schemaWith } from '../../../src/schemas/index.js';
import { requireSame } from '../../faults/gauntlet/agreement.js';
import { readLedger } from '../../faults/gauntlet/ledger-reader.js';
import { Oracle } from '../../faults/gauntlet/oracle.js';
import { startCli } from '../../helpers/cli.js';
import { type TestDatabase, withSession } from '../../helpers/database.js';
import { withHazardRun } from '../../helpers/hazard-run.js';
import { startServers } from '../../helpers/server.js';
import { summaryOf } from '../../helpers/stream-run.js';
import { waitFor } from '../../helpers/wait-for.js';
import {
  EXTENSION,
  run,
  type Workspace,
  withExtendedWorkspace,
  withPlainWorkspace,
} from '../../helpers/workspace.js';

const MOST_PREPARED = 20;
/** Deadlocks are found at once, so that a run of seconds has some. */
const settings = {
  wal_level: 'logical',
  max_prepared_transactions: String(MOST_PREPARED),
  deadlock_timeout: '20ms',
};
const servers = await startServers({ settings });
const schema = schemaWith([]);

/** A transaction as its line of the ledger has it. */
interface Intent {
  readonly intent: number;
  readonly xid: string;
  readonly rows: Record<string, Record<string, string | readonly string[]>>;
  readonly hazards?: {
    readonly names: readonly BatchHazard[];
    readonly undone?: Record<string, Record<string, string | readonly string[]>>;
    readonly gid?: string;
    readonly rollback?: true;
    readonly messages?: readonly { readonly content: string; readonly transactional: boolean }[];
  };
}

interface Transaction extends Intent {
  readonly worker: string;
  readonly committed: boolean;
  readonly lsn: string | null;
}

/** A line of `test_decoding`. */
interface Decoded {
  readonly lsn: string;
  readonly xid: string;
  readonly data: string;
}

for (const server of servers) {
  const { version } = server;

  test(`${version}: with all hazards of batches, the server decodes the ledger's transactions`, () =>
    withExtendedWorkspace(server, async (workspace) => {
      const { db } = workspace;
      const oracle = await Oracle.begin(db);
      const names = BATCH_HAZARDS.filter((name) => name !== 'rollback');
      const hazards = [...names.map((name) => `${name}=40%`), 'rollback=20%'];
      const events = 1_000;
      const args = ['--max-events', String(events), '--batch-size', '10', '--workers', '4'];
      const { summary, prepared } = await streamWith(workspace, hazards, [...args, ...EXTENSION]);
      assert.equal(summary.events, events);
      // Those that were rolled back on purpose are not among them.
      assert.equal(summary.transactions.rolled_back, summary.retries);
      const transactions = ledgerOf(workspace);
      const decoded = await peek(db);
      await requireSame(readLedger(ledgerFolder(workspace)), oracle);
      await oracle.end();
      const { code, stdout, stderr } = await run(workspace, ['ledger', 'check']);
      assert.equal(code, 0, stdout + stderr);
      assert.ok(prepared > 0, 'none was seen prepared');
      assert.deepEqual(await db.query('SELECT gid FROM pg_prepared_xacts'), []);

      for (const name of BATCH_HAZARDS) {
        assert.ok(withHazard(transactions, name).length > 0, `no ${name}`);
      }
      requireRolledBack(transactions, decoded);
      requireUndone(transactions, decoded);
      requireOneRow(transactions, decoded);
      requireSharedLsn(transactions, decoded);
      requireUnchanged(transactions, decoded);
      requireMessages(transactions, decoded);
      requireHotOrder(transactions, decoded);
      assert.ok(outOfOrder(transactions) > 0);
    }));
}

const [server] = servers;
if (server === undefined) throw new Error('no server');

test('connections fight over hot rows: they wait, and some deadlock and are retried', () =>
  withPlainWorkspace(server, async (workspace) => {
    const oracle = await Oracle.begin(workspace.db);
    const args = ['--max-events', '150', '--batch-size', '1', '--workers', '6'];
    const { summary, waited } = await streamWith(workspace, ['hot-keys=100%'], args);
    assert.ok(waited > 0, 'none was seen waiting');
    assert.ok(summary.retries > 0, 'no retry');
    assert.equal(summary.events, 150);
    const transactions = ledgerOf(workspace);
    requireHotOrder(transactions, await peek(workspace.db));
    await requireSame(readLedger(ledgerFolder(workspace)), oracle);
    await oracle.end();
    // Without that hazard, a worker commits its ids in their order.
    assert.equal(outOfOrder(transactions), 0);
  }));

test('prepared transactions outlive their connections, and are finished by the next ones', () =>
  withPlainWorkspace(server, async (workspace) => {
    const { db } = workspace;
    const oracle = await Oracle.begin(db);
    const args = ['--batch-size', '5', '--max-events', '600', '--workers', '3'];
    let orphans = 0;
    const { summary } = await streamWith(workspace, ['two-phase=100%'], args, async (query) => {
      if (orphans >= 5) return;
      // Between PREPARE TRANSACTION and its end the connection is idle, and not in a transaction.
      const ended = await query(
        `SELECT pg_terminate_backend(a.pid)
           FROM pg_stat_activity a, LATERAL (SELECT count(*) AS prepared FROM pg_prepared_xacts) p
          WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()
            AND a.query LIKE 'PREPARE TRANSACTION%' AND a.state = 'idle' AND prepared > 0
            AND random() < 0.05`,
      );
      orphans += ended.length;
    });
    assert.ok(orphans > 0, 'no connection was ended');
    assert.ok(summary.reconnects > 0);
    assert.ok(summary.transactions.settled > 0, 'none was settled');
    assert.equal(summary.events, 600);
    assert.deepEqual(await db.query('SELECT gid FROM pg_prepared_xacts'), []);
    await requireSame(readLedger(ledgerFolder(workspace)), oracle);
    await oracle.end();
  }));

test('a thread that takes the place of a dead one finishes the transaction that it left prepared', () =>
  withPlainWorkspace(server, async ({ db, cwd }) => {
    const hazards = { 'two-phase': 1, rollback: 0.3, 'hot-keys': 0.3, savepoints: 0.3, copy: 0.1 };
    const load = { workers: 3, rate: 'max' } as const;
    const { hazards: times } = await withHazardRun(db, cwd, schema, hazards, load, async (run) => {
      const { engine, deaths } = run;
      const running = engine.start();
      const progress = (more: number) => {
        const goal = engine.sample().events + more;
        return waitFor(() => engine.sample().events >= goal, { what: 'events' });
      };
      for (let death = 1; death <= 6; death++) {
        // A thread without its tasks would end unnoticed.
        const inPlace = () => run.ready() >= load.workers + deaths.length;
        await waitFor(inPlace, { what: 'the thread in its place' });
        await progress(40);
        const before = deaths.length;
        const threads = engine.producerThreads;
        await threads[death % threads.length]?.terminate();
        await waitFor(() => deaths.length > before, { what: 'the report of its death' });
      }
      await progress(100);
      engine.stop();
      return running;
    });
    assert.deepEqual(await db.query('SELECT gid FROM pg_prepared_xacts'), []);
    assert.deepEqual(Object.keys(times).sort(), Object.keys(hazards).sort());
    for (const [name, count] of Object.entries(times)) assert.ok(count > 0, name);
  }));

test('a hazard is left out of a batch where the server refuses its rows', () =>
  withPlainWorkspace(server, async ({ db, cwd }) => {
    await db.query(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN RAISE EXCEPTION 'refused'; END $$`);
    await db.query(`CREATE TRIGGER refuse AFTER INSERT ON exames
                    FOR EACH ROW WHEN (NEW.id % 50 = 0) EXECUTE FUNCTION refuse()`);
    const hazards = { copy: 1, savepoints: 0.5, 'same-row': 0.5 };
    const load = { rate: 'max', maxEvents: 300 } as const;
    const { hazards: times } = await withHazardRun(db, cwd, schema, hazards, load, async (run) => {
      const outcome = await run.engine.start();
      assert.equal(run.engine.sample().events, 300);
      return outcome;
    });
    // Most COPYs have such a row.
    assert.ok(times.copy! > 0 && times.copy! < 50, `${times.copy} of 60 batches`);
  }));

test('a batch is committed at once where the server has no room for another prepared transaction', () =>
  withPlainWorkspace(server, async ({ db, cwd }) => {
    const load = { rate: 'max', maxEvents: 100 } as const;
    const { hazards } = await withHazardRun(db, cwd, schema, { 'two-phase': 1 }, load, (run) =>
      withSession(db, async ({ query }) => {
        const names = Array.from({ length: MOST_PREPARED }, (_, i) => `full-${i}`);
        for (const name of names) {
          await query('BEGIN');
          await query(`PREPARE TRANSACTION '${name}'`);
        }
        const outcome = await run.engine.start();
        for (const name of names) await query(`ROLLBACK PREPARED '${name}'`);
        return outcome;
      }),
    );
    assert.deepEqual(hazards, { 'two-phase': 0 });
  }));

interface StreamedHazards {
  readonly summary: RunSummary;
  /** How often a prepared transaction was seen, and a connection that waits for a row. */
  readonly prepared: number;
  readonly waited: number;
}

/** Runs `stream` with hazards to its end; `meanwhile` is called over and over. */
async function streamWith(
  { cwd, env, db }: Workspace,
  hazards: readonly string[],
  args: readonly string[],
  meanwhile: (query: (text: string) => Promise<object[]>) => Promise<void> = async () => undefined,
): Promise<StreamedHazards> {
  const options = hazards.flatMap((hazard) => ['--hazard', hazard]);
  const quick = { STREAM_RECONNECT_BASE_SECONDS: '0.01', STREAM_RECONNECT_MAX_SECONDS: '0.05' };
  const cli = startCli(['stream', '--json', '--rate', 'max', ...args, ...options], {
    cwd,
    env: { ...env, ...quick },
  });
  let prepared = 0;
  let waited = 0;
  let over = false;
  const watching = withSession(db, async ({ query }) => {
    while (!over) {
      const [seen] = await query<{ prepared: number; waits: number }>(
        `SELECT (SELECT count(*)::int FROM pg_prepared_xacts WHERE gid LIKE 'oltp-simulator/%') AS prepared,
                (SELECT count(*)::int FROM pg_stat_activity
                  WHERE datname = current_database() AND wait_event_type = 'Lock') AS waits`,
      );
      prepared += seen!.prepared;
      waited += seen!.waits;
      await meanwhile((text) => query(text));
    }
  });
  const result = await cli.ended().finally(() => {
    over = true;
  });
  await watching;
  return { summary: summaryOf(result), prepared, waited };
}

function ledgerFolder({ cwd }: Workspace): string {
  const runs = join(cwd, 'logs', 'runs');
  return join(runs, readdirSync(runs).at(-1)!, 'ledger');
}

/** The transactions of the ledger, in the order of each worker. */
function ledgerOf(workspace: Workspace): Transaction[] {
  const folder = ledgerFolder(workspace);
  const files = readdirSync(folder).filter((name) => name.startsWith('worker'));
  return files.flatMap((file) => {
    const lines = readFileSync(join(folder, file), 'utf8').trim().split('\n');
    const records = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    const committed = new Map(records.map((record) => [record.committed, record]));
    return (records as unknown as Intent[])
      .filter(({ intent }) => intent !== undefined)
      .map((intent) => {
        const outcome = committed.get(intent.intent);
        const lsn = (outcome?.lsn ?? null) as string | null;
        // The xid of a batch that was sent along with its COMMIT is known afterwards.
        const xid = intent.xid ?? String(outcome?.xid);
        return { ...intent, xid, lsn, committed: outcome !== undefined, worker: file };
      });
  });
}

function peek(db: TestDatabase): Promise<Decoded[]> {
  return db.query<Decoded>(
    "SELECT lsn::text, xid::text, data FROM pg_logical_slot_peek_changes('oracle', NULL, NULL)",
  );
}

function withHazard(transactions: readonly Transaction[], name: BatchHazard): Transaction[] {
  return transactions.filter(({ hazards }) => hazards?.names.includes(name));
}

function committedWith(transactions: readonly Transaction[], name: BatchHazard): Transaction[] {
  return withHazard(transactions, name).filter(({ committed }) => committed);
}

function linesOf(decoded: readonly Decoded[], { xid }: Transaction): Decoded[] {
  return decoded.filter((line) => line.xid === xid);
}

/** Those that were rolled back on purpose are written again with the same ids, and not decoded. */
function requireRolledBack(
  transactions: readonly Transaction[],
  decoded: readonly Decoded[],
): void {
  const prepared = withHazard(transactions, 'two-phase');
  const rolledBack = prepared.filter(({ hazards }) => hazards?.rollback === true);
  assert.ok(rolledBack.length > 0 && rolledBack.length < prepared.length / 2);
  for (const { hazards, worker, intent } of prepared) {
    const [, number, connection] = /worker-0*(\d+)-0*(\d+)/.exec(worker)!;
    const [, , ...place] = hazards!.gid!.split('/');
    assert.deepEqual(place, [number, connection, String(intent)]);
  }
  const onPurpose = withHazard(transactions, 'rollback');
  for (const transaction of [...onPurpose, ...rolledBack]) {
    assert.equal(transaction.committed, false);
    const changes = linesOf(decoded, transaction).filter(({ data }) => data.startsWith('table'));
    assert.deepEqual(changes, []);
  }
  const inserted = new Set(
    transactions.flatMap(({ committed, rows }) =>
      committed ? keysOf(rows.consultas?.insert) : [],
    ),
  );
  const again = onPurpose
    .map(({ rows }) => keysOf(rows.consultas?.insert))
    .filter((keys) => keys.length > 0 && keys.every((key) => inserted.has(key)));
  assert.ok(again.length > 0, 'no batch was written again with the same ids');
}

/** Rows of savepoints that were rolled back are not decoded; those of others have another xmin than the transaction. */
function requireUndone(transactions: readonly Transaction[], decoded: readonly Decoded[]): void {
  const inserted = new Set(
    decoded.map(({ data }) => /^table public\.exames: INSERT: id\[bigint\]:(\d+)/.exec(data)?.[1]),
  );
  let undone = 0;
  for (const { hazards } of committedWith(transactions, 'savepoints')) {
    for (const key of keysOf(hazards?.undone?.exames?.insert)) {
      undone++;
      assert.ok(!inserted.has(key), `exames ${key} was undone`);
    }
  }
  assert.ok(undone > 0);
  const updates = withHazard(transactions, 'savepoints').flatMap(({ hazards }) =>
    Object.values(hazards?.undone ?? {}).map(({ update }) => update),
  );
  assert.ok(updates.some((update) => update !== undefined));
}

/** One row of each is inserted, updated, deleted and inserted again. */
function requireOneRow(transactions: readonly Transaction[], decoded: readonly Decoded[]): void {
  for (const transaction of committedWith(transactions, 'same-row')) {
    const histories = new Map<string, string>();
    for (const { data } of linesOf(decoded, transaction)) {
      const [, table, operation, id] = /^table (\S+): (\w+): id\[bigint\]:(\d+)/.exec(data) ?? [];
      const row = `${table} ${id}`;
      histories.set(row, `${histories.get(row) ?? ''} ${operation}`.trim());
    }
    const rewritten = [...histories.values()].filter((text) => text.includes('DELETE INSERT'));
    assert.deepEqual(rewritten, ['INSERT UPDATE DELETE INSERT']);
  }
}

/** Rows of a COPY share LSNs; those of INSERTs do not. */
function requireSharedLsn(transactions: readonly Transaction[], decoded: readonly Decoded[]): void {
  const shared = (transaction: Transaction) => {
    const inserts = linesOf(decoded, transaction).filter(({ data }) => data.includes(': INSERT:'));
    return inserts.length - new Set(inserts.map(({ lsn }) => lsn)).size;
  };
  const copied = committedWith(transactions, 'copy');
  for (const transaction of copied) assert.ok(shared(transaction) >= 10);
  for (const transaction of transactions) {
    if (!copied.includes(transaction)) assert.equal(shared(transaction), 0);
  }
}

function requireUnchanged(transactions: readonly Transaction[], decoded: readonly Decoded[]): void {
  for (const transaction of committedWith(transactions, 'unchanged-toast')) {
    const lines = linesOf(decoded, transaction);
    assert.ok(lines.some(({ data }) => data.includes('unchanged-toast-datum')));
  }
}

/** The messages of committed transactions are decoded, and of others at most those that are not transactional. */
function requireMessages(transactions: readonly Transaction[], decoded: readonly Decoded[]): void {
  const found = decoded.flatMap(({ data }) => {
    const message =
      /^message: transactional: (\d) prefix: oltp-simulator, sz: \d+ content:(.+)$/.exec(data);
    return message === null ? [] : [`${message[2]} ${message[1]}`];
  });
  const sent = (those: readonly Transaction[]) =>
    those.flatMap(({ hazards }) =>
      (hazards?.messages ?? []).map(
        ({ content, transactional }) => `${content} ${transactional ? 1 : 0}`,
      ),
    );
  const committed = sent(transactions.filter((transaction) => transaction.committed));
  const aborted = sent(transactions.filter((transaction) => !transaction.committed));
  const expected = [...committed, ...aborted.filter((text) => text.endsWith(' 0'))];
  assert.equal(new Set(expected).size, expected.length);
  assert.deepEqual(found.sort(), expected.sort());
  assert.ok(
    expected.some((text) => text.endsWith(' 0')) && expected.some((text) => text.endsWith(' 1')),
  );
}

/** The transactions of a hot row are decoded in the order of their LSNs in the ledger. */
function requireHotOrder(transactions: readonly Transaction[], decoded: readonly Decoded[]): void {
  const byXid = new Map(transactions.map((transaction) => [transaction.xid, transaction]));
  const latest = new Map<string, { readonly xid: string; readonly lsn: bigint }>();
  let successions = 0;
  for (const { xid, data } of decoded) {
    const id = /^table public\.medicos: UPDATE: id\[bigint\]:(\d+)/.exec(data)?.[1];
    if (id === undefined) continue;
    const lsn = numberOf(byXid.get(xid)!.lsn!);
    const before = latest.get(id);
    latest.set(id, { xid, lsn });
    if (before === undefined || before.xid === xid) continue;
    successions++;
    assert.ok(before.lsn < lsn, `medicos ${id}: ${before.xid} before ${xid}`);
  }
  assert.ok(successions > 0);
}

/** Rows of `consultas` whose worker committed a higher id before. */
function outOfOrder(transactions: readonly Transaction[]): number {
  const highest = new Map<string, number>();
  let rows = 0;
  for (const { worker, committed, rows: written } of transactions) {
    const ids = committed ? keysOf(written.consultas?.insert).map(Number) : [];
    const before = highest.get(worker) ?? 0;
    rows += ids.filter((id) => id < before).length;
    highest.set(worker, Math.max(before, ...ids));
  }
  return rows;
}

/** Keys of a list, as texts. */
function keysOf(list: string | readonly string[] = ''): string[] {
  if (typeof list !== 'string') return [...list];
  const keys: string[] = [];
  let key = 0;
  for (const part of list === '' ? [] : list.split(',')) {
    const [step = '0', more = '0'] = part.split('+');
    key += Number(step);
    keys.push(String(key));
    for (let i = 0; i < Number(more); i++) keys.push(String(++key));
  }
  return keys;
}

function numberOf(lsn: string): bigint {
  const [high, low] = lsn.split('/');
  return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`);
}
