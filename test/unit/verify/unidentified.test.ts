import assert from 'node:assert/strict';
import test from 'node:test';
import type { VerificationDocument } from '../../../src/verify/verdict/document.js';
import type { ReceivedRow } from '../../helpers/received-row.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { scriptDocument, verifyScript } from '../../helpers/verify-script.js';
import { SmallRun, stays } from './small-run.js';

/** The result of a run with a transaction without an xid, which updates row 1 and inserts row 2. */
async function withUnidentified(
  fate: 'committed' | 'open',
  script: (run: SmallRun, first: readonly ReceivedRow[]) => readonly ReceivedRow[],
): Promise<VerificationDocument> {
  return withTempFolder(async (folder) => {
    const run = new SmallRun(folder);
    const first = run.commit({ xid: 10, changes: [stays('insert', 1)] });
    const intent = { xid: null, lsn: null, subtransactions: false, changes: CHANGES };
    const [number = 0] = run.writer().intend([intent]);
    if (fate === 'committed') run.writer().resolve(number, 'committed', null);
    run.close();
    return scriptDocument(await verifyScript(folder, script(run, first)));
  });
}

const CHANGES = [stays('update', 1), stays('insert', 2)];

test('a row that it inserted identifies a transaction without an xid, also after its updates', async () => {
  const { verdict, events } = await withUnidentified('committed', (run, first) => [
    ...first,
    ...run.events({ xid: 20, changes: CHANGES }),
  ]);
  assert.deepEqual([verdict, events.delivered, events.foreign], ['exact', 3, 0]);
});

test('the same if the ledger does not record whether it was committed', async () => {
  const { verdict, doubts, transactions } = await withUnidentified('open', (run, first) => [
    ...first,
    ...run.events({ xid: 20, changes: CHANGES }),
  ]);
  assert.deepEqual([verdict, doubts], ['indeterminate', { unknown_transactions: 2 }]);
  assert.equal(transactions.unknown_delivered, 1);
});

test("another writer's change of a row that such a transaction changed stays foreign", async () => {
  const { verdict, events } = await withUnidentified('committed', (run, first) => [
    ...first,
    ...run.events({ xid: 15, changes: [stays('update', 1)] }),
    ...run.events({ xid: 20, changes: CHANGES }),
    ...run.events({ xid: 25, changes: [stays('update', 2)] }),
  ]);
  assert.deepEqual([verdict, events.delivered, events.foreign], ['exact', 3, 2]);
});

test('events held for the rest of their transaction are counted at the end of the stream', async () => {
  const { verdict, doubts, events } = await withUnidentified('committed', (run, first) => [
    ...first,
    ...run.events({ xid: 20, changes: CHANGES.slice(0, 1) }),
  ]);
  assert.deepEqual([verdict, doubts], ['indeterminate', { ended_early: 2 }]);
  assert.deepEqual([events.delivered, events.foreign], [1, 1]);
});
