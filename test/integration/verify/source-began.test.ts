import assert from 'node:assert/strict';
import test from 'node:test';
import type { VerificationDocument } from '../../../src/verify/verdict/document.js';
import { startCli } from '../../helpers/cli.js';
import { startServer } from '../../helpers/server.js';
import { waitFor } from '../../helpers/wait-for.js';
import { run, type Workspace, withPlainWorkspace } from '../../helpers/workspace.js';
import {
  confirmed,
  dropSlots,
  HOSPITAL,
  makeSlots,
  readLines,
  requireDocument,
  SOON,
  verifyAfter,
  writeLines,
} from './verifying.js';

const server = await startServer(18);
const LOAD = ['--workers', '2', '--rate', '500', '--batch-size', '4', '--rng', '11'];
const MIX = ['--update-ratio', '0.3', '--delete-ratio', '0.1'];
/** The last id of the seed. */
const SEEDED_CONSULTAS = 1_000;

test('changes committed before the source began are doubted, later ones are judged', async (t) => {
  await withPlainWorkspace(server, async (workspace) => {
    const lossy = HOSPITAL.names.filter((table) => table !== 'consultas');
    await workspace.db.query(`CREATE PUBLICATION whole FOR TABLE ${HOSPITAL.names.join(', ')};
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

      await t.test('Ctrl+C during the run leaves the rest doubted', () =>
        interrupt(workspace, 'stopped'),
      );
      await t.test('Ctrl+C does not outrank a violation', () => interruptLossy(workspace));
      await progress(workspace);
      streaming.child.kill('SIGINT');
      const { code, stderr } = await streaming.ended();
      assert.equal(code, 0, stderr);
      await makeSlots(workspace, 'late', 'partly_late');

      for (const slot of ['amid', 'read', 'advanced', 'stopped']) {
        await t.test(`slot ${slot}: the rest is exact, the verdict indeterminate`, async () => {
          const { document, stderr } = await verifySlot(workspace, slot, 8);
          assert.deepEqual(Object.keys(document.doubts), ['before_source']);
          const { committed, delivered, doubted } = document.accounting;
          assert.equal(delivered + doubted, committed);
          assert.ok(delivered > 0 && doubted > 0);
          assert.equal(document.doubts.before_source, doubted);
          requireNote(document, false);
          assert.match(stderr, /indeterminate \([\d,]+ events: committed before the source began/);
        });
      }
      await t.test('--partial waives the earlier changes, and notes how many', async () => {
        const { document, stderr } = await verifySlot(workspace, 'partly', 0, '--partial');
        const { committed, delivered, waived } = document.accounting;
        assert.equal(delivered + waived, committed);
        assert.ok(delivered > 0 && waived > 0);
        requireNote(document, true);
        assert.match(stderr, /exact: .*; [\d,]+ committed before the source began are left out/);
      });
      await t.test(
        'a change lost after the beginning is missing, with and without --partial',
        async () => {
          for (const [slot, ...args] of [['lost'], ['partly_lost', '--partial']] as const) {
            const source = ['--source', `slot:${slot}`, '--publication', 'lossy'];
            const { document } = await verifyAfter(workspace, [...source, ...args], 7);
            const { missing, doubted, waived } = document.accounting;
            assert.ok(missing > 0);
            assert.ok(document.causes.every(({ table }) => table === 'consultas'));
            assert.deepEqual([doubted > 0, waived > 0], [slot === 'lost', slot !== 'lost']);
          }
        },
      );
      await t.test('a slot created after the run delivers nothing of it', async () => {
        const { document } = await verifySlot(workspace, 'late', 8);
        const { expected } = document.transactions;
        assert.equal(document.doubts.before_source, document.accounting.committed);
        assert.deepEqual(document.notes, [
          { kind: 'source_began', transactions: expected, of: expected, waived: false },
        ]);
        const none = await verifySlot(workspace, 'partly_late', 8, '--partial');
        assert.equal(none.document.accounting.waived, document.accounting.committed);
        assert.deepEqual(Object.keys(none.document.doubts), ['nothing_delivered']);
      });
      await t.test('a second verification of a slot finds nothing left, and notes it', async () => {
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
    const { document } = requireDocument(await cli.ended(), 8);
    assert.ok('interrupted' in document.doubts && 'before_source' in document.doubts);
  } finally {
    cli.child.kill('SIGKILL');
  }
}

/** A number of events that is read soon, also on a busy machine. */
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
    // The last event of the file: everything before it was taken.
    await cli.until(/input \d+ is not an event/);
    cli.child.kill('SIGINT');
    const { document } = requireDocument(await cli.ended(), 7);
    assert.equal(document.accounting.missing, lines.length - rest.length);
    assert.ok('interrupted' in document.doubts);
    assert.equal(document.doubts.malformed, 1);
  } finally {
    cli.child.kill('SIGKILL');
  }
}
