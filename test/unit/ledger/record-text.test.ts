import assert from 'node:assert/strict';
import test from 'node:test';
import type { LedgerRecord } from '../../../src/ledger/format.js';
import { recordText } from '../../../src/ledger/record-text.js';

/** Digits, and what JSON escapes in a name or in a key that is a text. */
const TEXTS = ['7', '1001+49,3', 'a "b" \\ c', 'ç\n😀', '\u2028\u0001', ''];

test('records are formatted as JSON.stringify does it', () => {
  const ats = [0, 0.001, 1234.567, 86_400_000.123, 1e21];
  const names: [string | null, string | null][] = [
    [null, null],
    ['8123456', '0/5A3B4C8'],
  ];
  const lists = ['1001+49,3', TEXTS, []];
  for (const at of ats) {
    for (const [xid, lsn] of names) {
      const records: LedgerRecord[] = [
        { committed: 7, at, xid, lsn },
        { committed: 7, at, xid, lsn, dropped: { consultas: { insert: '7' } } },
        { aborted: 7 },
        { resolved: 7, verdict: 'committed', xid },
        { intent: 7, at, xid, lsn, rows: {}, prints: {} },
        { intent: 7, at, xid, lsn, rows: { a: { delete: '7' } }, digest: '0a' },
      ];
      for (const insert of lists) {
        const rows = { 'billing."Line Items"': { insert }, ç: { update: '7', delete: insert } };
        const prints = { 'billing."Line Items"': { insert: 'aB+/0=' }, ç: { update: '' } };
        const intent = { intent: 7, at, xid, lsn, rows, prints };
        records.push(intent, { ...intent, subtransactions: true });
        records.push({ ...intent, digest: '0a' });
        records.push({ ...intent, hazards: { names: ['savepoints'], undone: rows } });
      }
      for (const record of records) {
        assert.equal(`${recordText(record)}}`, JSON.stringify(record));
      }
    }
  }
});
