import assert from 'node:assert/strict';
import test from 'node:test';
import { TABLE_NAMES } from '../../../src/schemas/hospital/tables.js';
import type { VerificationDocument } from '../../../src/verify/verdict/document.js';
import { startCli } from '../../helpers/cli.js';
import { startServer } from '../../helpers/server.js';
import { waitFor } from '../../helpers/wait-for.js';
import { run, type Workspace, withPlainWorkspace } from '../../helpers/workspace.js';
import {
  confirmed,
  dropSlots,
  makeSlots,
  readLines,
  SOON,
  saidBy,
  verifyAfter,
  writeLines,
} from './verifying.js';

const server = await startServer(18);
const LOAD = ['--workers', '2', '--rate', '500', '--batch-size', '4', '--rng', '11'];
const MIX = ['--update-ratio', '0.3', '--delete-ratio', '0.1'];
/** The last id of the seed. */
const SEEDED_CONSULTAS = 1_000;

test('what was committed before the source began is not judged, and what came after it is', async (t) => {
  await withPlainWorkspace(server, async (workspace) => {
    const lossy = TABLE_NAMES.filter((table) => table !== 'consultas');
    await workspace.db.query(`CREATE PUBLICATION whole FOR TABLE ${TABLE_NAMES.join(', ')};
                         CREATE PUBLICATION lossy FOR TABLE ${lossy.join(', ')}`);
    await makeSlots(workspace, 'copied', 'read', 'advanced');
    const streaming = startCli(['stream', '--json', ...LOAD, ...MIX], workspace);
    try {
      await progress(workspace);
      await makeSlots(workspace, 'amid', 'partly', 'lost', 'partly_lost', 'stopped');
      await workspace.db.query(
        `SELECT count(*) FROM pg_logical_slot_get_binary_changes('read', NULL, NULL,
                  'proto_version', '1', 'publication_names', 'whole')`,
      );
      await workspace.db.query(
        `SELECT pg_replication_slot_advance('advanced', pg_current_wal_lsn())`,
      );

      await t.test('Ctrl+C amid the run leaves the rest open', () =>
        interrupt(workspace, 'stopped'),
      );
      await t.test('Ctrl+C takes nothing from a violation that was found', () =>
        interruptLossy(workspace),
      );
      await progress(workspace);
      streaming.child.kill('SIGINT');
      const { code, stderr } = await streaming.ended();
      assert.equal(code, 0, stderr);
      await makeSlots(workspace, 'late', 'partly_late');

      for (const slot of ['amid', 'read', 'advanced', 'stopped']) {
        await t.test(`slot ${slot}: the rest is exact, and that is not all`, async () => {
          const { said, stderr } = await verifySlot(workspace, slot, 8);
          assert.deepEqual(Object.keys(said.doubts), ['before_source']);
          const { committed, delivered, doubted } = said.accounting;
          assert.equal(delivered + doubted, committed);
          assert.ok(delivered > 0 && doubted > 0);
          assert.equal(said.doubts.before_source, doubted);
          requireNote(said, false);
          assert.match(stderr, /indeterminate \([\d,]+ events: committed before the source began/);
        });
      }
      await t.test('--partial leaves out what came before, and says how much', async () => {
        const { said, stderr } = await verifySlot(workspace, 'partly', 0, '--partial');
        const { committed, delivered, waived } = said.accounting;
        assert.equal(delivered + waived, committed);
        assert.ok(delivered > 0 && waived > 0);
        requireNote(said, true);
        assert.match(stderr, /exact: .*; [\d,]+ committed before the source began are left out/);
      });
      await t.test('a loss after the beginning is one, with and without --partial', async () => {
        for (const [slot, ...args] of [['lost'], ['partly_lost', '--partial']] as const) {
          const source = ['--source', `slot:${slot}`, '--publication', 'lossy'];
          const { said } = await verifyAfter(workspace, [...source, ...args], 7);
          const { missing, doubted, waived } = said.accounting;
          assert.ok(missing > 0);
          assert.ok(said.causes.every(({ table }) => table === 'consultas'));
          assert.deepEqual([doubted > 0, waived > 0], [slot === 'lost', slot !== 'lost']);
        }
      });
      await t.test('a slot made after the run has nothing of it', async () => {
        const { said } = await verifySlot(workspace, 'late', 8);
        const { expected } = said.transactions;
        assert.equal(said.doubts.before_source, said.accounting.committed);
        assert.deepEqual(said.notes, [
          { kind: 'source_began', transactions: expected, of: expected, waived: false },
        ]);
        const none = await verifySlot(workspace, 'partly_late', 8, '--partial');
        assert.equal(none.said.accounting.waived, said.accounting.committed);
        assert.deepEqual(Object.keys(none.said.doubts), ['nothing_delivered']);
      });
      await t.test('a second verification of a slot has nothing left, and says so', async () => {
        const source = ['--source', 'slot:amid', '--publication', 'whole'];
        const { code, stdout } = await run(workspace, ['verify', ...source]);
        assert.equal(code, 8);
        assert.match(stdout, /the source began after all [\d,]+ transactions\n/);
      });
    } finally {
      streaming.child.kill('SIGKILL');
      await streaming.ended();
      await dropSlots(workspace);
    }
  });
});

/** Waits until the run under way has written some more. */
async function progress({ db }: Workspace): Promise<void> {
  const count = async () => {
    const [row] = await db.query<{ rows: number }>(
      `SELECT count(*)::int AS rows FROM consultas WHERE id > ${SEEDED_CONSULTAS}`,
    );
    return row?.rows ?? 0;
  };
  const goal = (await count()) + 40;
  await waitFor(async () => (await count()) >= goal, { what: '40 more consultas' });
}

function verifySlot(workspace: Workspace, slot: string, code: number, ...args: readonly string[]) {
  const source = ['--source', `slot:${slot}`, '--publication', 'whole'];
  return verifyAfter(workspace, [...source, ...args], code);
}

function requireNote({ notes, transactions }: VerificationDocument, waived: boolean): void {
  const { before_source, expected } = transactions;
  assert.deepEqual(notes, [
    { kind: 'source_began', transactions: before_source, of: expected, waived },
  ]);
  assert.ok(before_source > 0 && before_source < expected);
}

/** Verifies a slot while its run goes on, until something of it was taken. */
async function interrupt(workspace: Workspace, slot: string): Promise<void> {
  const taken = () => confirmed(workspace.db, slot);
  const before = await taken();
  const source = ['--source', `slot:${slot}`, '--publication', 'whole'];
  const cli = startCli(['verify', '--json', ...source], workspace);
  try {
    await cli.until(/comparing slot/);
    await waitFor(async () => (await taken()) !== before, { what: 'events that are taken' });
    cli.child.kill('SIGINT');
    const { said } = saidBy(await cli.ended(), 8);
    assert.ok('interrupted' in said.doubts && 'before_source' in said.doubts);
  } finally {
    cli.child.kill('SIGKILL');
  }
}

/** Events that are read soon, also on a machine that has other things to do. */
const MOST_LINES = 200;

/** Verifies a file that lacks a transaction while the run goes on. */
async function interruptLossy(workspace: Workspace): Promise<void> {
  const lines = (await readLines(workspace, 'copied', 60, 'whole')).slice(0, MOST_LINES);
  const { txId } = JSON.parse(lines[20] ?? '').source;
  const rest = lines.filter((line) => JSON.parse(line).source.txId !== txId);
  const file = writeLines(workspace, 'lossy.ndjson', [...rest, '{"after":{']);
  const args = ['--source', file, '--skip-malformed', '--log-level', 'debug', ...SOON];
  const cli = startCli(['verify', '--json', ...args], workspace);
  try {
    // The last one of the file: all before it was taken.
    await cli.until(/input \d+ is not an event/);
    cli.child.kill('SIGINT');
    const { said } = saidBy(await cli.ended(), 7);
    assert.equal(said.accounting.missing, lines.length - rest.length);
    assert.ok('interrupted' in said.doubts);
    assert.equal(said.doubts.malformed, 1);
  } finally {
    cli.child.kill('SIGKILL');
  }
}
