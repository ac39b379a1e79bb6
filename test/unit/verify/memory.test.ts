import assert from 'node:assert/strict';
import test from 'node:test';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { scriptDocument, verifyScript } from '../../helpers/verify-script.js';
import type { TestTransaction } from './small-run.js';
import { SmallRun, stays } from './small-run.js';

/** Bytes: a verifier takes the smallest replay window and tracker. */
const LITTLE = 2 ** 12;
const ROWS = 100;

/** Transactions that have, together, more rows than the replay window holds. */
function largeTransactions(): TestTransaction[] {
  return Array.from({ length: 30 }, (_, i) => {
    const ids = Array.from({ length: ROWS }, (_, row) => i * ROWS + row + 1);
    return { xid: 100 * (i + 1), changes: [stays('insert', ...ids)] };
  });
}

test('a replay from farther back than the replay window is doubted, and not a phantom', async () => {
  await withTempFolder(async (folder) => {
    const run = new SmallRun(folder);
    const events = largeTransactions().flatMap((transaction) => run.commit(transaction));
    run.end();
    const script = [...events.slice(0, 2_500), ...events];
    const verification = await verifyScript(folder, script, { memoryBytes: LITTLE });
    const { verdict, doubts, violations, events: counts } = scriptDocument(verification);
    assert.deepEqual(violations.phantom, 0);
    assert.deepEqual([verdict, Object.keys(doubts)], ['indeterminate', ['too_far_back']]);
    assert.ok(counts.unjudged > 0 && counts.replayed > 0);
    assert.equal(counts.unjudged + counts.replayed, 2_500);
  });
});

test('the same without LSNs', async () => {
  await withTempFolder(async (folder) => {
    const run = new SmallRun(folder);
    const events = largeTransactions()
      .flatMap((transaction) => run.commit(transaction))
      .map((event) => ({ ...event, lsn: null }));
    run.end();
    const script = [...events.slice(0, 2_500), ...events];
    const verification = await verifyScript(folder, script, { memoryBytes: LITTLE });
    const { verdict, doubts } = scriptDocument(verification);
    assert.deepEqual([verdict, Object.keys(doubts)], ['indeterminate', ['too_far_back']]);
  });
});

test('the same within a transaction that is larger than the replay window', async () => {
  await withTempFolder(async (folder) => {
    const run = new SmallRun(folder);
    const ids = Array.from({ length: 3_000 }, (_, i) => i + 1);
    const events = run.commit({ xid: 5, changes: [stays('insert', ...ids)] });
    run.end();
    const script = [...events.slice(0, 2_500), ...events];
    const verification = await verifyScript(folder, script, { memoryBytes: LITTLE });
    const { verdict, doubts } = scriptDocument(verification);
    assert.deepEqual([verdict, Object.keys(doubts)], ['indeterminate', ['too_far_back']]);
  });
});

test('a row that was never sent is a phantom, also beyond a full replay window', async () => {
  await withTempFolder(async (folder) => {
    const run = new SmallRun(folder);
    run.writer().lease('internacoes', [9_999]);
    const all = largeTransactions();
    const events = all.flatMap((transaction) => run.commit(transaction));
    run.end();
    const [wrong] = run.events({ xid: 100, changes: [stays('insert', 9_999)] });
    const script = [...events, { ...wrong!, lsn: events.at(-1)!.lsn! + 1 }];
    const verification = await verifyScript(folder, script, { memoryBytes: LITTLE });
    assert.equal(scriptDocument(verification).violations.phantom, 1);
  });
});
