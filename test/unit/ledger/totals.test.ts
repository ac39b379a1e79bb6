import assert from 'node:assert/strict';
import { rmSync, truncateSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { factsFile, writeFacts } from '../../../src/ledger/facts-file.js';
import { ledgerFile } from '../../../src/ledger/folder.js';
import { readLedger } from '../../../src/ledger/totals.js';
import { factsWithTriggers } from '../../helpers/facts-with-triggers.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { committed, end, HEADER, intent, SCHEMA, textOf } from './sample-ledger.js';

/** Calls `body` with the folder of a ledger that has its file about the database. */
function withLedger(body: (folder: string) => Promise<void>): Promise<void> {
  return withTempFolder(async (folder) => {
    writeFacts(SCHEMA, folder, HEADER.run, HEADER.server, factsWithTriggers({}));
    await body(folder);
  });
}

/** Writes the ledger of a worker's connection with two transactions, one committed and one open. */
async function writeFileOf(folder: string, worker: number, connection: number) {
  const header = { ...HEADER, worker, connection };
  const records = [header, intent(1), committed(1), intent(2)];
  await writeFile(ledgerFile(folder, worker, connection), textOf(records));
}

test('the files of a run add up', () =>
  withLedger(async (folder) => {
    await writeFileOf(folder, 2, 1);
    await writeFileOf(folder, 1, 2);
    await writeFileOf(folder, 1, 1);
    await writeFile(join(folder, 'notes.txt'), 'not a file of the ledger');
    const calls: string[] = [];
    const totals = await readLedger(SCHEMA.tables, folder, {
      onFile: (path) => calls.push(path.slice(-16, -7)),
      onWorkerEnd: async () => {
        calls.push('end');
      },
    });
    assert.deepEqual(calls, ['001-00001', '001-00002', 'end', '002-00001', 'end']);
    assert.deepEqual(totals.transactions, { committed: 3, aborted: 0, unknown: 0, open: 3 });
    assert.equal(totals.rows.consultas!.insert, 15);
    assert.deepEqual([totals.workers, totals.connections], [2, 3]);
    assert.deepEqual(
      [totals.started, totals.ended],
      ['2026-11-23T20:15:30.000Z', '2026-11-23T20:15:30.002Z'],
    );
    assert.deepEqual(totals.servers, [HEADER.server]);
    assert.deepEqual(totals.problems, { count: 0, examples: [] });
  }));

test('a missing or renamed file is a problem', () =>
  withLedger(async (folder) => {
    await writeFileOf(folder, 1, 2);
    const { problems } = await readLedger(SCHEMA.tables, folder);
    assert.deepEqual(problems.examples, [
      { file: ledgerFile(folder, 1, 2), line: 1, kind: 'sequence' },
    ]);
    await writeFile(ledgerFile(folder, 1, 1), textOf([{ ...HEADER, worker: 2 }, end(0)]));
    const renamed = await readLedger(SCHEMA.tables, folder);
    assert.deepEqual(renamed.problems.examples, [
      { file: ledgerFile(folder, 1, 1), line: 1, kind: 'sequence' },
    ]);
  }));

test('of many problems the first are listed, and all are counted', () =>
  withLedger(async (folder) => {
    const records = [HEADER, ...Array.from({ length: 25 }, () => ({ aborted: 9 }))];
    await writeFile(ledgerFile(folder, 1, 1), textOf(records));
    const { problems } = await readLedger(SCHEMA.tables, folder);
    assert.deepEqual([problems.count, problems.examples.length], [25, 10]);
  }));

test('the file about the database is a part of the ledger: damaged or missing, it is a problem', () =>
  withLedger(async (folder) => {
    await writeFileOf(folder, 1, 1);
    truncateSync(factsFile(folder), 20);
    const damaged = await readLedger(SCHEMA.tables, folder);
    assert.deepEqual(damaged.problems.examples, [
      { file: factsFile(folder), line: 1, kind: 'broken' },
    ]);
    rmSync(factsFile(folder));
    const { problems } = await readLedger(SCHEMA.tables, folder);
    assert.deepEqual(problems.examples, [{ file: factsFile(folder), line: 1, kind: 'sequence' }]);
  }));
