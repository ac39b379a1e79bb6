import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { writeFacts } from '../../../src/ledger/facts-file.js';
import type { HazardRecord, LedgerRecord } from '../../../src/ledger/format.js';
import { readRunHazards } from '../../../src/ledger/run-hazards.js';
import { readLedger } from '../../../src/ledger/totals.js';
import { LANGUAGES, messagesIn } from '../../../src/messages/index.js';
import { ledgerText } from '../../../src/report/ledger-text.js';
import { factsWithTriggers } from '../../helpers/facts-with-triggers.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { committed, HEADER, intent, SCHEMA, textOf } from './sample-ledger.js';

/** A transaction with hazards. */
const hazardous = (number: number, hazards: HazardRecord, lsn = '0/1A2B3C'): LedgerRecord => ({
  ...(intent(number) as LedgerRecord & { intent: number }),
  lsn,
  hazards,
});

const GID = (number: number) => `oltp-simulator/${HEADER.run}/1/1/${number}`;

const RECORDS: readonly LedgerRecord[] = [
  { ...HEADER, ledger: 4 },
  hazardous(1, {
    names: ['savepoints', 'message'],
    undone: { exames: { insert: '40+1' } },
    messages: [{ content: 'a', transactional: true }],
  }),
  committed(1),
  hazardous(2, {
    names: ['rollback', 'copy', 'message'],
    messages: [{ content: 'b', transactional: false }],
  }),
  { aborted: 2 },
  hazardous(3, { names: ['truncate'], truncated: ['exames', 'consultas'] }, '0/AA'),
  committed(3),
  hazardous(
    4,
    { names: ['ddl'], ddl: [{ change: 'add-column', table: 'exames', columns: { n: '1' } }] },
    '0/BB',
  ),
  committed(4),
  hazardous(5, { names: ['two-phase'], gid: GID(5) }),
  committed(5),
  hazardous(6, { names: ['two-phase'], gid: GID(6), rollback: true }),
  { aborted: 6 },
  hazardous(7, { names: ['two-phase'], gid: GID(7) }),
  { doubt: 7 },
  hazardous(
    8,
    { names: ['publication'], ddl: [{ change: 'unpublish', table: 'exames', publication: 'p' }] },
    '0/CC',
  ),
  committed(8),
  hazardous(9, { names: ['truncate'], truncated: ['exames'] }),
  { aborted: 9 },
];

function withLedger(records: readonly LedgerRecord[], body: (folder: string) => Promise<void>) {
  return withTempFolder(async (folder) => {
    const hazards = 'ledger' in records[0]! && records[0].ledger === 4;
    const { run, server } = HEADER;
    const shared = hazards ? { medicos: [4, 5, 6, 9] } : null;
    mkdirSync(folder, { recursive: true });
    writeFacts(SCHEMA, folder, run, server, factsWithTriggers({}), shared);
    writeFileSync(join(folder, 'worker-001-00001.ndjson'), textOf(records));
    await body(folder);
  });
}

test('hazards are counted by name, with what they did', () =>
  withLedger(RECORDS, async (folder) => {
    const { hazards, problems } = await readLedger(SCHEMA.tables, folder);
    assert.deepEqual(problems.examples, []);
    assert.deepEqual(hazards, {
      times: {
        savepoints: 1,
        message: 1,
        rollback: 1,
        truncate: 1,
        ddl: 1,
        'two-phase': 2,
        publication: 1,
      },
      undone: 2,
      messages: 2,
      truncates: { count: 1, examples: [{ lsn: '0/AA', tables: ['exames', 'consultas'] }] },
      changes: {
        count: 2,
        examples: [
          { lsn: '0/BB', change: 'add-column', table: 'exames' },
          { lsn: '0/CC', change: 'unpublish', table: 'exames', publication: 'p' },
        ],
      },
      prepared: { committed: 1, aborted: 1, undecided: [GID(7)] },
    });
  }));

test('an operator reads them in both languages', () =>
  withLedger(RECORDS, async (folder) => {
    const totals = await readLedger(SCHEMA.tables, folder);
    for (const language of LANGUAGES) {
      const text = ledgerText(messagesIn(language), HEADER.run, totals);
      for (const [name, times] of Object.entries(totals.hazards!.times)) {
        assert.match(text, new RegExp(`^  ${name} +${times}$`, 'm'));
      }
      assert.ok(text.includes('  0/AA exames, consultas\n'), text);
      assert.ok(text.includes('  0/CC unpublish exames (p)\n'), text);
      assert.ok(text.includes(`  ${GID(7)}\n`), text);
    }
  }));

test('a run with hazards has format 4, and its shared rows in the file about the database', () =>
  withLedger(RECORDS, async (folder) => {
    const hazards = await readRunHazards(SCHEMA.tables, folder);
    assert.deepEqual(hazards?.shared, new Map([['medicos', new Set([4, 5, 6, 9])]]));
    assert.deepEqual([...hazards!.truncates.tables], ['exames', 'consultas']);
  }));

test('a run without hazards has no record of any', () =>
  withLedger([HEADER, intent(1), committed(1)], async (folder) => {
    assert.equal((await readLedger(SCHEMA.tables, folder)).hazards, undefined);
    assert.equal(await readRunHazards(SCHEMA.tables, folder), null);
  }));
