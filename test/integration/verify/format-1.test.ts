import assert from 'node:assert/strict';
import test from 'node:test';
import {
  type Envelope,
  snapshotAfter,
  transactionsOf,
  withRecorded,
  withRow,
  withSource,
} from './recorded.js';

/** A run of the last version that wrote the format, without a server (test/golden/README.md). */
const FORMAT = 1;

test('with a ledger of format 1, an unchanged stream is exact', () =>
  withRecorded(FORMAT, 'plain', async ({ events, verify, run }) => {
    const { document } = await verify(events, 0);
    assert.equal(document.verdict, 'exact');
    assert.deepEqual(document.doubts, {});
    assert.equal(document.accounting.delivered, events.length);
    assert.equal(document.transactions.expected, transactionsOf(events).length);
    const shown = await run(['ledger', 'show', '--json']);
    assert.equal(shown.code, 0, shown.stderr);
    const ledger = JSON.parse(shown.stdout);
    assert.equal(ledger.transactions.committed, transactionsOf(events).length);
    assert.equal(ledger.problems.count, 0);
  }));

test('missing, altered and repeated events are found with a ledger of format 1', () =>
  withRecorded(FORMAT, 'plain', async ({ events, verify }) => {
    const middle = transactionsOf(events)[9] ?? assert.fail();
    const without = events.filter((event) => !middle.includes(event));
    const lost = await verify(without, 7);
    assert.equal(lost.document.violations.missing, middle.length);
    assert.equal(lost.document.accounting.missing, middle.length);

    const written = events.find(({ op, source }) => op === 'c' && source.table === 'consultas');
    const altered = await verify(
      events.map((event) => (event === written ? withRow(event, { motivo: 'outro' }) : event)),
      7,
    );
    // The ledger has one digest for the transaction: its first row is the example.
    assert.equal(altered.document.violations.altered, 1);
    assert.equal(altered.document.examples[0]?.xid, written?.source.txId);

    const last = transactionsOf(events).slice(-4).flat();
    const replayed = await verify([...events, ...last], 6);
    assert.equal(replayed.document.events.replayed, last.length);
    const skipping = await verify([...events, ...last.filter((_, i) => i !== 3)], 7);
    assert.ok(skipping.document.violations.duplicated > 0);
  }));

test('snapshot rows do not excuse changes of a ledger of format 1', () =>
  withRecorded(FORMAT, 'plain', async ({ events, verify }) => {
    const transactions = transactionsOf(events);
    const before = transactions.slice(0, 8).flat();
    const after = transactions.slice(8).flat();
    const lsn = (after[0] as Envelope).source.lsn - 1;
    const { document } = await verify([...snapshotAfter(before, lsn), ...after], 8);
    assert.deepEqual(document.doubts, { old_ledger: before.length });
    assert.deepEqual(
      [document.accounting.delivered, document.accounting.excused, document.accounting.doubted],
      [after.length, 0, before.length],
    );
  }));

test('with a ledger of format 1, events of another schema are a doubt', () =>
  withRecorded(FORMAT, 'plain', async ({ events, verify }) => {
    const elsewhere = events.map((event) => withSource(event, { schema: 'clinica' }));
    const { document } = await verify(elsewhere, 8);
    assert.deepEqual(document.doubts, {
      schema_unknown: events.length,
      nothing_delivered: events.length,
    });
    assert.deepEqual(document.events.others, { other_schema: events.length });
  }));

test('dropped rows and a refused COMMIT are read from a ledger of format 1', () =>
  withRecorded(FORMAT, 'unruly', async ({ events, verify, run }) => {
    const shown = JSON.parse((await run(['ledger', 'show', '--json'])).stdout);
    assert.equal(shown.transactions.aborted, 1);
    const { document } = await verify(events, 8);
    // The digest includes the dropped rows: it cannot judge the 7 events beside them.
    assert.deepEqual(document.doubts, { contents_not_told: 7 });
    assert.deepEqual(
      [document.accounting.committed, document.accounting.doubted],
      [events.length, 7],
    );
    const inserted = events.findLast(({ op }) => op === 'c') ?? assert.fail();
    // An id that the run leased and did not use.
    const invented = withRow(withSource(inserted, { txId: 999 }), { id: 990 });
    const phantom = await verify([...events, invented], 7);
    assert.deepEqual(
      phantom.document.causes.map(({ detail, events }) => [detail, events]),
      [['never_sent', 1]],
    );
  }));
