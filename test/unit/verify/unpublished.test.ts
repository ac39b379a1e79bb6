import assert from 'node:assert/strict';
import test from 'node:test';
import type { DatabaseFacts, PublicationFacts } from '../../../src/database/facts.js';
import type { Sink, Source } from '../../../src/sources/source.js';
import { factsWithTriggers } from '../../helpers/facts-with-triggers.js';
import { columnsOf, type ReceivedRow } from '../../helpers/received-row.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { verifySource } from '../../helpers/verify-script.js';
import { HARD_SCHEMA } from './hard-run.js';
import { audits, causesOf, HazardRun, judge, notes, ofTable, turn } from './hazard-run.js';

const moved = (change: 'unpublish' | 'publish') => ({
  ddl: [{ change, table: 'audits', publication: 'run' }],
});
const publication = (name: string): PublicationFacts => ({
  name,
  operations: ['insert', 'update', 'delete'],
  via_root: false,
  tables: { audits: { filter: null, columns: null } },
});
const bareOne: PublicationFacts = { ...publication('bare'), tables: {} };
const factsOf = (...names: readonly string[]): DatabaseFacts => ({
  ...factsWithTriggers({}),
  publications: names.map(publication),
});
const both = (xid: number, worker = 2) => ({
  worker,
  xid,
  changes: [notes('insert', [xid]), audits(`a${xid}`)],
});

test('changes of a table are excused while it is out of its publication, and no others', async () => {
  const verdict = await judge((run) => [
    ...run.commit(both(10)),
    ...run.commit(turn(20, moved('unpublish'))),
    ...ofTable(run.commit(both(30)), 'notes'),
    ...run.commit(turn(40, moved('publish'))),
    ...run.commit(both(50)),
  ]);
  assert.deepEqual([verdict.verdict, causesOf(verdict)], ['exact', []]);
  assert.equal(verdict.accounting.excused, 1);
});

test('a change is missing before it leaves and after it has come back, and of another table in between', async () => {
  const verdict = await judge((run) => [
    ...ofTable(run.commit(both(10)), 'notes'),
    ...run.commit(turn(20, moved('unpublish'))),
    ...run.events({ worker: 2, xid: 25, changes: [] }),
    ...run.commit(turn(40, moved('publish'))),
    ...ofTable(run.commit(both(50)), 'notes'),
    ...run.commit(both(60)),
  ]);
  assert.deepEqual(causesOf(verdict), ['missing row_missing audits insert 2']);
  const other = await judge((run) => [
    ...run.commit(turn(20, moved('unpublish'))),
    ...ofTable(run.commit(both(30)), 'audits'),
    ...run.commit(turn(40, moved('publish'))),
    ...run.commit(both(50)),
  ]);
  assert.deepEqual(causesOf(other), ['missing row_missing notes insert 1']);
});

test('a table that comes back first was out of its publication from the beginning', async () => {
  const verdict = await judge((run) => [
    ...ofTable(run.commit(both(10)), 'notes'),
    ...run.commit(turn(20, moved('publish'))),
    ...run.commit(both(30)),
  ]);
  assert.deepEqual([verdict.verdict, verdict.accounting.excused], ['exact', 1]);
});

test('a passage of unknown outcome leaves a doubt', async () => {
  const verdict = await judge((run) => {
    const first = run.commit(both(10));
    run.intend(turn(20, moved('unpublish')));
    return [...first, ...ofTable(run.commit(both(30)), 'notes'), ...run.commit(both(40))];
  });
  assert.deepEqual(causesOf(verdict), []);
  assert.equal(verdict.doubts.database_changed, 1);
});

test('a change that arrives all the same is delivered, and noted', async () => {
  const verdict = await judge((run) => [
    ...run.commit(turn(20, moved('unpublish'))),
    ...run.commit(both(30)),
  ]);
  assert.deepEqual([verdict.verdict, verdict.accounting.excused], ['exact', 0]);
  assert.deepEqual(verdict.notes, [{ kind: 'unpublished_arrived', events: 1 }]);
});

