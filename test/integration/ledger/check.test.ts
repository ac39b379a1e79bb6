import assert from 'node:assert/strict';
import { cpSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import type { LedgerDifference } from '../../../src/ledger/check.js';
import { decodeIds, encodeKeys, type KeyList } from '../../../src/ledger/keys.js';
import { OPERATIONS, type Operation } from '../../../src/schema/changes.js';
import type { TableName } from '../../../src/schema/table.js';
import { auditedTransactions } from '../../helpers/audit.js';
import { startCli } from '../../helpers/cli.js';
import { startServers } from '../../helpers/server.js';
import { stream, summaryOf, totalEvents } from '../../helpers/stream-run.js';
import { waitFor } from '../../helpers/wait-for.js';
import { run, type Workspace, withWorkspace } from '../../helpers/workspace.js';
import { SCHEMA } from '../../unit/ledger/sample-ledger.js';
import {
  type Committed,
  committedOf,
  type Ledger,
  loadLedger,
  saveResealed,
  saveWithOldSeals,
} from './tampering.js';

const servers = await startServers();

const CHANGES = ['--update-ratio', '0.4', '--delete-ratio', '0.15', '--workers', '2'];

/** The key of the difference that a changed ledger must have. */
interface Trace {
  readonly table: TableName;
  readonly key: number;
}

/** Changes a ledger in a way that only the database contradicts; null if no transaction is suitable. */
type Forgery = (files: readonly Ledger[], workspace: Workspace) => Promise<Trace> | Trace;

/** Runs `ledger check --json` of the newest run, and returns what it printed. */
async function check(workspace: Workspace) {
  const { code, stdout, stderr } = await run(workspace, ['ledger', 'check', '--json']);
  assert.ok(stdout !== '', stderr);
  return { code, document: JSON.parse(stdout), stderr };
}

async function requireHeld(workspace: Workspace): Promise<void> {
  const { code, document, stderr } = await check(workspace);
  assert.equal(code, 0, `${JSON.stringify(document)}\n${stderr}`);
  assert.deepEqual(document.differences, { count: 0, examples: [] });
  assert.deepEqual(document.problems, { count: 0, examples: [] });
  assert.equal(document.ok, true);
}

/** The folder of the newest run. */
function newestRun({ cwd }: Workspace): string {
  const runs = join(cwd, 'logs', 'runs');
  return join(runs, readdirSync(runs).sort().at(-1) ?? '');
}

/** Keys of a transaction that no other transaction of the ledger wrote; null if there are none. */
function lonelyKey(
  files: readonly Ledger[],
  { intent }: Committed,
  write: Operation,
): Trace | null {
  const times = (trace: Trace) =>
    committedOf(files).filter(({ intent: { record } }) =>
      OPERATIONS.some((operation) =>
        decodeKeysOf(record.rows[trace.table]?.[operation]).includes(trace.key),
      ),
    ).length;
  for (const table of SCHEMA.tables.names) {
    for (const key of decodeKeysOf(intent.record.rows[table]?.[write])) {
      if (times({ table, key }) === 1) return { table, key };
    }
  }
  return null;
}

function decodeKeysOf(keys: KeyList | undefined): number[] {
  return typeof keys === 'string' ? decodeIds(keys) : [];
}

/** The first committed transaction with such a key; `only`: without other writes. */
function find(files: readonly Ledger[], write: Operation, only = false): [Committed, Trace] {
  for (const transaction of committedOf(files)) {
    const { rows } = transaction.intent.record;
    const mixed = SCHEMA.tables.names.some((table) =>
      Object.keys(rows[table] ?? {}).some((op) => op !== write),
    );
    const trace = only && mixed ? null : lonelyKey(files, transaction, write);
    if (trace !== null) return [transaction, trace];
  }
  assert.fail(`no ${only ? 'mere ' : ''}${write} in the ledger`);
}

function exchange(transaction: Committed, { table, key }: Trace, write: Operation, by: number) {
  const { intent } = transaction;
  const keys = decodeKeysOf(intent.record.rows[table]?.[write]).map((k) => (k === key ? by : k));
  const rows = { ...intent.record.rows };
  rows[table] = { ...rows[table], [write]: encodeKeys(keys) };
  intent.record = { ...intent.record, rows };
}

/** Another existing row, which no transaction of the ledger wrote. */
async function bystander({ db }: Workspace, files: readonly Ledger[], table: TableName) {
  const about = committedOf(files).flatMap(({ intent: { record } }) =>
    OPERATIONS.flatMap((write) => decodeKeysOf(record.rows[table]?.[write])),
  );
  const [row] = await db.query<{ id: string }>(
    `SELECT id FROM ${table} WHERE NOT id = ANY ($1) ORDER BY id LIMIT 1`,
    [about],
  );
  return Number(row?.id);
}

function flip({ file, outcome }: Committed): void {
  const at = file.lines.indexOf(outcome);
  file.lines[at] = { ...outcome, record: { aborted: outcome.record.committed } };
}

/** Replaces a key of a transaction by that of an untouched row. */
function misplace(write: Operation): Forgery {
  return async (files, workspace) => {
    const [transaction, trace] = find(files, write);
    const key = await bystander(workspace, files, trace.table);
    exchange(transaction, trace, write, key);
    return { ...trace, key };
  };
}

function denied(write: Operation): Forgery {
  return (files) => {
    const [transaction, trace] = find(files, write, true);
    flip(transaction);
    return trace;
  };
}

const FORGERIES: Readonly<Record<string, Forgery>> = {
  'a transaction with inserts is left out': (files) => {
    const [{ file, intent, outcome }, trace] = find(files, 'insert');
    for (const line of [intent, outcome]) file.lines.splice(file.lines.indexOf(line), 1);
    return trace;
  },
  'another key was inserted': misplace('insert'),
  'another key was updated': misplace('update'),
  'another key was deleted': misplace('delete'),
  'inserts were not committed': denied('insert'),
  'updates were not committed': denied('update'),
  'deletes were not committed': denied('delete'),
  'what was not committed was': (files) => {
    const [{ file, intent }, { table }] = find(files, 'insert');
    const key = 999_999_937;
    const rows = { [table]: { insert: encodeKeys([key]) } };
    const number =
      1 + Math.max(...file.lines.map(({ record }) => ('intent' in record ? record.intent : 0)));
    const { at, lsn } = intent.record;
    const end = file.lines.findIndex(({ record }) => 'end' in record);
    file.lines.splice(
      end,
      0,
      { record: { intent: number, at, xid: '999', lsn, rows }, crc: '00000000' },
      { record: { committed: number, at, xid: '999', lsn }, crc: '00000000' },
    );
    return { table, key };
  },
};

for (const server of servers) {
  test(`another database than the run's is refused, on ${server.version}`, () =>
    withWorkspace(server, (workspace) =>
      withWorkspace(server, async (other) => {
        await stream(workspace, ['--max-events', '20', '--rate', 'max']);
        const { code, stderr } = await run({ ...workspace, env: other.env }, ['ledger', 'check']);
        assert.equal(code, 4, stderr);
        assert.match(stderr, new RegExp(`wrote to database "${workspace.db.name}"`));
      }),
    ));

  test(`rows that the role may not see do not count as missing, on ${server.version}`, () =>
    withWorkspace(server, async (workspace) => {
      const { db } = workspace;
      await stream(workspace, ['--max-events', '100', '--rate', 'max', ...CHANGES]);
      await db.query(`CREATE ROLE ledger_clerk LOGIN PASSWORD 'clerk';
        GRANT SELECT ON ALL TABLES IN SCHEMA public TO ledger_clerk;
        ALTER TABLE exames ENABLE ROW LEVEL SECURITY;
        CREATE POLICY late ON exames USING (id % 2 = 0)`);
      try {
        const clerk = { ...workspace.env, PG_USER: 'ledger_clerk', PG_PASSWORD: 'clerk' };
        const { code, document } = await check({ ...workspace, env: clerk });
        assert.equal(code, 4);
        assert.equal(document.exit_code, 4);
        assert.match(
          document.error,
          /"ledger_clerk" cannot see all rows of exames \(row-level security policy late\)/,
        );
        assert.equal(document.differences, undefined);
        await requireHeld(workspace);
      } finally {
        await db.query('DROP OWNED BY ledger_clerk; DROP ROLE ledger_clerk');
      }
    }));

  test(`a ledger agrees with the database, and no change to either goes unnoticed, on ${server.version}`, () =>
    withWorkspace(server, async (workspace) => {
      const all = await stream(workspace, [
        '--batch-size',
        '10',
        '--max-events',
        '700',
        '--rate',
        'max',
        ...CHANGES,
      ]);
      await requireHeld(workspace);
      const shown = JSON.parse((await run(workspace, ['ledger', 'show', '--json'])).stdout);
      assert.deepEqual(shown.rows, all.summary.rows);
      assert.equal(shown.transactions.committed, all.summary.transactions.committed);
      assert.equal(shown.run, all.summary.run_id);
      for (const write of OPERATIONS) {
        assert.ok(
          SCHEMA.tables.names.some((table) => shown.rows[table][write] > 0),
          write,
        );
      }

      // One event a transaction, so that some only update, or only delete.
      await stream(workspace, [
        '--batch-size',
        '1',
        '--max-events',
        '400',
        '--rate',
        '300',
        ...CHANGES,
      ]);
      await requireHeld(workspace);
      const folder = newestRun(workspace);
      const original = join(workspace.cwd, 'original');
      cpSync(join(folder, 'ledger'), original, { recursive: true });
      const restore = () => {
        rmSync(join(folder, 'ledger'), { recursive: true });
        cpSync(original, join(folder, 'ledger'), { recursive: true });
      };
      saveResealed(loadLedger(folder));
      await requireHeld(workspace);

      for (const [forgery, forge] of Object.entries(FORGERIES)) {
        for (const save of [saveResealed, saveWithOldSeals]) {
          restore();
          const files = loadLedger(folder);
          const { table, key } = await forge(files, workspace);
          save(files);
          const { code, document } = await check(workspace);
          assert.equal(code, 5, forgery);
          assert.equal(document.ok, false);
          const problems =
            save === saveResealed ? document.problems.count === 0 : document.problems.count > 0;
          assert.ok(problems, `${forgery}: ${JSON.stringify(document.problems)}`);
          const named = document.differences.examples.some(
            (found: LedgerDifference) => found.table === table && found.key === key,
          );
          assert.ok(
            named,
            `${forgery}: ${table} ${key} in ${JSON.stringify(document.differences)}`,
          );
        }
      }
      restore();
      await requireHeld(workspace);

      const [, { table, key }] = find(loadLedger(folder), 'insert');
      await workspace.db.query(`UPDATE ${table} SET id = id WHERE id = ${key}`);
      await requireNoticed(workspace, key);
      await workspace.db.query(`DELETE FROM ${table} WHERE id = ${key}`);
      await requireNoticed(workspace, key);
    }));
}

async function requireNoticed(workspace: Workspace, key: number): Promise<void> {
  const { code, document } = await check(workspace);
  assert.equal(code, 5);
  assert.deepEqual(
    [document.differences.count, document.differences.examples[0].key],
    [1, key],
    JSON.stringify(document.differences),
  );
}

test('rows that a later run changed are not differences, rows that others changed are', async () => {
  const [server] = servers;
  await withWorkspace(server!, async (workspace) => {
    const load = ['--rate', 'max', '--batch-size', '5', '--max-events', '400', '--workers', '2'];
    const { summary: first } = await stream(workspace, [...load, '--update-ratio', '0.2']);
    const files = loadLedger(newestRun(workspace));
    const changed = ['--update-ratio', '0.5', '--delete-ratio', '0.2'];
    const { summary: second } = await stream(workspace, [...load, ...changed]);
    await requireHeld(workspace);
    const checkFirst = async () => {
      const { code, stdout, stderr } = await run(workspace, [
        'ledger',
        'check',
        first.run_id,
        '--json',
      ]);
      return { code, document: JSON.parse(stdout), stderr };
    };
    const { code, document, stderr } = await checkFirst();
    assert.equal(code, 0, JSON.stringify(document.differences));
    assert.deepEqual(document.differences, { count: 0, examples: [] });
    const { count, runs } = document.changed_since;
    assert.ok(count > 0);
    assert.deepEqual(runs, { [second.run_id]: count });
    assert.match(stderr, new RegExp(`${count} rows? changed since: ${count} by run`));

    // No ledger has this change.
    const own = committedOf(files).flatMap(({ intent: { record } }) =>
      decodeKeysOf(record.rows.exames?.insert),
    );
    const [row] = await workspace.db.query<{ id: string }>(
      'SELECT id FROM exames WHERE id = ANY ($1) ORDER BY id LIMIT 1',
      [own],
    );
    await workspace.db.query('DELETE FROM exames WHERE id = $1', [row?.id]);
    const deleted = await checkFirst();
    assert.equal(deleted.code, 5);
    assert.equal(deleted.document.differences.count, 1);
    assert.equal(deleted.document.differences.examples[0].key, Number(row?.id));
    rmSync(join(newestRun(workspace), 'ledger'), { recursive: true });
    const unexplained = await checkFirst();
    assert.equal(unexplained.code, 5);
    assert.ok(unexplained.document.differences.count >= count);
    assert.equal(unexplained.document.changed_since.count, 0);
  });
});

test('a missing file of the ledger contradicts the summary', async () => {
  const [server] = servers;
  await withWorkspace(server!, async (workspace) => {
    await stream(workspace, [
      '--rate',
      'max',
      '--batch-size',
      '5',
      '--max-events',
      '100',
      ...CHANGES,
    ]);
    await requireHeld(workspace);
    const ledger = join(newestRun(workspace), 'ledger');
    rmSync(join(ledger, readdirSync(ledger).sort().at(-1) ?? ''));
    const { code, document, stderr } = await check(workspace);
    assert.equal(code, 5);
    assert.equal(document.summary_agrees, false);
    assert.match(stderr, /a file of the ledger is missing/);
  });
});

test('rows that a trigger drops are distinguished from those that were written', async () => {
  const [server] = servers;
  await withWorkspace(server!, async (workspace) => {
    // Rare, so that batches between two dropped rows are sent with their COMMIT.
    await workspace.db.query(`CREATE FUNCTION drop_some() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        -- A batch that fails comes right behind one that lost a row, in the same packet.
        IF NEW.id % 97 = 7 THEN RAISE EXCEPTION 'refused'; END IF;
        RETURN CASE WHEN NEW.id % 97 = 0 THEN NULL ELSE NEW END;
      END $$`);
    const only = ['--only', 'consulta', '--update-ratio', '0.2', '--delete-ratio', '0'];
    const limits = ['--rate', '2000', '--batch-size', '5', '--duration', '4s'];
    const streaming = startCli(['stream', '--json', ...only, ...limits], workspace);
    // Created during the run: with a trigger from the beginning, rows would be read back, and batches not pipelined.
    await waitFor(async () => (await auditedTransactions(workspace.db)).length > 100);
    await workspace.db.query(`CREATE TRIGGER drop_some BEFORE INSERT ON consultas
      FOR EACH ROW EXECUTE FUNCTION drop_some()`);
    const summary = summaryOf(await streaming.ended());
    await requireHeld(workspace);
    const lines = loadLedger(newestRun(workspace)).flatMap(({ lines }) => lines);
    const dropped = lines.flatMap(({ record }) =>
      'committed' in record ? decodeKeysOf(record.dropped?.consultas?.insert) : [],
    );
    assert.ok(dropped.length > 0, 'no row fell in a burst');
    for (const key of dropped) assert.equal(key % 97, 0);
    assert.equal(totalEvents(summary.rows), summary.events);
    assert.ok((summary.rejected.P0001 ?? 0) > 0, 'no row was refused');
  });
});
