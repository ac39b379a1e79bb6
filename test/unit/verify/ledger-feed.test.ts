import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, truncateSync } from 'node:fs';
import test from 'node:test';
import { ledgerFile } from '../../../src/ledger/folder.js';
import type { LedgerProblem } from '../../../src/ledger/reader.js';
import { LedgerWriter } from '../../../src/ledger/writer.js';
import type { Expected } from '../../../src/verify/ledger/expected.js';
import { LedgerFeed } from '../../../src/verify/ledger/feed.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { endOf, SmallRun, stays } from './small-run.js';

/** LSNs of `SmallRun` are a hundred times the xid; the ledger's are right behind. */
const lsnOf = (xid: number) => xid * 100;

interface Feeding {
  readonly folder: string;
  readonly run: SmallRun;
  readonly feed: LedgerFeed;
  /** `10 committed`: what was told, in order. */
  readonly told: string[];
  readonly problems: LedgerProblem[];
}

/** A ledger that is written, and read beside that. */
async function feeding(body: (parts: Feeding) => void): Promise<void> {
  await withTempFolder(async (folder) => {
    const told: string[] = [];
    const problems: LedgerProblem[] = [];
    const onTransaction = ({ xid, fate }: Expected) => told.push(`${xid} ${fate}`);
    const feed = new LedgerFeed(folder, onTransaction, (problem) => problems.push(problem));
    const run = new SmallRun(folder);
    try {
      body({ folder, run, feed, told, problems });
    } finally {
      run.close();
      feed.close();
    }
  });
}

const insert = (xid: number, worker = 1) => ({
  worker,
  xid,
  changes: [stays('insert', xid)],
});

function intend(writer: LedgerWriter, xid: number | null, id = 1): number {
  const name = { xid: xid === null ? null : String(xid), lsn: null };
  const [number = 0] = writer.intend([
    { ...name, changes: [stays('insert', id)], subtransactions: false },
  ]);
  return number;
}

const named = (xid: number) => ({
  xid: String(xid),
  lsn: `0/${endOf(insert(xid)).toString(16).toUpperCase()}`,
  dropped: [],
});

test('an event that is there before its outcome is entered waits for it', () =>
  feeding(({ run, feed, told }) => {
    const number = intend(run.writer(), null);
    feed.readTo(lsnOf(10), true);
    assert.equal(feed.absence(10, lsnOf(10)), 'waiting');
    run.writer().commit([{ number, ...named(10) }]);
    feed.readTo(lsnOf(10));
    assert.deepEqual(told, ['10 committed']);
    assert.equal(feed.absence(11, lsnOf(11)), 'foreign');
  }));

test('where the intent has its name, nobody else waits for it', () =>
  feeding(({ run, feed }) => {
    intend(run.writer(), 10);
    feed.readTo(lsnOf(10), true);
    assert.equal(feed.absence(10, lsnOf(10)), 'waiting');
    assert.equal(feed.absence(11, lsnOf(11)), 'foreign');
  }));

test('an event from before what a connection committed last waits for none of its intents', () =>
  feeding(({ run, feed }) => {
    run.commit(insert(20));
    intend(run.writer(), null);
    feed.readTo(lsnOf(30), true);
    assert.equal(feed.absence(15, lsnOf(15)), 'foreign');
    assert.equal(feed.absence(30, lsnOf(30)), 'waiting');
  }));

test('workers that begin later are found by who looks for them', () =>
  feeding(({ run, feed, told }) => {
    run.commit(insert(10));
    feed.readTo(lsnOf(10), true);
    run.commit(insert(20, 2));
    feed.readTo(lsnOf(20));
    assert.deepEqual(told, ['10 committed']);
    feed.readTo(lsnOf(20), true);
    assert.deepEqual(told, ['10 committed', '20 committed']);
  }));

test("a worker's next connection is read on with, and the one before is over", () =>
  feeding(({ run, feed, told }) => {
    run.commit(insert(10));
    feed.readTo(lsnOf(10), true);
    const next = run.writer(1, 2);
    next.commit([{ number: intend(next, 20), ...named(20) }]);
    feed.readTo(lsnOf(20), true);
    assert.deepEqual(told, ['10 committed', '20 committed']);
  }));

