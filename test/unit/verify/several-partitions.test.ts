import assert from 'node:assert/strict';
import test from 'node:test';
import type { Change } from '../../../src/ledger/writer.js';
import type { ReceivedRow } from '../../helpers/received-row.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { scriptDocument, verifyScript } from '../../helpers/verify-script.js';
import { SmallRun, stays } from './small-run.js';

const EXAM: Change = {
  table: 'exames',
  operation: 'insert',
  rows: [[1, 7, 'sangue', '2026-01-02 10:00:00', null]],
};

const MISSING = { verdict: 'violation', details: ['transaction_missing'] };
const OPEN = { verdict: 'indeterminate', details: [] };

/** The result if the run's only exam is lost, and its worker's next transaction arrived in partition 0. */
async function withoutExam(
  others: (run: SmallRun) => ReceivedRow[],
  topics?: readonly string[],
): Promise<{ verdict: string; details: string[] }> {
  return withTempFolder(async (folder) => {
    const run = new SmallRun(folder);
    run.commit({ xid: 10, changes: [EXAM] });
    const next = run.commit({ xid: 20, changes: [stays('insert', 1)] });
    run.end();
    const script = [...others(run), ...next];
    const verification = await verifyScript(folder, script, {
      streams: 2,
      ...(topics === undefined ? {} : { topics }),
    });
    const { verdict, examples } = scriptDocument(verification);
    return { verdict, details: examples.map(({ detail }) => detail) };
  });
}

test('a change of a table that no partition has had may still arrive', async () => {
  assert.deepEqual(await withoutExam(() => []), OPEN);
});

/** Another writer's exam. */
const foreign = (partition: number) => (run: SmallRun) =>
  run
    .events({ xid: 15, changes: [{ ...EXAM, rows: [[900, ...EXAM.rows[0]!.slice(1)]] }] })
    .map((event) => ({ ...event, partition }));

test("another writer's event shows which partition has the table: past the lost change, it is missing", async () => {
  assert.deepEqual(await withoutExam(foreign(0)), MISSING);
});

test('a partition that has the table and is not past the lost change may still bring it', async () => {
  assert.deepEqual(await withoutExam(foreign(1)), OPEN);
});

test('so may an empty partition of the same topic', async () => {
  assert.deepEqual(await withoutExam(foreign(0), ['exames', 'exames']), OPEN);
  assert.deepEqual(await withoutExam(foreign(0), ['exames', 'internacoes']), MISSING);
});
