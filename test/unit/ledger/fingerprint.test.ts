import assert from 'node:assert/strict';
import test from 'node:test';
import { encodeUpdates, encodeWhole, Fingerprints } from '../../../src/ledger/fingerprint.js';

test('the example of the README: an exam, and its result', () => {
  const text = encodeWhole('exames', [[7, 12, 'hemograma', '2026-01-31 08:15:00', null]]);
  assert.equal(text, 'r5NgaqnORlg=');
  const prints = new Fingerprints(text, 1);
  assert.equal(hex(prints.changing(0)), '6a6093af');
  assert.equal(hex(prints.fixed(0)), '5846cea9');
  const one = [7, 'normal'];
  assert.equal(encodeUpdates('exames', [one]), 'KcddtQ==');
  assert.equal(encodeUpdates('exames', [one, [9, 'normal']]), 'KcddtSnHXbU=');
});

function hex(print: number | null): string {
  assert.ok(print !== null);
  return (print >>> 0).toString(16).padStart(8, '0');
}
