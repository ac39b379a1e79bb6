import assert from 'node:assert/strict';
import test from 'node:test';
import { LedgerFeed } from '../../../src/verify/ledger/feed.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { HARD_SCHEMA } from './hard-run.js';
import { causesOf, endOf, HazardRun, type HazardTransaction, judge, notes } from './hazard-run.js';

const PREPARED = { names: ['two-phase'], prepared: true } as const;
const insert = (xid: number, hazards: HazardTransaction['hazards'] = null) => ({
  xid,
  changes: [notes('insert', [xid])],
  hazards,
});

/** A worker prepares 20, commits 30 and 40, and then COMMITs PREPARED 20; 50 follows. The events of each. */
function prepared(run: HazardRun) {
  const first = run.commit(insert(10));
  const number = run.intend(insert(20, PREPARED));
  const between = [run.commit(insert(30)), run.commit(insert(40))];
  run.settle(insert(20), number, endOf(45));
  // Decoded at COMMIT PREPARED.
  const own = run.events(insert(20)).map((event) => ({ ...event, watermark: endOf(45) + 1 }));
  return { first, between, own, last: run.commit(insert(50)) };
}

test('a prepared transaction arrives after others that its worker began later and committed before', async () => {
  for (const isMarked of [true, false]) {
    const verdict = await judge((run) => {
      const { first, between, own, last } = prepared(run);
      const events = [...first, ...between.flat(), ...own, ...last];
      return events.map((event) => (isMarked ? event : { ...event, watermark: null }));
    });
    assert.deepEqual([verdict.verdict, causesOf(verdict)], ['exact', []]);
    assert.deepEqual(verdict.hazards, { 'two-phase': 1 });
  }
});

test('before one of them, or after the next, it is late', async () => {
  const orders = [
    (run: HazardRun) => {
      const { first, between, own, last } = prepared(run);
      return [...first, ...between[0]!, ...own, ...between[1]!, ...last];
    },
    (run: HazardRun) => {
      const { first, between, own, last } = prepared(run);
      return [...first, ...between.flat(), ...last, ...own];
    },
  ];
  const late = ['reordered transaction_late notes insert 1'];
  for (const order of orders) {
    const verdict = await judge((run) =>
      order(run).map((event) => ({ ...event, watermark: null })),
    );
    assert.deepEqual(causesOf(verdict), late);
  }
});

test('one that arrives first does not make those before it arrive', async () => {
  const verdict = await judge(
    (run) => {
      const { own, last } = prepared(run);
      return [...own, ...last];
    },
    { from: endOf(42) },
  );
  assert.deepEqual([causesOf(verdict), verdict.doubts], [[], { before_source: 3 }]);
});

test('one in doubt has no place among the others of its worker', async () => {
  for (const isLast of [true, false]) {
    const verdict = await judge((run) => {
      const number = run.intend(insert(20, PREPARED));
      const others = [run.commit(insert(30)), run.commit(insert(40))];
      run.writer().resolve(number, 'committed', '20');
      run.kill();
      const own = run.events(insert(20)).map((event) => ({ ...event, watermark: null }));
      return isLast ? [...others.flat(), ...own] : [...others[0]!, ...own, ...others[1]!];
    });
    assert.deepEqual([verdict.verdict, causesOf(verdict)], ['exact', []]);
  }
});

test('one that is rolled back must not arrive; written again, it has another xid', async () => {
  for (const isDelivered of [false, true]) {
    const hazards = { ...PREPARED, rollback: true } as const;
    const verdict = await judge((run) => {
      const changes = [notes('insert', [1])];
      const undone = run.rollBack({ xid: 20, changes, hazards });
      const own = run.commit({ xid: 30, changes });
      return isDelivered ? [...undone, ...own] : own;
    });
    assert.deepEqual(causesOf(verdict), isDelivered ? ['phantom rolled_back notes insert 1'] : []);
    assert.deepEqual(verdict.hazards, { 'two-phase': 1 });
  }
});

test('while the run goes on, an event waits for the outcome of its prepared transaction', () =>
  withTempFolder(async (folder) => {
    const run = new HazardRun(folder);
    const read: string[] = [];
    const feed = new LedgerFeed(
      HARD_SCHEMA.tables,
      folder,
      ({ xid, fate }) => read.push(`${xid} ${fate}`),
      () => undefined,
    );
    try {
      const number = run.intend(insert(20, PREPARED));
      run.commit(insert(30));
      feed.readTo(20_010, true, 20);
      assert.equal(feed.absence(20, 20_010), 'waiting');
      assert.equal(feed.absence(25, 20_010), 'foreign');
      run.settle(insert(20), number, endOf(35));
      feed.readTo(20_010, false, 20);
      assert.deepEqual(read, ['30 committed', '20 committed']);
      assert.equal(feed.absence(20, 20_010), 'foreign');
    } finally {
      feed.close();
      run.end();
    }
  }));

test('once the run is over, the outcome of a prepared transaction is found behind those of many others', () =>
  withTempFolder(async (folder) => {
    const run = new HazardRun(folder);
    const number = run.intend(insert(20, PREPARED));
    // More than a piece of the ledger.
    for (let xid = 30; xid < 1_030; xid++) run.commit(insert(xid));
    run.settle(insert(20), number, endOf(1_035));
    run.commit(insert(1_040));
    run.end();
    const read: (number | null)[] = [];
    const feed = new LedgerFeed(
      HARD_SCHEMA.tables,
      folder,
      ({ xid }) => read.push(xid),
      () => undefined,
    );
    try {
      feed.end();
      feed.readTo(endOf(30));
      assert.ok(!read.includes(20));
      feed.readTo(20_010, false, 20);
      assert.ok(read.includes(20));
    } finally {
      feed.close();
    }
  }));
