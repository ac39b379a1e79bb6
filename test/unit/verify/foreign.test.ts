import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { ledgerFile } from '../../../src/ledger/folder.js';
import { LEDGER_CHUNK_BYTES } from '../../../src/ledger/reader.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { scriptDocument, verifyScript } from '../../helpers/verify-script.js';
import { SmallRun, stays } from './small-run.js';
import { changed, withRun } from './three-transactions.js';

test("another writer's changes of columns that the run leaves alone are no contradiction", async () => {
  await withRun(async ([first = [], second = [], third = []], events, verdict) => {
    const foreign = changed(events({ xid: 15, changes: [stays('update', 1)] }), 4, 'outro');
    const after = second.with(0, { ...second[0]!, values: second[0]!.values!.with(4, 'outro') });
    const found = await verdict([...first, ...foreign, ...after, ...third]);
    assert.deepEqual(found, { verdict: 'exact', details: [] });
  });
});

test("the run's own update of such a column contradicts the row's earlier event", async () => {
  await withRun(async ([first = [], second = [], third = []], _, verdict) => {
    const found = await verdict([...first, ...changed(second, 4, 'outro'), ...third]);
    assert.deepEqual(found, {
      verdict: 'violation',
      details: ['column_changed', 'column_changed'],
    });
  });
});

test("a replay that includes another writer's inserts is legal", async () => {
  await withRun(async ([first = [], second = [], third = []], events, verdict) => {
    const foreign = events({ xid: 15, changes: [stays('insert', 900)] });
    const start = [...first, ...foreign, ...second];
    const found = await verdict([...start, ...foreign, ...second, ...third]);
    assert.deepEqual(found, { verdict: 'duplicates', details: [] });
  });
});

test('events with an xid or a leased id that the ledger has much later are not foreign', async () => {
  await withTempFolder(async (folder) => {
    const run = new SmallRun(folder);
    const events = Array.from({ length: 2_000 }, (_, i) =>
      run.commit({ xid: 100 + i, changes: [stays('insert', 1 + i)] }),
    ).flat();
    run.writer().lease('internacoes', [5_000]);
    const [number = 0] = run
      .writer()
      .intend([{ xid: '3000', lsn: null, changes: [stays('delete', 7)], subtransactions: false }]);
    run.writer().abort([number]);
    run.end();
    const early = { lsn: 10_500 } as const;
    for (const [transaction, detail] of [
      [{ ...early, xid: 2_000, changes: [stays('update', 3)] }, 'row_not_sent'],
      [{ ...early, xid: 4_000, changes: [stays('insert', 5_000)] }, 'never_sent'],
    ] as const) {
      const script = events.toSpliced(5, 0, ...run.events(transaction).map(unmarked));
      const { verdict, examples } = scriptDocument(await verifyScript(folder, script));
      assert.deepEqual([verdict, examples[0]?.detail], ['violation', detail]);
    }
    for (const transaction of [
      { ...early, xid: 4_000, changes: [stays('insert', 6_000)] },
      // A server that crashed gives the xid of a rolled back transaction out again.
      { ...early, xid: 3_000, changes: [stays('insert', 6_000)] },
    ]) {
      const script = events.toSpliced(5, 0, ...run.events(transaction));
      assert.equal(scriptDocument(await verifyScript(folder, script)).verdict, 'exact');
    }
  });
});

test('an xid that a crashed server gave out again is another writer’s, unless its row is the one rolled back', async () => {
  await withTempFolder(async (folder) => {
    const run = new SmallRun(folder);
    const first = run.commit({ xid: 10, changes: [stays('insert', 1)] });
    const [number = 0] = run
      .writer()
      .intend([{ xid: '20', lsn: null, changes: [stays('update', 1)], subtransactions: false }]);
    run.writer().abort([number]);
    const last = run.commit({ xid: 30, changes: [stays('insert', 2)] });
    run.end();
    for (const [change, verdict, details] of [
      [stays('update', 900), 'exact', []],
      [stays('insert', 900), 'exact', []],
      [stays('delete', 1), 'exact', []],
      [stays('update', 1), 'violation', ['rolled_back']],
    ] as const) {
      const reused = run.events({ xid: 20, changes: [change] });
      const document = scriptDocument(await verifyScript(folder, [...first, ...last, ...reused]));
      const found = document.examples.map(({ detail }) => detail);
      assert.deepEqual([document.verdict, found], [verdict, details], change.operation);
    }
  });
});

test('an early event with the xid of a later transaction does not hide it, also at a boundary of the reading', async () => {
  await withTempFolder(async (folder) => {
    const run = new SmallRun(folder);
    const events = Array.from({ length: 2_000 }, (_, i) =>
      run.commit({ xid: 100 + i, changes: [stays('insert', 1 + i)] }),
    ).flat();
    run.end();
    // The first transaction whose outcome the first piece of the ledger lacks.
    const text = readFileSync(ledgerFile(folder, 1, 1), 'utf8');
    const after = text.slice(text.lastIndexOf('\n', LEDGER_CHUNK_BYTES) + 1);
    const xid = Number(/"committed":.*?"xid":"(\d+)"/.exec(after)?.[1]);
    const early = run.events({ xid, lsn: 10_500, changes: [stays('update', 3)] }).map(unmarked);
    const script = events.toSpliced(5, 0, ...early);
    const { violations } = scriptDocument(await verifyScript(folder, script));
    assert.deepEqual([violations.missing, violations.phantom], [0, 1]);
  });
});

function unmarked<T extends object>(event: T): T & { watermark: null } {
  return { ...event, watermark: null };
}