test('what became of a transaction of an earlier connection is found, however late it is entered', () =>
  feeding(({ folder, run, feed, told }) => {
    const number = intend(run.writer(), 10);
    run.writer().doubt([number]);
    const next = run.writer(1, 2);
    next.commit([{ number: intend(next, 20), ...named(20) }]);
    // The next connection is read beyond the transaction in doubt.
    feed.readTo(lsnOf(20), true);
    assert.deepEqual(told, ['20 committed']);
    feed.readTo(lsnOf(10), true);
    assert.equal(feed.absence(10, lsnOf(10)), 'waiting');
    const { writer } = LedgerWriter.reopen(ledgerFile(folder, 1, 1));
    writer.resolve(number, 'committed', '10');
    writer.close();
    feed.readTo(lsnOf(10), true);
    assert.deepEqual(told, ['20 committed', '10 committed']);
    assert.equal(feed.absence(10, lsnOf(10)), 'foreign');
  }));

test('and also where the run ends without it', () =>
  feeding(({ run, feed, told }) => {
    run.writer().doubt([intend(run.writer(), 10)]);
    const next = run.writer(1, 2);
    next.commit([{ number: intend(next, 20), ...named(20) }]);
    feed.readTo(lsnOf(20), true);
    feed.end();
    feed.readTo(lsnOf(10));
    assert.deepEqual(told, ['20 committed', '10 open']);
  }));

test('when the run is over, nothing waits, and what has no outcome is told as open', () =>
  feeding(({ run, feed, told }) => {
    run.commit(insert(10));
    intend(run.writer(), 20);
    feed.readTo(lsnOf(10), true);
    assert.equal(feed.finished, false);
    feed.end();
    assert.equal(feed.absence(20, lsnOf(20)), 'foreign');
    while (feed.readOn());
    assert.deepEqual(told, ['10 committed', '20 open']);
    assert.equal(feed.finished, true);
  }));

test('no more is read than the stream has come to', () =>
  feeding(({ run, feed, told }) => {
    const count = 8_000;
    for (let xid = 1; xid <= count; xid++) run.commit(insert(xid));
    feed.end();
    for (const xid of [1, 2_000, 5_000]) {
      feed.readTo(lsnOf(xid));
      assert.ok(told.length >= xid, `${told.length} at ${xid}`);
      // A piece of the file has so many, and one piece is read beyond.
      assert.ok(told.length < xid + 600, `${told.length} at ${xid}`);
    }
    while (feed.readOn());
    assert.equal(told.length, count);
  }));

test('a line that is being written is read when it is whole', () =>
  feeding(({ folder, run, feed, told, problems }) => {
    run.commit(insert(10));
    const path = ledgerFile(folder, 1, 1);
    const text = readFileSync(path, 'utf8');
    truncateSync(path, text.length - 20);
    feed.readTo(lsnOf(10), true);
    assert.deepEqual(told, []);
    appendFileSync(path, text.slice(-20));
    feed.readTo(lsnOf(10), true);
    assert.deepEqual(told, ['10 committed']);
    assert.deepEqual(problems, []);
  }));

test('ids that a worker took are known, and no others', () =>
  feeding(({ run, feed }) => {
    run.writer().lease('exames', [5, 6, 7]);
    run.writer(2).lease('exames', [9]);
    feed.readTo(0, true);
    const leased = [4, 5, 7, 8, 9].filter((id) => feed.isLeased('exames', id));
    assert.deepEqual(leased, [5, 7, 9]);
    assert.equal(feed.isLeased('consultas', 5), false);
    assert.equal(feed.isLeased('exames', '5'), false);
  }));

test('a ledger whose first connection is gone has a problem', () =>
  feeding(({ run, feed, problems }) => {
    run.writer(1, 2);
    feed.readTo(0, true);
    assert.deepEqual(
      problems.map(({ kind }) => kind),
      ['sequence'],
    );
  }));
