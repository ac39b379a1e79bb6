import assert from 'node:assert/strict';
import test from 'node:test';
import { writeFacts } from '../../../src/ledger/facts-file.js';
import type { VerificationDocument } from '../../../src/verify/verdict/document.js';
import { beforeRow, factsWithTriggers } from '../../helpers/facts-with-triggers.js';
import type { ReceivedRow } from '../../helpers/received-row.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { scriptDocument, verifyScript } from '../../helpers/verify-script.js';
import { HEADER } from '../ledger/sample-ledger.js';
import { HOSPITAL_SCHEMA } from './sample-event.js';
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
    writeFacts(HOSPITAL_SCHEMA, folder, HEADER.run, HEADER.server, facts);
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

test("rows of another connector belong to another server, also if they look like the run's", async () => {
  const { verdict, events } = await judged(([first = [], second = [], third = []], run) => [
    ...by('a', first),
    // An id that the run leased, a delete of its row, a copy of its event.
    ...by('b', run.events({ xid: 990, changes: [stays('insert', 5)] })),
    ...by('b', run.events({ xid: 991, changes: [stays('delete', 1)] })),
    ...by('b', first),
    ...by('a', second),
    ...by('a', third),
  ]);
  assert.equal(verdict, 'exact');
  assert.equal(events.others.other_server, 4);
});

test('so do rows of another connector before the first one of the run', async () => {
  const { verdict } = await judged(([first = [], second = [], third = []], run) => [
    ...by('b', run.events({ xid: 990, changes: [stays('insert', 5)] })),
    ...by('b', run.events({ xid: 991, changes: [stays('insert', 1)] })),
    ...by('a', [...first, ...second, ...third]),
  ]);
  assert.equal(verdict, 'exact');
});

test("another connector's row with the xid of a transaction is not a row that a trigger added", async () => {
  const { verdict, doubts } = await judged(
    ([first = [], second = [], third = []], run) => [
      ...by('b', run.events({ xid: 10, changes: [stays('insert', 5)] })),
      ...by('a', [...first, ...second, ...third]),
    ],
    factsWithTriggers({ internacoes: [beforeRow('follow')] }),
  );
  assert.deepEqual({ verdict, doubts }, { verdict: 'exact', doubts: {} });
});

test('a second connector on the same database is noted, and which one was judged', async () => {
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

test("another connector's copy does not replace a lost change", async () => {
  const { verdict, doubts } = await judged(([first = [], second = [], third = []]) => [
    ...by('a', first),
    ...by('b', second),
    ...by('a', third),
  ]);
  assert.equal(verdict, 'indeterminate');
  assert.deepEqual(doubts, { several_servers: 1 });
});

test('a phantom of the only connector is a violation, also before any other event', async () => {
  const { verdict, examples } = await judged(([first = [], second = [], third = []], run) => [
    ...by('a', run.events({ xid: 990, changes: [stays('insert', 5)] })),
    ...by('a', [...first, ...second, ...third]),
  ]);
  assert.equal(verdict, 'violation');
  assert.equal(examples[0]?.detail, 'never_sent');
});
