import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, truncateSync } from 'node:fs';
import test from 'node:test';
import { ledgerFile } from '../../../src/ledger/folder.js';
import type { LedgerProblem } from '../../../src/ledger/reader.js';
import { LedgerWriter } from '../../../src/ledger/writer.js';
import type { Expected } from '../../../src/verify/ledger/expected.js';
import { LedgerFeed } from '../../../src/verify/ledger/feed.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { HOSPITAL } from './sample-event.js';
import { endOf, SmallRun, stays } from './small-run.js';

/** The LSN of a transaction's first change in `SmallRun`. */
const lsnOf = (xid: number) => xid * 100;

interface Feeding {
  readonly folder: string;
  readonly run: SmallRun;
  readonly feed: LedgerFeed;
  /** `10 committed`: the transactions that were read, in order. */
  readonly read: string[];
  readonly problems: LedgerProblem[];
}

/** Lends `body` a ledger that is written and read at the same time. */
async function feeding(body: (parts: Feeding) => void): Promise<void> {
  await withTempFolder(async (folder) => {
    const read: string[] = [];
    const problems: LedgerProblem[] = [];
    const onTransaction = ({ xid, fate }: Expected) => read.push(`${xid} ${fate}`);
    const feed = new LedgerFeed(HOSPITAL, folder, onTransaction, (problem) =>
      problems.push(problem),
    );
    const run = new SmallRun(folder);
    try {
      body({ folder, run, feed, read, problems });
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
  const transaction = { xid: xid === null ? null : String(xid), lsn: null };
  const [number = 0] = writer.intend([
    { ...transaction, changes: [stays('insert', id)], subtransactions: false },
  ]);
  return number;
}

const outcome = (xid: number) => ({
  xid: String(xid),
  lsn: `0/${endOf(insert(xid)).toString(16).toUpperCase()}`,
  dropped: [],
});

test('an event waits for the outcome of an intent that may be its transaction', () =>
  feeding(({ run, feed, read }) => {
    const number = intend(run.writer(), null);
    feed.readTo(lsnOf(10), true);
    assert.equal(feed.absence(10, lsnOf(10)), 'waiting');
    run.writer().commit([{ number, ...outcome(10) }]);
    feed.readTo(lsnOf(10));
    assert.deepEqual(read, ['10 committed']);
    assert.equal(feed.absence(11, lsnOf(11)), 'foreign');
  }));

test('an intent with an xid makes no other transaction wait', () =>
  feeding(({ run, feed }) => {
    intend(run.writer(), 10);
    feed.readTo(lsnOf(10), true);
    assert.equal(feed.absence(10, lsnOf(10)), 'waiting');
    assert.equal(feed.absence(11, lsnOf(11)), 'foreign');
  }));

test("an event before a connection's last commit does not wait for its open intents", () =>
  feeding(({ run, feed }) => {
    run.commit(insert(20));
    intend(run.writer(), null);
    feed.readTo(lsnOf(30), true);
    assert.equal(feed.absence(15, lsnOf(15)), 'foreign');
    assert.equal(feed.absence(30, lsnOf(30)), 'waiting');
  }));

test('a transaction that a crash lost does not stand for earlier LSNs', () =>
  feeding(({ run, feed, read }) => {
    // It was beyond the WAL that survived: the next ones have lower LSNs.
    const [lost = 0] = run
      .writer()
      .intend([
        { xid: '90', lsn: '0/FFFFFFF', changes: [stays('insert', 90)], subtransactions: false },
      ]);
    run.writer().abort([lost]);
    run.commit(insert(10));
    feed.readTo(lsnOf(10), true);
    // The rest of the ledger was not needed so far.
    for (let xid = 20; xid <= 8_000; xid++) run.commit(insert(xid));
    feed.readTo(lsnOf(8_000), true);
    assert.deepEqual(read.slice(0, 2), ['90 aborted', '10 committed']);
    assert.equal(read.at(-1), '8000 committed');
  }));

test('new workers are found by a call that looks for them', () =>
  feeding(({ run, feed, read }) => {
    run.commit(insert(10));
    feed.readTo(lsnOf(10), true);
    run.commit(insert(20, 2));
    feed.readTo(lsnOf(20));
    assert.deepEqual(read, ['10 committed']);
    feed.readTo(lsnOf(20), true);
    assert.deepEqual(read, ['10 committed', '20 committed']);
  }));

test("reading continues with a worker's next connection", () =>
  feeding(({ run, feed, read }) => {
    run.commit(insert(10));
    feed.readTo(lsnOf(10), true);
    const next = run.writer(1, 2);
    next.commit([{ number: intend(next, 20), ...outcome(20) }]);
    feed.readTo(lsnOf(20), true);
    assert.deepEqual(read, ['10 committed', '20 committed']);
  }));

test('a late outcome in the file of an earlier connection is found', () =>
  feeding(({ folder, run, feed, read }) => {
    const number = intend(run.writer(), 10);
    run.writer().doubt([number]);
    const next = run.writer(1, 2);
    next.commit([{ number: intend(next, 20), ...outcome(20) }]);
    // The next connection's LSN is beyond the transaction in doubt.
    feed.readTo(lsnOf(20), true);
    assert.deepEqual(read, ['20 committed']);
    feed.readTo(lsnOf(10), true);
    assert.equal(feed.absence(10, lsnOf(10)), 'waiting');
    const { writer } = LedgerWriter.reopen(HOSPITAL, ledgerFile(folder, 1, 1));
    writer.resolve(number, 'committed', '10');
    writer.close();
    feed.readTo(lsnOf(10), true);
    assert.deepEqual(read, ['20 committed', '10 committed']);
    assert.equal(feed.absence(10, lsnOf(10)), 'foreign');
  }));

test('a transaction in doubt of an earlier connection is open if the run ends without its outcome', () =>
  feeding(({ run, feed, read }) => {
    run.writer().doubt([intend(run.writer(), 10)]);
    const next = run.writer(1, 2);
    next.commit([{ number: intend(next, 20), ...outcome(20) }]);
    feed.readTo(lsnOf(20), true);
    feed.end();
    feed.readTo(lsnOf(10));
    assert.deepEqual(read, ['20 committed', '10 open']);
  }));

test('when the run is over, nothing waits, and an intent without an outcome is open', () =>
  feeding(({ run, feed, read }) => {
    run.commit(insert(10));
    intend(run.writer(), 20);
    feed.readTo(lsnOf(10), true);
    assert.equal(feed.finished, false);
    feed.end();
    assert.equal(feed.absence(20, lsnOf(20)), 'foreign');
    while (feed.readOn());
    assert.deepEqual(read, ['10 committed', '20 open']);
    assert.equal(feed.finished, true);
  }));

test('the ledger is read only as far as the stream has come', () =>
  feeding(({ run, feed, read }) => {
    const count = 8_000;
    for (let xid = 1; xid <= count; xid++) run.commit(insert(xid));
    feed.end();
    for (const xid of [1, 2_000, 5_000]) {
      feed.readTo(lsnOf(xid));
      assert.ok(read.length >= xid, `${read.length} at ${xid}`);
      // A piece of the file has up to 600 transactions, and one piece is read ahead.
      assert.ok(read.length < xid + 600, `${read.length} at ${xid}`);
    }
    while (feed.readOn());
    assert.equal(read.length, count);
  }));

test('a line that is half written is read when it is whole', () =>
  feeding(({ folder, run, feed, read, problems }) => {
    run.commit(insert(10));
    const path = ledgerFile(folder, 1, 1);
    const text = readFileSync(path, 'utf8');
    truncateSync(path, text.length - 20);
    feed.readTo(lsnOf(10), true);
    assert.deepEqual(read, []);
    appendFileSync(path, text.slice(-20));
    feed.readTo(lsnOf(10), true);
    assert.deepEqual(read, ['10 committed']);
    assert.deepEqual(problems, []);
  }));

test('leased ids are known, and no others', () =>
  feeding(({ run, feed }) => {
    run.writer().lease('exames', [5, 6, 7]);
    run.writer(2).lease('exames', [9]);
    feed.readTo(0, true);
    const leased = [4, 5, 7, 8, 9].filter((id) => feed.isLeased('exames', id));
    assert.deepEqual(leased, [5, 7, 9]);
    assert.equal(feed.isLeased('consultas', 5), false);
    assert.equal(feed.isLeased('exames', '5'), false);
  }));

test('a missing file of the first connection is a problem', () =>
  feeding(({ run, feed, problems }) => {
    run.writer(1, 2);
    feed.readTo(0, true);
    assert.deepEqual(
      problems.map(({ kind }) => kind),
      ['sequence'],
    );
  }));
