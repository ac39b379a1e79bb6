import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { readFacts } from '../../../src/ledger/facts-file.js';
import { Fingerprints } from '../../../src/ledger/fingerprint.js';
import { ledgerFolder } from '../../../src/ledger/folder.js';
import { countKeys } from '../../../src/ledger/keys.js';
import { tablesOfLedger } from '../../../src/ledger/recorded-schema.js';
import { readLedger } from '../../../src/ledger/totals.js';
import { OPERATIONS } from '../../../src/schema/changes.js';
import { placeRun, RECORDED_RUNS } from '../../golden/runs.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { SCHEMA } from './sample-ledger.js';

/** Inserted, updated and deleted rows of the recorded runs, by the trailers of their ledgers. */
const ROWS = {
  1: { plain: [33, 19, 8], unruly: [20, 16, 4] },
  2: { plain: [33, 19, 8], unruly: [20, 14, 6] },
} as const;

for (const format of [1, 2] as const) {
  for (const name of RECORDED_RUNS) {
    test(`the ledger of the run "${name}" in format ${format} is read whole`, () =>
      withTempFolder(async (cwd) => {
        const run = placeRun(format, name, cwd);
        const folder = ledgerFolder(join(cwd, 'logs', 'runs', run));
        const { schema } = readFacts(folder);
        assert.equal(schema, null);
        const tables = tablesOfLedger(SCHEMA, schema);
        let printed = 0;
        const totals = await readLedger(tables, folder, {
          onHeader: ({ ledger }) => assert.equal(ledger, format),
          onTransaction: ({ intent: { rows, prints, digest } }) => {
            assert.equal(digest !== undefined, format === 1);
            for (const [table, lists] of Object.entries(prints ?? {})) {
              for (const [write, text] of Object.entries(lists)) {
                const count = countKeys(rows[table]![write as 'insert' | 'update']!);
                const read = new Fingerprints(tables.get(table), text, count);
                assert.equal(read.fixed(count - 1) === null, write === 'update');
                printed += count;
              }
            }
          },
        });
        assert.deepEqual(totals.problems, { count: 0, examples: [] });
        const counted = OPERATIONS.map((write) =>
          tables.names.reduce((sum, table) => sum + totals.rows[table]![write], 0),
        );
        assert.deepEqual(counted, ROWS[format][name]);
        assert.equal(printed > 0, format === 2);
      }));
  }
}
