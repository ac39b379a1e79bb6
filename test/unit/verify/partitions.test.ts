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

/** What is said where the run's only exam did not come, though what its worker did next came in a partition. */
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

test('what is lost of a table that no partition had anything of may yet come in another one', async () => {
  assert.deepEqual(await withoutExam(() => []), OPEN);
});

/** An exam of another writer, in a partition. */
const foreign = (stream: number) => (run: SmallRun) =>
  run
    .events({ xid: 15, changes: [{ ...EXAM, rows: [[900, ...EXAM.rows[0]!.slice(1)]] }] })
    .map((event) => ({ ...event, stream }));

test("another writer's event shows which partition has the table, and that it is past the loss", async () => {
  assert.deepEqual(await withoutExam(foreign(0)), MISSING);
});

test('a partition that has the table and is not past the loss may yet have it', async () => {
  assert.deepEqual(await withoutExam(foreign(1)), OPEN);
});

test('so may one of the same topic that had nothing yet', async () => {
  assert.deepEqual(await withoutExam(foreign(0), ['exames', 'exames']), OPEN);
  assert.deepEqual(await withoutExam(foreign(0), ['exames', 'internacoes']), MISSING);
});
