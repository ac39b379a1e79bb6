import assert from 'node:assert/strict';
import test from 'node:test';
import { writeFacts } from '../../../src/ledger/facts-file.js';
import type { VerificationDocument } from '../../../src/verify/verdict/document.js';
import { beforeRow, factsWithTriggers } from '../../helpers/facts-with-triggers.js';
import type { ReceivedRow } from '../../helpers/received-row.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { scriptDocument, verifyScript } from '../../helpers/verify-script.js';
import { HEADER } from '../ledger/sample-ledger.js';
import { SmallRun, stays } from './small-run.js';

const by = (origin: string, events: readonly ReceivedRow[]): ReceivedRow[] =>
  events.map((event) => ({ ...event, origin }));

async function judged(
  script: (own: readonly ReceivedRow[][], run: SmallRun) => readonly ReceivedRow[],
  facts = factsWithTriggers({}),
): Promise<VerificationDocument> {
  let document: VerificationDocument | null = null;
  await withTempFolder(async (folder) => {
    const run = new SmallRun(folder);
    writeFacts(folder, HEADER.run, HEADER.server, facts);
    run.writer().lease('internacoes', [1, 2, 3, 4, 5, 6]);
    const own = [
      run.commit({ xid: 10, changes: [stays('insert', 1, 2)] }),
      run.commit({ xid: 20, changes: [stays('update', 1)] }),
      run.commit({ xid: 30, changes: [stays('insert', 3)] }),
    ];
    run.end();
    document = scriptDocument(await verifyScript(folder, script(own, run)));
  });
  return document ?? assert.fail();
}

test("another connector's rows of the same name are another server's, whatever they say", async () => {
  const { verdict, events } = await judged(([first = [], second = [], third = []], run) => [
    ...by('a', first),
    // An id that the run took for itself, a delete of its row, a copy of its event.
    ...by('b', run.events({ xid: 990, changes: [stays('insert', 5)] })),
    ...by('b', run.events({ xid: 991, changes: [stays('delete', 1)] })),
    ...by('b', first),
    ...by('a', second),
    ...by('a', third),
  ]);
  assert.equal(verdict, 'exact');
  assert.equal(events.others.other_server, 4);
});

test('so are those that came before the first one of the run', async () => {
  const { verdict } = await judged(([first = [], second = [], third = []], run) => [
    ...by('b', run.events({ xid: 990, changes: [stays('insert', 5)] })),
    ...by('b', run.events({ xid: 991, changes: [stays('insert', 1)] })),
    ...by('a', [...first, ...second, ...third]),
  ]);
  assert.equal(verdict, 'exact');
});

test('what another connector has under the name of a transaction is no row that a trigger added', async () => {
  const { verdict, doubts } = await judged(
    ([first = [], second = [], third = []], run) => [
      ...by('b', run.events({ xid: 10, changes: [stays('insert', 5)] })),
      ...by('a', [...first, ...second, ...third]),
    ],
    factsWithTriggers({ internacoes: [beforeRow('follow')] }),
  );
  assert.deepEqual({ verdict, doubts }, { verdict: 'exact', doubts: {} });
});

test('a second connector that reads the same database is told, and which of them was judged', async () => {
  const { verdict, notes } = await judged(([first = [], second = [], third = []]) => [
    ...by('a', first),
    ...by('b', second),
    ...by('a', second),
    ...by('b', [...first, ...third]),
    ...by('a', third),
  ]);
  assert.equal(verdict, 'exact');
  const events = 4;
  assert.deepEqual(notes, [{ kind: 'several_connectors', judged: 'a', events }]);
});

test('a loss is not made up for by the copy of another connector', async () => {
  const { verdict, doubts } = await judged(([first = [], second = [], third = []]) => [
    ...by('a', first),
    ...by('b', second),
    ...by('a', third),
  ]);
  assert.equal(verdict, 'indeterminate');
  assert.deepEqual(doubts, { several_servers: 1 });
});

test('what a single connector makes up is held against it, also before anything else came', async () => {
  const { verdict, examples } = await judged(([first = [], second = [], third = []], run) => [
    ...by('a', run.events({ xid: 990, changes: [stays('insert', 5)] })),
    ...by('a', [...first, ...second, ...third]),
  ]);
  assert.equal(verdict, 'violation');
  assert.equal(examples[0]?.detail, 'never_sent');
});