test('the publications that the source reads decide', async () => {
  const verdictOf = (facts: DatabaseFacts, publications: readonly string[] | null) =>
    judge(
      (run) => [
        ...run.commit(turn(20, moved('unpublish'))),
        ...ofTable(run.commit(both(30)), 'notes'),
        ...run.commit(turn(40, moved('publish'))),
        ...run.commit(both(50)),
      ],
      { facts, publications },
    );
  const excused = await verdictOf(factsOf('run', 'other'), ['run']);
  assert.equal(excused.accounting.excused, 1);
  for (const names of [['other'], ['run', 'other']]) {
    const { accounting } = await verdictOf(factsOf('run', 'other'), names);
    assert.deepEqual([accounting.excused, accounting.missing], [0, 1]);
  }
  // That the run's publication lacked it explains nothing here.
  const facts = factsOf('run');
  const bare = { ...facts, publications: [...facts.publications, bareOne] };
  assert.equal((await verdictOf(bare, ['bare'])).accounting.missing, 1);
  // The source may read either.
  const unknown = await verdictOf(factsOf('run', 'other'), null);
  assert.deepEqual(unknown.doubts, { database_changed: 1 });
});

test('the whole ledger decides, also of transactions that were read before the publication changed', async () => {
  const verdict = await judge((run) => {
    // More than a piece of the ledger: the change is in another file, and not needed by then.
    const rest = Array.from({ length: 40 }, (_, i) => both(1_030 + i, 3));
    const first = run.commit({ worker: 2, xid: 10, changes: [notes('insert', [1])] });
    const lost = rest.map((transaction) => run.commit(transaction));
    run.commit({ ...turn(1_029, moved('unpublish')), changes: [] });
    return [...first, ...lost.flatMap((events) => ofTable(events, 'notes'))];
  });
  assert.deepEqual([verdict.verdict, verdict.accounting.excused], ['exact', 40]);
});

test('a transaction without an LSN lies between those of its worker', async () => {
  for (const isClear of [true, false]) {
    const verdict = await judge((run) => {
      const early = isClear ? [] : run.commit(both(15));
      const out = run.commit(turn(20, moved('unpublish')));
      const one = isClear ? ofTable(run.commit(both(30)), 'notes') : [];
      run.commit({ worker: 2, xid: 35, lsn: null, changes: [audits('a')] });
      const next = ofTable(run.commit(both(38)), 'notes');
      return [...early, ...out, ...one, ...next, ...run.commit(turn(40, moved('publish')))];
    });
    assert.deepEqual(causesOf(verdict), []);
    assert.equal(verdict.accounting.excused, isClear ? 3 : 1);
    assert.deepEqual(verdict.doubts, isClear ? {} : { database_changed: 1 });
  }
});

test(
  'a source that does not end is not waited for when only such changes have not arrived',
  {
    timeout: 30_000,
  },
  () =>
    withTempFolder(async (folder) => {
      const run = new HazardRun(folder);
      const events = [
        ...run.commit(turn(20, moved('unpublish'))),
        ...ofTable(run.commit(both(30)), 'notes'),
      ] as readonly ReceivedRow[];
      run.end();
      const source = new EndlessSource(events);
      const { results } = await verifySource(folder, source, { tables: HARD_SCHEMA.tables });
      assert.equal(results.accounting.sum.excused, 1);
    }),
);

/** Gives its events, and has no more until it is stopped. */
class EndlessSource implements Source {
  readonly partitions = 1;
  readonly #events: readonly ReceivedRow[];
  #stop = () => {};

  constructor(events: readonly ReceivedRow[]) {
    this.#events = events;
  }

  async run(sink: Sink): Promise<void> {
    for (const event of this.#events) sink.row(event, columnsOf(event));
    sink.idle();
    await new Promise<void>((resolve) => {
      this.#stop = resolve;
    });
  }

  stop(): void {
    this.#stop();
  }
}
